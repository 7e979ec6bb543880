"""`train_mlp`, the public function that trains a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..network import check_network
from ..seeds import generator_of
from .fit import Fit, fit_phases
from .options import TrainingOptions
from .phases import resolve_phase

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..network import Network
    from ..seeds import Rng


def train_mlp(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epochs: int = 100,
    batch_size: int = 32,
    lr: float = 0.1,
    momentum: float = 0.9,
    optimizer: str = "sgd",
    weight_decay: float = 0.0,
    order: ArrayLike | None = None,
    accuracies: bool = False,
    rng: Rng = 0,
    backend: str = "auto",
    short_batch: str = "mean",
    threads: int | None = None,
) -> Fit:
    """Train all parameters of a network on labelled examples.

    Parameters
    ----------
    net
        The network to start from; it is not changed.
    X : (n, sizes[0])
        Inputs; they are not scaled.
    y : (n,)
        Labels from 0 to n_classes - 1.
    epochs, batch_size
        Passes over the examples, and examples in a batch; the last batch of a pass may be shorter.
    lr, momentum, optimizer
        Learning rate, momentum of ``sgd``, and ``sgd``, ``adam`` or ``adamw``, by PyTorch's rules and defaults.
    weight_decay
        Acts on weight matrices, not on biases.
    order : (epochs, n)
        The examples in the order in which they are visited; drawn from `rng` if it is not given.
    accuracies
        Whether to keep the accuracy on the examples after epochs 1, 2, 4, 8 and so on, and after the last.
    rng
        A seed, a `SeedSequence` or a `Generator`.
    backend
        ``auto``, ``numba`` or ``numpy``.
    short_batch
        What is done with the last batch of a pass if it is shorter. ``mean``: a step like any other, as scikit-learn
        and PyTorch do, so that one example left over moves the network as far as a full batch. ``weighted``: a step
        weighted by its share of a full batch. ``drop``: nothing.
    threads
        How many threads share the training. None: as many as the process may use if an update is large enough to gain
        by it, and else one. No bit depends on it; only the backend ``numba`` has more than one.

    Raises
    ------
    InvalidInput
        If the examples do not fit the network, or an option is out of range; nothing is trained.

    Examples
    --------
    >>> from fastmlp import init_mlp
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> fit = train_mlp(init_mlp((2, 8, 2), rng=1), X, [0, 1, 1, 0], epochs=300, backend="numpy")
    >>> bool(fit.losses[-1] < 0.05), fit.parameters_trained
    (True, 42)
    """
    options = TrainingOptions(
        epochs, batch_size, lr, momentum, optimizer, weight_decay, accuracies, backend, short_batch, threads
    )
    everything = np.ones((check_network(net).layout.n_layers, 2))
    phase = resolve_phase(net, everything, options, options.epochs)
    return fit_phases(net, X, y, [phase], options, order=order, rng=generator_of(rng))

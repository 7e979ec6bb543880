"""`train_mlp`, the public function that trains a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..checks import is_real
from ..network import check_network
from ..seeds import check_rng, generator_of
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
    loss: str = "cross-entropy",
    sample_weight: ArrayLike | None = None,
    nesterov: bool = False,
    l2: float = 0.0,
    learning_rate: str = "constant",
    power_t: float = 0.5,
    held_back: ArrayLike | float = 0.0,
    patience: int | None = None,
    tol: float = 1e-4,
) -> Fit:
    """Train all parameters of a network on examples.

    Parameters
    ----------
    net
        The network to start from; it is not changed.
    X : (n, sizes[0])
        Inputs; they are not scaled.
    y : (n,) or (n, sizes[-1])
        What the loss is to fit: integer labels, or a target for each output.
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
        ``auto``, ``numba``, ``numpy`` or ``torch``.
    short_batch
        What is done with the last batch of a pass if it is shorter. ``mean``: a step like any other, as scikit-learn
        and PyTorch do, so that one example left over moves the network as far as a full batch. ``weighted``: a step
        weighted by its share of a full batch. ``drop``: nothing.
    threads
        How many threads share the training. None: as many as the process may use if an update is large enough to gain
        by it, and else one. No bit depends on it; only the backend ``numba`` has more than one.
    loss
        What `fastmlp.forward` returns is z, and the loss says of what:

        - ``cross-entropy``: softmax(z) are the probabilities of the classes; y holds labels from 0 to n_classes - 1;
        - ``binary-cross-entropy``: logistic(z) is a probability of its own for each output, so that any of several
          labels may be true; y holds numbers from 0 to 1;
        - ``squared-error``: z is the mean; half the sum of the squares over the outputs;
        - ``poisson``: exp(z) is the mean, the log link; half the deviance, summed over the outputs; y is at least 0.
    sample_weight : (n,)
        What each example counts, at least 0. The loss of a batch is sum(w * losses) / sum(w) over its examples, as in
        scikit-learn; that of an epoch is the mean of those of its batches, each by its number of examples.
    nesterov
        Whether the momentum of ``sgd`` is Nesterov's.
    l2
        Scikit-learn's `alpha`: to the loss of a batch belongs ``l2 / 2 * |weights|^2 / sum(w)``; ``Fit.penalties``
        has it.
    learning_rate, power_t
        ``constant``; ``invscaling``: divided by (examples seen in earlier epochs + 1) ** `power_t`; ``adaptive``:
        divided by 5 whenever `patience` is at its end, until it is 1e-6.
    held_back
        A share of the examples, drawn from `rng` and of each class alike, or a mask (n,) of them. They are not trained
        on. Their loss is computed after each epoch, and the parameters of the epoch where it was lowest are returned.
    patience, tol
        The training ends when more than `patience` epochs in a row have not lowered the lowest loss by `tol`: the
        loss on the examples that are held back or, if there are none, that of the training with its penalty. Without a
        patience it runs for all epochs.

    Raises
    ------
    InvalidInput
        If the examples do not fit the network or the loss, or an option is out of range; nothing is trained.
    TrainingInterrupted
        On Ctrl-C, and by a notebook's stop button; its `fit` has what whole epochs made of the network.

    Examples
    --------
    >>> from fastmlp import init_mlp
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> fit = train_mlp(init_mlp((2, 8, 2), rng=1), X, [0, 1, 1, 0], epochs=300, backend="numpy")
    >>> bool(fit.losses[-1] < 0.05), fit.parameters_trained
    (True, 42)

    Counts, by a mean that doubles with every step of x:

    >>> counts = train_mlp(init_mlp((1, 1)), [[0.0], [1.0], [2.0]], [1, 2, 4], loss="poisson", backend="numpy")
    >>> [round(float(w), 2) for w in counts.network.theta]  # the logarithms of 2 and of 1
    [0.69, 0.0]
    """
    options = TrainingOptions(
        epochs, batch_size, lr, momentum, optimizer, weight_decay, accuracies, backend, short_batch, loss, nesterov, l2,
        learning_rate, power_t, patience, tol, threads,
    )  # fmt: skip
    everything = np.ones((check_network(net).layout.n_layers, 2))
    phase = resolve_phase(net.dtype, everything, options, options.epochs)
    draws = order is None or net.drops or not is_real(held_back) or held_back
    return fit_phases(
        net,
        X,
        y,
        [phase],
        options,
        order=order,
        sample_weight=sample_weight,
        held_back=held_back,
        rng=generator_of(rng) if draws else check_rng(rng),  # to make one takes 15 us of 200
    )

"""Training: a network, examples and phases go in, a `Fit` comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from .checks import at_least_one, check_order, check_trainable
from .course import Diary, Examples, Material, run_phases
from .errors import InvalidInput
from .network import check_network, examples_for
from .phases import Optimizer, ResolvedPhase, resolve_phase
from .seeds import generator_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from .layout import Floats, Ints
    from .network import Network
    from .seeds import Rng

# Times the loss of guessing. A training that gets there has diverged, even if ReLU's dead units bring it down again.
HOPELESS = 100


@dataclass(frozen=True, eq=False)
class Fit:
    """A finished training.

    Parameters
    ----------
    network
        The trained network.
    start
        The one it began from, untouched.
    losses : (epochs,)
        Mean over each epoch of the losses seen before each update, penalties left out; fewer if a phase with patience
        came last and ended early.
    steps
        Updates made.
    seconds
        Wall time of the training itself.
    free_by_layer
        How many numbers of each layer were free to move in the phase that freed the most, the head's last.
    frozen_before, frozen_after
        Hashes of the bytes of all the others, before and after; None if there are none.
    accuracies
        Epochs and the accuracy on all examples after each, if that was asked for: see `Diary`.
    """

    network: Network
    start: Network = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    steps: int
    seconds: float
    free_by_layer: tuple[int, ...]
    frozen_before: str | None
    frozen_after: str | None
    accuracies: tuple[tuple[int, float], ...] = ()

    @property
    def parameters_trained(self) -> int:
        """How many numbers were free to move."""
        return sum(self.free_by_layer)

    @cached_property
    def diverged_epoch(self) -> int | None:
        """First epoch whose loss is no number or has risen beyond hope; None if the training did not diverge.

        What a network ends in after its loss exploded was made by the explosion, wherever the loss is by then. A loss
        that begins so high, since inputs are large, and comes down has not exploded; one that stays there has.
        """
        limit = HOPELESS * math.log(self.network.n_classes)
        if self.losses.max() <= limit and np.isfinite(self.network.theta).all():
            return None
        hopeless = self.losses > limit
        risen = hopeless & (self.losses > self.losses[0])
        diverged = np.flatnonzero(~np.isfinite(self.losses) | risen)
        if len(diverged):
            return int(diverged[0])
        return len(self.losses) - 1 if hopeless[-1] or not np.isfinite(self.network.theta).all() else None

    @property
    def diverged(self) -> bool:
        """Whether the training ended in numbers that mean nothing, or went through some."""
        return self.diverged_epoch is not None


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
) -> Fit:
    """Train all parameters of a network on labelled examples.

    Parameters
    ----------
    net
        Where to start; it is not changed.
    X : (n, sizes[0])
        Inputs, taken as they are.
    y : (n,)
        Labels from 0 to n_classes - 1.
    epochs, batch_size
        Passes over the examples, and examples in a batch; the last batch of a pass may be short.
    lr, momentum, optimizer
        Learning rate, momentum of ``sgd``, and ``sgd``, ``adam`` or ``adamw``.
    weight_decay
        Acts on weight matrices, not on biases.
    order : (epochs, n)
        The examples in the order in which they are visited; drawn from `rng` if it is not given.
    accuracies
        Whether to keep the accuracy on the examples after epochs 1, 2, 4, 8 and so on, and the last.
    rng
        A seed, a `SeedSequence` or a `Generator`.
    backend
        ``auto``, ``numba`` or ``numpy``.

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
    optimiser = Optimizer(optimizer, batch_size, momentum)
    full = np.ones((check_network(net).layout.n_layers, 2))
    phase = resolve_phase(net, at_least_one("epochs", epochs), full, lr, weight_decay)
    return fit_phases(
        net, X, y, [phase], optimiser, epochs=epochs, order=order, accuracies=accuracies, rng=rng, backend=backend
    )


def fit_phases(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    phases: Sequence[ResolvedPhase],
    optimiser: Optimizer,
    *,
    epochs: int,
    order: ArrayLike | None = None,
    held_back: NDArray[np.bool_] | None = None,
    accuracies: bool = False,
    rng: Rng = 0,
    backend: str = "auto",
) -> Fit:
    """Train a network through phases, one after the other; each begins with a fresh state of the optimiser.

    Parameters
    ----------
    net, X, y, order, rng, backend
        As in `train_mlp`.
    phases
        The phases. The last also takes the epochs that the ones before, ending early, have left.
    optimiser
        What they share.
    epochs
        Of all phases together, at the most.
    held_back : (n,)
        Marks examples that are not trained on but watched, by phases that have patience.
    accuracies
        Whether to keep a diary of the accuracy on all examples. It changes no bit of the network.

    Raises
    ------
    InvalidInput
        As in `train_mlp`.
    """
    material = prepare(net, X, y, epochs, order, held_back, rng)
    trained = net.copy()
    diary = Diary(trained, material.examples, backend, wanted=accuracies)
    start = perf_counter()
    losses, steps = run_phases(trained, net.theta, phases, optimiser, material, backend, diary)
    seconds = perf_counter() - start - diary.seconds
    moves = np.logical_or.reduce([phase.moves for phase in phases])
    frozen = np.repeat(~moves.ravel(), net.layout.lengths.ravel())  # (P,)
    return Fit(
        network=trained,
        start=net,
        losses=losses,
        steps=steps,
        seconds=seconds,
        free_by_layer=tuple(map(max, zip(*(phase.free_by_layer(net.layout) for phase in phases), strict=True))),
        frozen_before=_digest(net.theta[frozen]),
        frozen_after=_digest(trained.theta[frozen]),
        accuracies=tuple(diary.accuracies.items()),
    )


def prepare(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    epochs: int,
    order: ArrayLike | None,
    held_back: NDArray[np.bool_] | None,
    rng: Rng,
) -> Material:
    """Check what a training is given, and draw the order if there is none; it raises what `fit_phases` does."""
    x, labels = examples_for(net, X, y)
    rows = draw_order(epochs, len(x), rng) if order is None else check_order(order, epochs, len(x))
    if held_back is None:
        check_trainable(labels, net.n_classes)
        return Material(Examples(x, labels), Examples(x[:0], labels[:0]), rows)
    check_trainable(labels[~held_back], net.n_classes)
    kept = ~held_back[rows]
    visits = np.count_nonzero(kept, axis=1)
    if visits.min() != visits.max():
        raise InvalidInput(
            f"order visits {visits.min()} to {visits.max()} examples an epoch beside those that are held back; "
            "with some held back, each example must be visited once an epoch"
        )
    # The same order, without those that are held back
    return Material(Examples(x, labels), Examples(x[held_back], labels[held_back]), rows[kept].reshape(epochs, -1))


def draw_order(epochs: int, n: int, rng: Rng) -> Ints:
    """Draw the order in which n examples are visited: (epochs, n), each row a permutation."""
    rows = np.tile(np.arange(n, dtype=np.int64), (epochs, 1))
    return generator_of(rng).permuted(rows, axis=1, out=rows)


def _digest(parameters: Floats) -> str | None:
    return sha256(parameters.tobytes()).hexdigest()[:16] if parameters.size else None

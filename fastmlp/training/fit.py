"""Train a network through phases: `fit_phases`, and the `Fit` that it returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from .data import prepare
from .loop import AccuracyLog, run_phases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats
    from ..network import Network
    from ..seeds import Rng
    from .phases import Optimizer, ResolvedPhase

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
        Epochs and the accuracy on all examples after each, if that was asked for: see `AccuracyLog`.
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
        Whether to keep a log of the accuracy on all examples. It changes no bit of the network.

    Raises
    ------
    InvalidInput
        As in `train_mlp`.
    """
    data = prepare(net, X, y, epochs, order, held_back, rng)
    trained = net.copy()
    log = AccuracyLog(trained, data.examples, backend, wanted=accuracies)
    start = perf_counter()
    losses, steps = run_phases(trained, net.theta, phases, optimiser, data, backend, log)
    seconds = perf_counter() - start - log.seconds
    moves = np.logical_or.reduce([phase.trainable for phase in phases])
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
        accuracies=tuple(log.accuracies.items()),
    )


def _digest(parameters: Floats) -> str | None:
    return sha256(parameters.tobytes()).hexdigest()[:16] if parameters.size else None

"""Train a network through phases: `fit_phases`, and the `Fit` that it returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..backends.reference_losses import mean_loss
from ..errors import NotFiniteError
from ..network import Network
from ..notebook import html_table
from ..registry import LOSS_ROWS
from ..state import State
from .data import prepare_data
from .interrupt import Onlooker
from .loop import TrainingLoop
from .phases import frozen_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats, Layout
    from ..seeds import Rng
    from .after_epoch import AfterEpoch
    from .data import Examples, TrainingData
    from .options import TrainingOptions
    from .phases import ResolvedPhase

# Times the loss of guessing. A training that gets there has diverged, even if ReLU's dead units bring it down again.
HOPELESS = 100

# What a file holds of a training besides its two networks
CURVES = ("losses", "penalties", "validation_losses")
SAVED_FIELDS: dict[str, Any] = {
    "guess": float,
    "steps": int,
    "seconds": float,
    "free_by_layer": tuple[int, ...],
    "frozen_before": str | None,
    "frozen_after": str | None,
    "accuracies": tuple[tuple[int, float], ...],
    "best_epoch": int | None,
}


@dataclass(frozen=True, eq=False)
class Fit:
    """A finished training.

    Parameters
    ----------
    network
        The trained network.
    start
        The network that training started from, unchanged.
    losses : (epochs,)
        Mean over each epoch of the losses seen before each update, penalties left out. Fewer than the epochs asked for
        if the last phase or the training stopped early; none if there was no phase.
    penalties : (epochs,)
        Mean over each epoch of the L2 penalty that belonged to the loss, zero without `l2`.
    guess
        The loss of a network whose outputs are all zero, which knows nothing: log(n_classes) for `cross-entropy`. For
        targets of any size the loss of the first epoch, if that is larger.
    steps
        Updates made.
    seconds
        Wall time of the training itself.
    free_by_layer : (L,)
        Numbers of each layer that were free to move, in the phase that freed the most of it; the head's come last. Only
        phases that made an update count.
    frozen_before, frozen_after
        Hashes of the bytes of all parameters that were free in none of these phases, before and after training; None if
        there are none.
    accuracies
        Pairs of an epoch and the accuracy on all examples after it, if they were asked for: after epochs 1, 2, 4, 8 and
        so on, and after the last.
    validation_losses : (epochs,)
        Loss of the examples that were held back after each epoch; None if none were.
    best_epoch
        The epoch, from 0, whose validation loss was lowest: `network` is what it was after it. None if no examples were
        held back, or if the training diverged.
    """

    network: Network
    start: Network = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    penalties: NDArray[np.float64] = field(repr=False)
    guess: float = field(repr=False)
    steps: int
    seconds: float
    free_by_layer: tuple[int, ...]
    frozen_before: str | None
    frozen_after: str | None
    accuracies: tuple[tuple[int, float], ...] = ()
    validation_losses: NDArray[np.float64] | None = field(default=None, repr=False)
    best_epoch: int | None = None

    @property
    def parameters_trained(self) -> int:
        """How many numbers were free to move."""
        return sum(self.free_by_layer)

    def _repr_html_(self) -> str:
        ended = f"diverged in epoch {self.diverged_epoch}" if self.diverged else "finished"
        facts: dict[str, object] = {
            "network": " - ".join(map(str, self.network.sizes)),
            "epochs": len(self.losses),
            "updates": f"{self.steps:,}",
            "parameters trained": f"{self.parameters_trained:,} of {self.network.theta.size:,}",
            "loss in the first epoch": f"{self.losses[0]:.4g}" if len(self.losses) else "none",
            "loss in the last epoch": f"{self.losses[-1]:.4g}" if len(self.losses) else "none",
            "seconds": f"{self.seconds:.3g}",
        }
        return html_table(f"Training: {ended}", ("", ""), facts.items())

    @cached_property
    def diverged_epoch(self) -> int | None:
        """The epoch, from 0, in which the training diverged; None if it did not.

        That is the first epoch whose loss is not finite, or is above 100 times the loss of guessing, `guess`, and
        above the first epoch's loss. The network after such an explosion is an artefact of it, even if the loss
        comes down again. A loss that starts that high, because inputs are large, and comes down has not exploded. If it
        is still that high in the last epoch without having risen, or if only parameters are not finite, the last epoch
        is returned. Without any epoch nothing diverged.
        """
        return diverged_in(self.losses, self.guess, self.network.theta)

    @property
    def diverged(self) -> bool:
        """Whether the training diverged, so that the network means nothing."""
        return self.diverged_epoch is not None

    def to_state(self) -> State:
        """Return what a file holds of it.

        Raises
        ------
        NotFiniteError
            If the training diverged: its network is of no use.
        """
        if self.diverged:
            raise NotFiniteError(
                f"the training diverged in epoch {self.diverged_epoch}; it is of no use, and not saved"
            )
        fields = {name: getattr(self, name) for name in SAVED_FIELDS}
        arrays = {name: getattr(self, name) for name in CURVES if getattr(self, name) is not None}
        state = State({**fields, "curves": list(arrays)}, arrays)
        return state.with_part("network", self.network.to_state()).with_part("start", self.start.to_state())

    @classmethod
    def from_state(cls, state: State) -> Fit:
        """Return the training that `to_state` was asked of.

        Raises
        ------
        CheckpointError, InvalidInput
            If the state is that of no training.
        """
        fields = {name: state.field(name, kind) for name, kind in SAVED_FIELDS.items()}
        curves = state.field("curves", list[Literal["losses", "penalties", "validation_losses"]])
        found = {"losses", "penalties", *curves}
        arrays: dict[str, Any] = {name: state.array(name, (None,), "float64", finite=False) for name in found}
        network, start = (Network.from_state(state.part(name)) for name in ("network", "start"))
        return cls(network, start, **arrays, **fields)


class TrainingInterrupted(KeyboardInterrupt):
    """A training was interrupted, and `fit` has what its whole epochs made of it.

    It is a `KeyboardInterrupt`, so that a script that trains stops too.

    Parameters
    ----------
    fit
        The training so far, a `Fit` or a `BackboneFit`: its network is that of the end of the last whole epoch.
    epochs
        How many it was to have.
    """

    def __init__(self, fit: Any, epochs: int) -> None:
        self.fit = fit
        done = f"interrupted after {len(fit.losses)} of {epochs} epochs; what they made of the network is kept"
        where = "the exception's `fit`, in a notebook `sys.last_value.fit`"
        super().__init__(f"{done}: {where}. A training that starts from fit.network goes on from there")


def diverged_in(losses: NDArray[np.float64], guess: float, theta: Floats) -> int | None:
    """Return the epoch in which a training diverged, by its losses and its last parameters: see `Fit`."""
    if not len(losses):
        return None
    limit = HOPELESS * guess if guess > 0 else math.inf
    parameters_finite = bool(np.isfinite(theta).all())
    if losses.max() <= limit and parameters_finite:
        return None
    hopeless = losses > limit
    diverged = np.flatnonzero(~np.isfinite(losses) | (hopeless & (losses > losses[0])))
    if len(diverged):
        return int(diverged[0])
    return len(losses) - 1 if hopeless[-1] or not parameters_finite else None


def fit_phases(
    net: Network,
    X: ArrayLike | Examples,
    y: ArrayLike,
    phases: Sequence[ResolvedPhase],
    options: TrainingOptions,
    *,
    order: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    held_back: ArrayLike | float = 0.0,
    rng: Rng = 0,
    after_epoch: AfterEpoch | None = None,
) -> Fit:
    """Train a network through phases, one after the other; each starts with a fresh state of the optimizer.

    Parameters
    ----------
    net, order, rng
        As in `fastmlp.train_mlp`.
    X, y, sample_weight
        As in `check_examples`.
    phases
        The phases. The last one also takes the epochs that earlier ones, stopped early, left over. Without any, the
        network stays as it is.
    options
        What all phases share, and the epochs of all of them together.
    held_back : (n,)
        As in `fastmlp.train_mlp`; phases with a patience of their own watch the loss on them, and no other is best.
    after_epoch
        Called after each epoch, see `fastmlp.training.Epoch`; what it returns may end the phase or the training.

    Raises
    ------
    InvalidInput
        As in `fastmlp.train_mlp`.
    TrainingInterrupted
        On Ctrl-C.
    """
    data = prepare_data(net, X, y, options, order, sample_weight, held_back, rng)
    with Onlooker(len(data.order)) as onlooker:
        loop = TrainingLoop(net, data, options, after_epoch, onlooker)
        loop.warm_up(phases)  # before the clock starts: compiling can take a thousand times as long as the training
        start = perf_counter()
        loop.run(phases)
        seconds = perf_counter() - start - loop.log.seconds
    fit = _fit_of(loop, net, data, options, seconds)
    if onlooker.interrupted:
        raise TrainingInterrupted(fit, len(data.order))
    return fit


def _fit_of(loop: TrainingLoop, net: Network, data: TrainingData, options: TrainingOptions, seconds: float) -> Fit:
    """Return what a loop has made of a network."""
    frozen = frozen_parts(net.layout, tuple(phase.trainable.tobytes() for phase in loop.phases_run))
    before, after = (b"".join([one.theta[part].tobytes() for part in frozen]) for one in (net, loop.net))
    frozen_before = _digest(before)
    return Fit(
        network=loop.net,
        start=net,
        losses=loop.losses,
        penalties=loop.penalties,
        guess=_guess(net, data.examples, options, loop.losses),
        steps=loop.steps,
        seconds=seconds,
        free_by_layer=_free_by_layer(loop.phases_run, net.layout),
        frozen_before=frozen_before,
        frozen_after=frozen_before if after == before else _digest(after),
        accuracies=tuple(loop.log.accuracies.items()),
        validation_losses=loop.validation_losses,
        best_epoch=loop.best_epoch,
    )


def _guess(net: Network, examples: Examples, options: TrainingOptions, losses: NDArray[np.float64]) -> float:
    """Return the `guess` of a `Fit`."""
    row = LOSS_ROWS[options.loss_code]
    if row.labels:
        return math.log(net.n_classes)
    zeros = np.zeros((len(examples.x), net.sizes[-1]))
    weights = None if examples.sample_weight is None else examples.sample_weight.astype(np.float64)
    guess, _ = mean_loss(options.loss_code, zeros, examples.y.astype(np.float64), weights)
    return guess if math.isfinite(row.most) or not len(losses) else max(guess, losses[0].item())


def _free_by_layer(phases: Sequence[ResolvedPhase], layout: Layout) -> tuple[int, ...]:
    """Return the most numbers of each layer that one of the phases freed, (L,)."""
    counts = [[0] * layout.n_layers, *(phase.free_by_layer(layout) for phase in phases)]
    return tuple(map(max, zip(*counts, strict=True)))


def _digest(parameters: bytes) -> str | None:
    return sha256(parameters).hexdigest()[:16] if parameters else None

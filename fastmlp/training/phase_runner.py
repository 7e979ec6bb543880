"""One phase on one backend: the arguments of its kernel, and the calls that take it through its epochs."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..backends import StepwiseTraining, get_backend
from ..backends.watch import Watch
from ..between import between_options, first_inputs
from ..machine import threads_for
from ..network import Network, kernel_arguments, values_after
from ..registry import OPTIMIZERS
from .pieces import FLOP_PER_UPDATE, Pieces, WholeEpochs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .data import Examples
    from .interrupt import Onlooker
    from .options import TrainingOptions
    from .phases import ResolvedPhase

SLOWEST_RATE = 1e-6  # at which an adaptive rate stops the training and becomes no smaller: scikit-learn's


class Runner(Protocol):
    """What takes a network through the epochs of one phase, in place; see `PhaseRunner`."""

    losses: NDArray[np.float64]
    penalties: NDArray[np.float64]
    watch: Watch | None

    @property
    def steps(self) -> int:
        """Updates made."""

    @property
    def epochs_run(self) -> int:
        """Whole epochs that were trained."""

    @property
    def stopped(self) -> bool:
        """Whether the watch or an interrupt has stopped the phase."""

    def keep_best(self) -> int | None:
        """Go back to the parameters with the lowest loss of what is held back; return their epoch."""

    def run(self, epochs: int) -> bool:
        """Train for this many more epochs; return whether all losses were finite."""


class PhaseRunner:
    """Trains a network through the epochs of one phase.

    Parameters
    ----------
    net
        Trained in place.
    anchor : (P,)
        Parameters that pulls lead to.
    examples
        The examples.
    watched
        Rows of those of them that are not trained on, whose loss is watched.
    phase
        The phase.
    order : (epochs, n)
        The examples in the order in which they are visited, for each epoch of the phase.
    options
        Say which backend computes, which loss, with which optimizer and batch size, and all else that a step knows.
    keys : (L, 2)
        Of the masks of dropout, None if there is none. What lies below the first layer that moves is computed as in a
        prediction.
    onlooker
        Who may interrupt it, between two calls of the backend.

    Attributes
    ----------
    losses, penalties : (epochs,)
        What the backend writes.
    watch
        What may stop the phase; None for a phase that runs all its epochs, or that has a patience of its own.
    """

    def __init__(
        self,
        net: Network,
        anchor: Floats,
        examples: Examples,
        watched: Ints,
        phase: ResolvedPhase,
        order: Ints,
        options: TrainingOptions,
        keys: Ints | None = None,
        *,
        onlooker: Onlooker | None = None,
    ) -> None:
        self._onlooker = onlooker
        self.losses, self.penalties = np.zeros(len(order)), np.zeros(len(order))
        self.watch: Watch | None = None
        backend = get_backend(options.backend)
        # The features below the first layer that moves do not change: computed once, they become the inputs.
        depth = phase.lowest
        theta, sizes, activation = kernel_arguments(net)
        above = slice(net.layout.starts[depth], None)
        x = values_after(net, examples.x, depth, options.backend, options.threads) if depth else examples.x
        x = first_inputs(net, x, depth, keys)
        batch_size = min(options.batch_size, order.shape[1])
        if options.short_batch == "drop":
            order = np.ascontiguousarray(order[:, : order.shape[1] // batch_size * batch_size])
        optimizer = OPTIMIZERS.index(options.optimizer)
        theta, anchor, sizes = theta[above], anchor[above], sizes[depth:]
        if phase.patience is None and (options.patience is not None or len(watched)):
            self.watch = watch_for(options, watched, theta, len(order))
        self._theta = theta
        rates, decays, pulls = phase.rates[depth:], phase.decays[depth:], phase.pulls[depth:]
        self._steps_per_epoch = math.ceil(order.shape[1] / batch_size)
        flop = FLOP_PER_UPDATE * theta.size * batch_size
        restore = partial(np.copyto, theta)
        whole = None if onlooker is None else WholeEpochs(onlooker, theta.copy, restore, self._steps_per_epoch)
        self._pieces = Pieces(flop, self.watch, whole)
        visits = x, examples.y, order, batch_size
        steps: dict[str, Any] = {
            "weighted": options.short_batch == "weighted",
            "loss": options.loss_code,
            "sample_weight": examples.sample_weight,
            "nesterov": options.nesterov,
            **between_options(net, depth, options.backend, keys),
        }
        if phase.adapters is None:
            steps |= {
                "paces": paces_for(options, order),
                "penalties": self.penalties if options.l2 else None,
                "watch": self.watch,
            }
            threads = options.threads or threads_for(flop, self._steps_per_epoch * len(order))
            self._training = backend.start_training(
                theta, sizes, activation, optimizer, *visits, rates, decays, pulls, anchor, options.momentum,
                self.losses, threads=threads, **steps,
            )  # fmt: skip
        else:
            head = theta[net.layout.above(depth).starts[len(sizes) - 2] :]
            factors = np.concatenate([*phase.adapters.factors[depth:], head])
            moments = np.zeros((2, factors.size), factors.dtype)
            self._training = StepwiseTraining(
                partial(
                    backend.train_lora, theta, factors, moments, sizes, activation, optimizer, *visits,
                    phase.adapters.rank, 1.0, rates, decays, theta.copy(), options.momentum, self.losses,
                    **steps,
                )
            )  # fmt: skip

    @property
    def steps(self) -> int:
        """Updates made."""
        return self._pieces.steps

    @property
    def epochs_run(self) -> int:
        """Whole epochs that were trained."""
        return int(self.steps // self._steps_per_epoch)

    @property
    def stopped(self) -> bool:
        """Whether the watch or an interrupt has stopped the phase."""
        interrupted = self._onlooker is not None and self._onlooker.interrupted
        return interrupted or (self.watch is not None and self.watch.stopped)

    def keep_best(self) -> int | None:
        """Go back to the parameters with the lowest loss of the examples that are held back; return their epoch.

        None is returned, and nothing changed, if nothing was watched or no epoch had a loss that is a number.
        """
        if self.watch is None or self.watch.lowest_epoch < 0:
            return None
        self._theta[:] = self.watch.best
        return self.watch.lowest_epoch

    def run(self, epochs: int) -> bool:
        """Train for this many more epochs, or until the watch stops; return whether all losses were finite."""
        return self._pieces.run(self._training, self.steps + epochs * self._steps_per_epoch)


def watch_for(options: TrainingOptions, held_back: Ints, theta: Floats, epochs: int) -> Watch:
    """Return the watch over a phase, as the options say."""
    return Watch(
        held_back,
        np.empty(epochs),
        theta.copy(),
        tolerance=options.tol,
        patience=math.inf if options.patience is None else options.patience,
        slowest=SLOWEST_RATE / options.lr if options.learning_rate == "adaptive" else math.inf,
    )


def paces_for(options: TrainingOptions, order: Ints) -> NDArray[np.float64] | None:
    """Return what learning rates are multiplied by in each epoch, if that is known beforehand and is not one."""
    if options.learning_rate != "invscaling":
        return None
    epochs, n = order.shape
    paces: NDArray[np.float64] = (n * np.arange(epochs) + 1.0) ** -options.power_t
    return paces

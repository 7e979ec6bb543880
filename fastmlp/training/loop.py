"""The training loop: phases one after the other, early stopping, and the accuracy log."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from weakref import proxy

import numpy as np

from ..backends import get_backend
from ..backends.reference_losses import two_logits
from ..between import between_options, draw_keys
from ..measures import log_loss
from ..network import Network, likeliest, softmax, values_after
from .accuracy_log import AccuracyLog
from .after_epoch import Epoch, Stop
from .phase_runner import PhaseRunner, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .after_epoch import AfterEpoch
    from .data import TrainingData
    from .interrupt import Onlooker
    from .options import TrainingOptions
    from .phases import ResolvedPhase

    GoesOn = Callable[[Runner, int], bool]  # is told of an epoch of the phase, counted from 1


class TrainingLoop:
    """Trains a copy of a network through phases.

    Parameters
    ----------
    start
        The network to start from, which is not changed; pulls lead to it.
    data
        The examples and the order in which they are visited.
    options
        What all phases share.
    after_epoch
        If given, it is called after each epoch, and may end the phase or the training.
    onlooker
        Who may interrupt the training, and is told how far it is.

    Attributes
    ----------
    net
        The trained network.
    losses : (epochs,)
        Mean loss of each epoch. NaN after the epoch in which a training diverged; fewer if the last phase ended early.
    steps
        Updates made.
    phases_run
        The phases that made at least one update.
    penalties : (epochs,)
        Mean L2 penalty of each epoch, as `losses`.
    validation_losses : (epochs,)
        Loss of the examples that are held back after each epoch; None if there are none, or no phase was watched.
    best_epoch
        The epoch, from 0, whose parameters are those of `net`, because its validation loss was lowest; None if all
        epochs count.
    log
        The accuracies.
    """

    def __init__(
        self,
        start: Network,
        data: TrainingData,
        options: TrainingOptions,
        after_epoch: AfterEpoch | None = None,
        onlooker: Onlooker | None = None,
    ) -> None:
        self._onlooker = onlooker
        self.net = start.copy()
        self.losses = np.full(len(data.order), np.nan)
        self.penalties = np.zeros(len(data.order))
        self.validation_losses: NDArray[np.float64] | None = None
        self.best_epoch: int | None = None
        self.steps = 0
        self.phases_run: list[ResolvedPhase] = []
        # A log that held the loop would keep the arrays of each training until the cycle is collected, and the next one
        # would begin with memory that no cache holds
        self.log = AccuracyLog(proxy(self), data.examples.y, wanted=options.accuracies)
        self._start, self._data, self._options = start, data, options
        self._epochs_run = 0
        self._after_epoch = after_epoch
        self._stop: Stop | None = None

    def run(self, phases: Sequence[ResolvedPhase]) -> None:
        """Train through the phases. The last one also takes the epochs that earlier ones, stopped early, left over."""
        own_patience = any(phase.patience is not None for phase in phases)  # for which examples are held back, then
        watched = self._data.held_back[:0] if own_patience else self._data.held_back
        for phase in phases:
            before, planned = self._epochs_run, None if phase is phases[-1] else self._epochs_run + phase.epochs
            order = self._data.order[before:planned]
            if not len(order):  # earlier phases took all epochs
                continue
            if self._onlooker is not None:
                self._onlooker.before = before
            runner = self.runner_of(phase, watched, order)
            self._epochs_run += self._run_phase(runner, phase)
            for ours, theirs in ((self.losses, runner.losses), (self.penalties, runner.penalties)):
                ours[before : self._epochs_run] = theirs[: self._epochs_run - before]
            self.steps += runner.steps
            if runner.steps:
                self.phases_run.append(phase)
            if not np.isfinite(self.losses[: self._epochs_run]).all():
                return  # diverged: later phases are not run
            if self._stop is Stop.TRAINING or (self._onlooker is not None and self._onlooker.interrupted):
                break
        if phases:
            self.log.record(self._epochs_run, is_last=True)
        self.losses, self.penalties = self.losses[: self._epochs_run], self.penalties[: self._epochs_run]
        if phases and runner.watch is not None and len(watched):
            self.validation_losses = runner.watch.losses[: self._epochs_run]
            self.best_epoch = runner.keep_best()

    def runner_of(self, phase: ResolvedPhase, watched: Ints, order: Ints) -> Runner:
        """Return what takes the network through the epochs of a phase."""
        keys, start = draw_keys(self.net, self._data.masks), self._start.theta
        examples, options, onlooker = self._data.examples, self._options, self._onlooker
        return PhaseRunner(self.net, start, examples, watched, phase, order, options, keys, onlooker=onlooker)

    @property
    def shown(self) -> Any:
        """The network that is trained, as those see it who are told of epochs."""
        return self.net

    def predictions(self) -> Ints:
        """Return the likeliest class of each example, (n,)."""
        return likeliest(self._logits_of(self._data.examples.x))

    def probabilities(self, rows: Ints) -> NDArray[np.float64]:
        """Return the probability of each class, (n, classes), for some of the examples."""
        return softmax(two_logits(self._logits_of(self._data.examples.x[rows])))

    def _logits_of(self, x: Floats) -> Floats:
        """Return the logits for inputs that are checked already."""
        return values_after(self.net, x, self.net.layout.n_layers, self._options.backend, self._options.threads)

    def warm_up(self, phases: Sequence[ResolvedPhase]) -> None:
        """Let the backend compile what these phases need, unless it has been compiled already."""
        backend = self._options.backend
        keys = np.zeros((self.net.layout.n_layers, 2), np.int64) if self.net.drops else None  # any will do
        functions = {
            ("train_lora" if phase.adapters else "train")
            + ("_between" if between_options(self.net, phase.lowest, backend, keys) else "")
            for phase in phases
        }
        if self._options.accuracies or any(
            phase.patience is not None or not phase.trainable[0].any() for phase in phases
        ):
            functions.add("forward")
        get_backend(backend).warm_up(self.net.dtype, *sorted(functions))

    def _run_phase(self, runner: Runner, phase: ResolvedPhase) -> int:
        """Run one phase; return how many epochs it took."""
        goes_on = self._asking(self._after_epoch) if self._after_epoch else None
        if phase.patience is None:
            return run_all_epochs(runner, self.log, self._epochs_run, goes_on)
        return run_with_early_stopping(
            runner, self.log, self._epochs_run, phase.patience, self._held_back_loss, goes_on
        )

    def _asking(self, after_epoch: AfterEpoch) -> GoesOn:
        """Return what tells of each epoch of a phase, and whether the phase goes on."""
        before = self._epochs_run

        def goes_on(runner: Runner, epoch: int) -> bool:
            self._stop = after_epoch(Epoch(before + epoch, float(runner.losses[epoch - 1]), self.shown))
            return self._stop is None

        return goes_on

    def _held_back_loss(self) -> float:
        """Return the loss on the held-back examples; infinity if there were too few labels to hold any back."""
        rows, examples = self._data.held_back, self._data.examples
        if not len(rows):
            return math.inf
        weights = None if examples.sample_weight is None else examples.sample_weight[rows]
        return log_loss(self.probabilities(rows), examples.y[rows], weights)


def run_all_epochs(runner: Runner, log: AccuracyLog, before: int, goes_on: GoesOn | None = None) -> int:
    """Train for all epochs of a phase; return how many they are, fewer if its watch or `goes_on` stops it.

    Parameters
    ----------
    runner
        Runs the phase. It stops after every epoch whose accuracy is due.
    log
        Records the accuracies.
    before
        Epochs of earlier phases; the log counts on from them.
    goes_on
        Asked after each epoch.
    """
    epochs = len(runner.losses)
    done = 0
    for stop in (*(epoch for epoch in range(1, epochs) if goes_on or log.is_due(before + epoch)), epochs):
        if not runner.run(stop - done):
            break
        if runner.stopped:
            return runner.epochs_run
        log.record(before + stop)
        done = stop
        if goes_on and not goes_on(runner, stop):
            return stop
    return epochs


def run_with_early_stopping(
    runner: Runner,
    log: AccuracyLog,
    before: int,
    patience: int,
    held_back_loss: Callable[[], float],
    goes_on: GoesOn | None = None,
) -> int:
    """Train epoch by epoch until the held-back loss stops improving; return how many epochs that took.

    Parameters
    ----------
    runner, log, before, goes_on
        As in `run_all_epochs`.
    patience
        Stop after this many epochs without a better loss. If no example could be held back, no loss is better than
        another, and the phase takes as many epochs as its patience.
    held_back_loss
        Returns the loss of the network, as it is then, on the held-back examples.
    """
    best, best_epoch = math.inf, 0
    epochs = len(runner.losses)
    for epoch in range(1, epochs + 1):
        if not runner.run(1):
            return epochs  # diverged: the losses are NaN from here to the end
        if runner.stopped:
            return runner.epochs_run
        log.record(before + epoch)
        if goes_on and not goes_on(runner, epoch):
            return epoch
        loss = held_back_loss()
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch >= patience:
            return epoch
    return epochs

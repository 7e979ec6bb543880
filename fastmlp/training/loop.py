"""How a backend is led through the phases of a training, and what is written down on the way."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import get_backend
from ..layout import OPTIMIZERS
from ..measures import log_loss
from ..network import Network, kernel_arguments, predict, predict_proba

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..backends import Backend
    from ..layout import Floats, Ints
    from .data import Examples, TrainingData
    from .phases import Optimizer, ResolvedPhase

# Compiled code does not hear Ctrl-C, so a long training is several calls; each carries the state of the one before and
# the bits do not change. At 5 GFLOP/s, or 10 microseconds a step, slower than any machine seen, the first lasts 200 ms.
# Those after it are as long as it takes, by the one before, to fill half of that: a call costs what many steps do.
FLOP_PER_CALL, STEPS_PER_CALL, SECONDS_PER_CALL = 1e9, 20_000, 0.1


class AccuracyLog:
    """The accuracy on the training examples after epochs 1, 2, 4, 8 and so on, and the last: thinned, as changes are.

    Parameters
    ----------
    net
        Asked while it is trained.
    examples
        All of them, those that are held back too.
    backend
        Who computes.
    wanted
        Whether anything is written.
    """

    def __init__(self, net: Network, examples: Examples, backend: str, *, wanted: bool) -> None:
        self.net, self.examples, self.backend, self.wanted = net, examples, backend, wanted
        self.accuracies: dict[int, float] = {}
        self.seconds = 0.0  # not the training's

    def is_due(self, epoch: int) -> bool:
        """Whether an epoch, from 1, is one of those; the last is not known yet."""
        return self.wanted and epoch.bit_count() == 1

    def write(self, epoch: int, *, is_last: bool = False) -> None:
        """Write down the accuracy, if it is due and not there."""
        if epoch in self.accuracies or not (self.is_due(epoch) or (is_last and self.wanted)):
            return
        start = perf_counter()
        guessed = predict(self.net, self.examples.x, backend=self.backend)
        self.accuracies[epoch] = float((guessed == self.examples.y).mean())
        self.seconds += perf_counter() - start


def run_phases(
    net: Network,
    anchor: Floats,
    phases: Sequence[ResolvedPhase],
    optimiser: Optimizer,
    data: TrainingData,
    backend: str,
    log: AccuracyLog,
) -> tuple[NDArray[np.float64], int]:
    """Train a network, in place, through one phase after the other.

    Parameters
    ----------
    net
        Trained in place.
    anchor : (P,)
        Where pulls lead.
    phases, optimiser, data, backend
        What is to be done, with what, and who computes.
    log
        Is shown the network after every epoch that it wants to see.

    Returns
    -------
    losses : of each epoch, (epochs,); NaN where a training that diverged did not get to, fewer if the last phase ended
        early.
    steps : updates made.
    """
    losses = np.full(len(data.order), np.nan)
    steps, epoch = 0, 0
    for number, phase in enumerate(phases, 1):
        order = data.order[epoch : epoch + phase.epochs] if number < len(phases) else data.order[epoch:]
        runner = PhaseRunner(get_backend(backend), optimiser, net, anchor, data.examples, phase, order)
        if phase.patience is None:
            done = run_all_epochs(runner, epoch, log)
        else:
            done = run_with_early_stopping(runner, net, data.watched, phase.patience, backend, epoch, log)
        losses[epoch : epoch + done] = runner.losses[:done]
        steps, epoch = steps + runner.steps, epoch + done
        if not np.isfinite(losses[:epoch]).all():
            return losses, steps  # diverged: later phases are not run
    log.write(epoch, is_last=True)
    return losses[:epoch], steps


class PhaseRunner:
    """A phase on its way through its epochs.

    Parameters
    ----------
    backend, optimiser
        Who computes, and by which rule.
    net
        Trained in place.
    anchor : (P,)
        Where pulls lead.
    examples
        What is trained on.
    phase
        The phase.
    order : (epochs, n)
        The examples in the order in which they are visited.
    """

    def __init__(
        self,
        backend: Backend,
        optimiser: Optimizer,
        net: Network,
        anchor: Floats,
        examples: Examples,
        phase: ResolvedPhase,
        order: Ints,
    ) -> None:
        # The features below the first layer that moves do not change: computed once, they become the inputs.
        moving = np.flatnonzero(phase.trainable) // 2  # layers
        depth = int(moving[0]) if len(moving) else net.layout.n_layers - 1
        theta, sizes, activation = kernel_arguments(net)
        above = slice(net.layout.starts[depth], None)
        x = backend.features(theta, sizes, activation, examples.x, depth) if depth else examples.x
        batch_size = min(optimiser.batch_size, order.shape[1])
        code, momentum = OPTIMIZERS.index(optimiser.name), float(optimiser.momentum)
        theta, anchor, sizes = theta[above], anchor[above], sizes[depth:]
        rates, decays, pulls = phase.rates[depth:], phase.decays[depth:], phase.pulls[depth:]
        self.losses = np.zeros(len(order))
        self.steps = 0
        self._steps_an_epoch = math.ceil(order.shape[1] / batch_size)
        self._steps_a_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / (6 * theta.size * batch_size))))
        visits = x, examples.y, order, batch_size
        if phase.adapters is None:
            self._train = backend.train
            self._arguments: tuple[Any, ...] = (
                theta, _rest(theta), sizes, activation, code, *visits, rates, decays, pulls, anchor, momentum,
                self.losses,
            )  # fmt: skip
        else:
            head = theta[net.layout.above(depth).starts[len(sizes) - 2] :]
            factors = np.concatenate([*phase.adapters.factors[depth:], head])
            self._train = backend.train_lora
            self._arguments = (
                theta, factors, _rest(factors), sizes, activation, code, *visits, phase.adapters.rank, 1.0, rates,
                decays, theta.copy(), momentum, self.losses,
            )  # fmt: skip

    def run(self, epochs: int) -> bool:
        """Train for so many epochs more; return whether all losses were finite."""
        last = self.steps + epochs * self._steps_an_epoch
        while self.steps < last:
            first, start = self.steps, perf_counter()
            target = min(first + self._steps_a_call, last)
            self.steps = self._train(*self._arguments, first, target)
            if self.steps < target:
                return False
            if target < last:
                self._steps_a_call = max(1, int((target - first) * SECONDS_PER_CALL / (perf_counter() - start)))
        return True


def _rest(parameters: Floats) -> Floats:
    """Moments of parameters that have not moved yet, (2, P)."""
    return np.zeros((2, parameters.size), parameters.dtype)


def run_all_epochs(runner: PhaseRunner, before: int, log: AccuracyLog) -> int:
    """Train for all of a phase's epochs, with a stop wherever the log is due; return how many they are."""
    epochs = len(runner.losses)
    at = 0
    for stop in (*(e for e in range(1, epochs) if log.is_due(before + e)), epochs):
        if not runner.run(stop - at):
            break
        log.write(before + stop)
        at = stop
    return epochs


def run_with_early_stopping(
    runner: PhaseRunner,
    net: Network,
    watched: Examples,
    patience: int,
    backend: str,
    before: int,
    log: AccuracyLog,
) -> int:
    """Train epoch by epoch while the loss on examples that are not trained on improves; return the epochs it took.

    The log counts on from the epochs `before`. With so few labels that none could be held back, nothing is seen to
    improve: it takes as many as its patience.
    """
    best, best_epoch = math.inf, 0
    epochs = len(runner.losses)
    for epoch in range(1, epochs + 1):
        if not runner.run(1):
            return epochs  # diverged: the losses say so to their end
        log.write(before + epoch)
        loss = log_loss(predict_proba(net, watched.x, backend=backend), watched.y) if len(watched.y) else math.inf
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch >= patience:
            return epoch
    return epochs

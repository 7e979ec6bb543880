"""Calls of a backend that are short enough for Ctrl-C to be heard."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..backends import RunningTraining
    from ..backends.watch import Watch
    from .interrupt import Onlooker

# Compiled code cannot be interrupted, so a long training is split into several calls. Each continues from the state of
# the call before it, and no bit changes. At 5 GFLOP/s, or 10 microseconds per step, which is slower than any machine
# seen, the first call takes 200 ms. Later calls are sized by the speed of the one before, to take half as long: a call
# has a cost of its own, as large as that of many steps.
FLOP_PER_CALL, STEPS_PER_CALL, SECONDS_PER_CALL = 1e9, 20_000, 0.1
FLOP_PER_UPDATE = 6  # of a parameter and an example: a product and a sum, forward, backward and for the gradient


class Pieces:
    """Runs updates of a training in pieces.

    Parameters
    ----------
    flop
        Floating-point operations of an update.
    watch
        What may stop the training.
    by_epoch
        Where an interrupt goes back to, if there may be one; the network is then wanted at the end of each piece.

    Attributes
    ----------
    steps
        Updates made.
    """

    def __init__(self, flop: float, watch: Watch | None = None, by_epoch: WholeEpochs | None = None) -> None:
        self.steps: int = 0
        self._watch, self._by_epoch = watch, by_epoch
        self._per_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / flop)))

    def run(self, training: RunningTraining, last: int, *, ends: bool = True) -> bool:
        """Make the updates before `last`, or until the watch or an interrupt stops; return whether losses were finite.

        Parameters
        ----------
        ends
            Whether the network is wanted after the last of them.
        """
        whole = self._by_epoch
        while self.steps < last:
            if whole is not None and whole.onlooker.interrupted:
                self.steps = whole.back(training, self.steps)
                return True
            first, start = self.steps, perf_counter()
            target = min(first + self._per_call, last)
            target = target if whole is None else whole.end_of_piece(training, first, target)
            wanted = ends and (target == last or (whole is not None and whole.ends(target)))
            self.steps = training.run(first, target, ends=wanted)
            if self._watch is not None and self._watch.stopped:
                return True
            if self.steps < target:
                return False
            if whole is not None:
                whole.onlooker.see(whole.epochs(target), goes_on=target < last)
            if target < last:
                self._per_call = max(1, int((target - first) * SECONDS_PER_CALL / (perf_counter() - start)))
        return True


class WholeEpochs:
    """Ends pieces where epochs end, and keeps what a network was at the end of an epoch that takes several pieces.

    Parameters
    ----------
    onlooker
        Says whether the training is interrupted, and is told how far it is.
    keep, restore
        Return a copy of all that the training changes, in place; and bring that back.
    steps
        Updates of an epoch.
    """

    def __init__(
        self, onlooker: Onlooker, keep: Callable[[], Any], restore: Callable[[Any], object], steps: int
    ) -> None:
        self.onlooker = onlooker
        self._keep, self._restore, self._steps = keep, restore, steps
        self._kept: tuple[int, Any] = 0, None

    def end_of_piece(self, training: RunningTraining, first: int, target: int) -> int:
        """Return where a piece ends that may go from `first` to `target`: with an epoch, if one ends there."""
        boundary = target // self._steps * self._steps
        if boundary > first:
            return boundary
        if self.ends(first):  # an epoch of several pieces begins, and an interrupt goes back here
            self._kept = first, self._keep() if training.is_in_place else None
        return target

    def ends(self, target: int) -> bool:
        """Whether an epoch ends with a piece."""
        return target % self._steps == 0

    def epochs(self, target: int) -> int:
        """Return how many whole epochs that many updates are."""
        return target // self._steps

    def back(self, training: RunningTraining, steps: int) -> int:
        """Bring the network to the end of the last whole epoch; return the updates it has had then."""
        if self.ends(steps):
            return steps
        at, kept = self._kept
        kept = kept if training.is_in_place else self._keep()  # which the pieces since have left alone
        training.run(steps, steps)  # or a later copy of what the network has become would undo this one
        self._restore(kept)
        return at

"""Calls of a backend that are short enough for Ctrl-C to be heard."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..backends import RunningTraining
    from ..backends.watch import Watch

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

    Attributes
    ----------
    steps
        Updates made.
    """

    def __init__(self, flop: float, watch: Watch | None = None) -> None:
        self.steps: int = 0
        self._watch = watch
        self._per_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / flop)))

    def run(self, training: RunningTraining, last: int, *, ends: bool = True) -> bool:
        """Make the updates before `last`, or until the watch stops; return whether all losses were finite.

        Parameters
        ----------
        ends
            Whether the network is wanted after the last of them.
        """
        while self.steps < last:
            first, start = self.steps, perf_counter()
            target = min(first + self._per_call, last)
            self.steps = training.run(first, target, ends=ends and target == last)
            if self._watch is not None and self._watch.stopped:
                return True
            if self.steps < target:
                return False
            if target < last:
                self._per_call = max(1, int((target - first) * SECONDS_PER_CALL / (perf_counter() - start)))
        return True

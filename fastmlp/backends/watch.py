"""What an epoch's loss decides: whether a training goes on, how fast, and which of its parameters are the best.

The rules are those of scikit-learn's `MLPClassifier`. They are plain Python on an array of numbers, so that kernels
compile the same lines that the reference runs: there is one text of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints

# Places in `Watch.state`: what was asked for, then what has become of it
TOLERANCE, PATIENCE, SLOWEST, LOWEST, LOWEST_EPOCH, WAITED, PACE, STOPPED = range(8)
SLOWER = 0.2  # what the pace is multiplied by where patience is at its end


def judge(state: NDArray[np.float64], epoch: int, loss: float) -> bool:
    """Take note of an epoch's loss, and return whether it is the lowest so far.

    An epoch that is not lower by the tolerance is waited for. When more of them than patience allows have followed each
    other, the training becomes slower, or stops if it is at its slowest. A NaN is never lower.

    Parameters
    ----------
    state
        A `Watch`'s, changed in place.
    epoch
        From 0.
    loss
        Of the held-back examples, or the training's own.
    """
    lower = loss < state[LOWEST]
    state[WAITED] = 0.0 if loss <= state[LOWEST] - state[TOLERANCE] else state[WAITED] + 1
    if lower:
        state[LOWEST], state[LOWEST_EPOCH] = loss, epoch
    if state[WAITED] > state[PATIENCE]:
        if state[PACE] > state[SLOWEST]:
            state[PACE] *= SLOWER
            state[WAITED] = 0.0
        else:
            state[STOPPED] = 1.0
    return lower


@dataclass(frozen=True, eq=False)
class Watch:
    """A training that is watched, epoch by epoch. Its arrays are changed in place while it runs.

    Parameters
    ----------
    held_back : (m,)
        Rows of x that are not trained on, whose loss is watched; if there are none, it is the training's own loss,
        the L2 penalty included.
    losses : (epochs,)
        Loss of the held-back examples after each epoch, NaN where there was no epoch. Empty
        if whoever runs the training judges its epochs.
    best : (P,)
        The parameters after the epoch with the lowest loss of the held-back examples; before the first, those that the
        training starts from. Empty if they are not wanted.
    tolerance
        By how much a loss must be lower to count as lower.
    patience
        Epochs in a row that may not be lower; infinity if all epochs are wanted.
    slowest
        Pace at which the training stops and becomes no slower; infinity if it is to stop in any case.
    """

    held_back: Ints
    losses: NDArray[np.float64]
    best: Floats
    tolerance: float = 0.0
    patience: float = math.inf
    slowest: float = math.inf
    state: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.losses.fill(np.nan)
        state = np.zeros(8)
        state[TOLERANCE], state[PATIENCE], state[SLOWEST] = self.tolerance, self.patience, self.slowest
        state[LOWEST], state[LOWEST_EPOCH], state[PACE] = math.inf, -1, 1.0
        object.__setattr__(self, "state", state)

    @property
    def pace(self) -> float:
        """What learning rates are multiplied by now."""
        return float(self.state[PACE])

    @property
    def stopped(self) -> bool:
        """Whether the training has ended before its last epoch."""
        return bool(self.state[STOPPED])

    @property
    def lowest_epoch(self) -> int:
        """The epoch, from 0, with the lowest loss; -1 if none was a number."""
        return int(self.state[LOWEST_EPOCH])

"""The coefficients of one update, filled in before the products that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import ADAMW, FLUSHED, SGD, TINY
from ..codegen.math import exp, sqrt
from ..coefficients import (
    AHEAD,
    BARE,
    CORRECTED,
    DECAY,
    EARLIER,
    EPSILON,
    GUARD,
    KEEP,
    KEEP1,
    KEEP2,
    KEEP_LOG1,
    KEEP_LOG2,
    LEAST,
    LEFT1,
    LEFT2,
    MOMENTUM,
    NEW1,
    NEW2,
    NUDGE,
    OF_DECAY,
    OF_PULL,
    OF_RATE,
    OLD1,
    OLD2,
    ONE,
    PACE,
    PER,
    SHARE,
    SHORT_LOG1,
    SHORT_LOG2,
    SHORT_SHARE,
    SHRINK,
    STEP,
    STEPS,
    USUAL,
    VELOCITIES,
)
from ..jit import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...layout import Floats


@kernel
def set_clock(clock: NDArray[np.float64], optimizer: int, t: int, n_batches: int) -> None:
    """Fill in the share, the betas and the corrections of update t (from 1), of which each epoch has `n_batches`."""
    clock[OF_RATE] = -1.0
    clock[SHARE], short = 1.0, 0  # short batches among the first t
    if clock[SHORT_SHARE] != 1:
        short = t // n_batches
        if t % n_batches == 0:
            clock[SHARE] = clock[SHORT_SHARE]
    if optimizer != SGD:
        whole = clock[EARLIER] + (t - short)
        log1 = short * clock[SHORT_LOG1] + whole * clock[KEEP_LOG1]  # of the products of betas so far
        log2 = short * clock[SHORT_LOG2] + whole * clock[KEEP_LOG2]
        clock[LEFT1], clock[LEFT2] = 1 - exp(log1), sqrt(1 - exp(log2))


@kernel
def set_coefficients(
    coefficients: Floats, optimizer: int, rate: float, decay: float, pull: float, momentum: float, t: int,
    clock: NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill in the numbers of update t (from 1) of parameters with this rate, decay and pull, if they are others'."""
    if clock[OF_RATE] == rate and clock[OF_DECAY] == decay and clock[OF_PULL] == pull:
        return
    clock[OF_RATE], clock[OF_DECAY], clock[OF_PULL] = rate, decay, pull
    share = clock[SHARE]
    rate, decay = share * clock[PACE] * rate, clock[PER] * decay
    coefficients[ONE] = 1
    coefficients[DECAY] = 0.0 if optimizer == ADAMW else decay
    coefficients[KEEP] = 1 - rate * decay if optimizer == ADAMW else 1.0
    coefficients[SHRINK] = 1 / (1 + rate * pull)
    coefficients[LEAST] = TINY if t % FLUSHED == 0 else 0.0
    if optimizer == SGD:
        is_plain = decay == 0 and clock[VELOCITIES] == 1
    else:
        is_plain = coefficients[KEEP] == 1 and share == 1 and clock[USUAL] == 1
    coefficients[BARE] = is_plain and pull == 0 and t % FLUSHED != 0
    coefficients[MOMENTUM] = momentum
    if optimizer == SGD:
        coefficients[STEP] = -rate
        coefficients[AHEAD], coefficients[NUDGE] = clock[VELOCITIES], -rate * clock[STEPS]
    else:
        new1, new2 = share * (1 - clock[KEEP1]), share * (1 - clock[KEEP2])
        coefficients[OLD1], coefficients[NEW1] = 1 - new1, new1
        coefficients[OLD2], coefficients[NEW2] = 1 - new2, new2
        # m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps), with both corrections moved out of the loop over parameters
        correction = clock[LEFT2]
        coefficients[STEP] = -rate / clock[LEFT1] * correction
        coefficients[GUARD] = clock[EPSILON] * (correction if clock[CORRECTED] != 0 else 1.0)

"""The coefficients of one update, filled in before the products that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import ADAMW, EPSILON, FLUSHED, SGD, TINY
from ..codegen.math import exp, sqrt
from ..coefficients import (
    BARE,
    DECAY,
    GUARD,
    KEEP,
    LEAST,
    LOG_BETA1,
    LOG_BETA2,
    MOMENTUM,
    ONE,
    SHRINK,
    STEP,
)
from ..jit import inlined

if TYPE_CHECKING:
    from ...layout import Floats


@inlined
def set_coefficients(
    coefficients: Floats, optimizer: int, rate: float, decay: float, pull: float, momentum: float, t: int
) -> None:
    """Fill in the numbers of update t (from 1) of parameters with this rate, decay and pull."""
    coefficients[ONE] = 1
    coefficients[DECAY] = 0.0 if optimizer == ADAMW else decay
    coefficients[KEEP] = 1 - rate * decay if optimizer == ADAMW else 1.0
    coefficients[SHRINK] = 1 / (1 + rate * pull)
    coefficients[LEAST] = TINY if t % FLUSHED == 0 else 0.0
    coefficients[BARE] = decay == 0 and pull == 0 and t % FLUSHED != 0
    coefficients[MOMENTUM] = momentum
    if optimizer == SGD:
        coefficients[STEP] = -rate
    else:
        # m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps), with both corrections moved out of the loop over parameters
        correction = sqrt(1 - exp(t * LOG_BETA2))
        coefficients[STEP] = -rate / (1 - exp(t * LOG_BETA1)) * correction
        coefficients[GUARD] = EPSILON * correction

"""What the kernels know of activations and optimisers: the numbers in their formulas.

An activation a of z is ``max(z, FLOOR)``, followed for the smooth ones by a pass over the layer. Its slope is a
polynomial in a itself, ``S0 + S1 a + S2 a**2``, where a is above FLOOR, and zero elsewhere. So one piece of machine
code serves all of them, and the next.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..layout import ACTIVATIONS, BETA1, BETA2, EPSILON, FLUSHED, OPTIMIZERS, TINY
from .elementary import exp, logistic, root, tanh
from .jit import inlined, kernel

if TYPE_CHECKING:
    from ..layout import Floats

RELU, TANH, LOGISTIC, IDENTITY = range(len(ACTIVATIONS))
SGD, ADAM, ADAMW = range(len(OPTIMIZERS))

FLOOR, S0, S1, S2 = range(4)
SHAPES = np.array(
    [
        [0.0, 1.0, 0.0, 0.0],  # relu
        [-np.inf, 1.0, 0.0, -1.0],  # tanh: 1 - a^2
        [-np.inf, 0.0, 1.0, -1.0],  # logistic: a (1 - a)
        [-np.inf, 1.0, 0.0, 0.0],  # identity
    ]
)

# The numbers of one update, in the dtype of the parameters. With g the gradient of the loss and p a parameter:
#   g += DECAY * p
#   sgd: v = MOMENTUM * v + STEP * g;  p += v
#   adam, adamw: p = KEEP * p + STEP * m / (sqrt(v) + GUARD)
#   and at last, where there is a pull, p = anchor + SHRINK * (p - anchor)
#   A moment below LEAST becomes zero.
#   BARE is 1 if none of that changes anything: DECAY and LEAST are 0, KEEP and SHRINK 1.
#   ONE is 1, the input that a bias sees.
DECAY, KEEP, SHRINK, MOMENTUM, STEP, GUARD, LEAST, BARE, ONE = range(9)
LOG_BETA1, LOG_BETA2 = math.log(BETA1), math.log(BETA2)  # b^t = exp(t log b), without a call to libm
N_NUMBERS = 9


@inlined
def set_update(
    numbers: Floats, optimizer: int, rate: float, decay: float, pull: float, momentum: float, t: int
) -> None:
    """Fill in the numbers of update t (from 1) of parameters with this rate, decay and pull."""
    numbers[ONE] = 1
    numbers[DECAY] = 0.0 if optimizer == ADAMW else decay
    numbers[KEEP] = 1 - rate * decay if optimizer == ADAMW else 1.0
    numbers[SHRINK] = 1 / (1 + rate * pull)
    numbers[LEAST] = TINY if t % FLUSHED == 0 else 0.0
    numbers[BARE] = decay == 0 and pull == 0 and t % FLUSHED != 0
    numbers[MOMENTUM] = momentum
    if optimizer == SGD:
        numbers[STEP] = -rate
    else:
        # m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps), with both corrections moved out of the loop over parameters
        correction = root(1 - exp(t * LOG_BETA2))
        numbers[STEP] = -rate / (1 - exp(t * LOG_BETA1)) * correction
        numbers[GUARD] = EPSILON * correction


@kernel
def bend(a: Floats, at: int, rows: int, columns: int, real: int, activation: int) -> None:
    """Apply a smooth activation in place to the real columns of (rows, columns) values; padding stays zero."""
    for r in range(rows):
        row = a[at + r * columns : at + r * columns + real]
        if activation == TANH:
            for c in range(real):
                row[c] = tanh(row[c])
        else:
            for c in range(real):
                row[c] = logistic(row[c])

"""Activations and optimizers as numbers: the coefficients that kernels find in arrays, and their places there.

An activation a of z is ``max(z, FLOOR)``, followed for the smooth ones by a pass over the layer. Its slope is a
polynomial in a itself, ``S0 + S1 a + S2 a**2``, where a is above FLOOR, and zero elsewhere. So one piece of machine
code serves all of them, and the next one.
"""

from __future__ import annotations

import math

import numpy as np

from ..registry import ACTIVATION_ROWS, BETA1, BETA2

FLOOR, S0, S1, S2 = range(4)
ACTIVATION_TABLE = np.array([[row.floor, *row.slope] for row in ACTIVATION_ROWS])

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
N_COEFFICIENTS = 9

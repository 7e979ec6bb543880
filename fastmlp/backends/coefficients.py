"""Activations and optimizers as numbers: the coefficients that kernels find in arrays, and their places there.

An activation a of z is ``max(z, FLOOR)``, followed for the smooth ones by a pass over the layer. Its slope is a
polynomial in a itself, ``S0 + S1 a + S2 a**2``, where a is above FLOOR, and zero elsewhere. So one piece of machine
code serves all of them, and the next one. If KEPT is 1, the pass has written the slope to the second half of the
buffer, and the polynomial is one of that.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..registry import ACTIVATION_ROWS, ADAM_DEFAULTS, BETA1, BETA2, Adam

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOOR, S0, S1, S2, KEPT = range(5)
ACTIVATION_TABLE = np.array([[row.floor, *row.slope, row.keeps_slope] for row in ACTIVATION_ROWS])

# The numbers of one update, in the dtype of the parameters. With g the gradient of the loss and p a parameter:
#   g += DECAY * p
#   sgd: v = MOMENTUM * v + STEP * g;  p += v, or AHEAD * v + NUDGE * g unless AHEAD is 1
#   adam, adamw: m = OLD1 * m + NEW1 * g;  v = OLD2 * v + NEW2 * g^2;  p = KEEP * p + STEP * m / (sqrt(v) + GUARD)
#   and at last, where there is a pull, p = anchor + SHRINK * (p - anchor)
#   A moment below LEAST becomes zero.
#   BARE is 1 if nothing else changes anything: LEAST is 0, KEEP, SHRINK and AHEAD are 1, NEW1 and NEW2 are those of
#   Adam's defaults; and, by sgd, DECAY is 0.
#   ONE is 1, the input that a bias sees.
DECAY, KEEP, SHRINK, MOMENTUM, STEP, GUARD, LEAST, BARE, OLD1, NEW1, OLD2, NEW2, AHEAD, NUDGE, ONE = range(15)
N_COEFFICIENTS = 15

# What an update knows beside the parameters that it is of. First what does not change during a training: the share of
# the batch that ends an epoch, and its betas' logarithms; how many velocities and steps sgd moves by, 1 and 0 unless
# momentum is Nesterov's; whether examples have weights; what `registry.Adam` knows, the logarithms of its betas, with
# which b^t = exp(t log b) needs no call to libm, and whether the betas are the defaults. Then the update's own: what
# `reference_optimizer.Step` knows, its share of a full step and by what Adam's corrections divide, 1 - b1^t and the
# root of 1 - b2^t; what rates and decays are multiplied by; the sum of the weights of its batch; the rate, decay and
# pull that the coefficients are of, a rate of -1 if they are of none yet; and memory for sums.
SHORT_SHARE, SHORT_LOG1, SHORT_LOG2, VELOCITIES, STEPS, WEIGHTED = range(6)
KEEP1, KEEP2, EPSILON, CORRECTED, EARLIER, KEEP_LOG1, KEEP_LOG2, USUAL = range(6, 14)
SHARE, LEFT1, LEFT2, PACE, PER, TOTAL, OF_RATE, OF_DECAY, OF_PULL, SQUARES = range(14, 24)
N_SQUARES = 64  # sums of squares, for a penalty
SQUARED_AT_ONCE = 2**17  # parameters whose squares are added by one thread, and then to those of others
NO_MEMORY = -1e6  # in place of the logarithm of zero, so that no product with it is NaN; its exponential is zero


def new_clock(
    n: int,
    batch_size: int,
    *,
    weighted: bool,
    nesterov: bool = False,
    momentum: float = 0.0,
    has_weights: bool = False,
    adam: Adam = ADAM_DEFAULTS,
) -> NDArray[np.float64]:
    """Return the memory for it, with what does not change filled in."""
    full = min(int(batch_size), n)
    share = (n % full or full) / full if weighted else 1.0
    return _clock(share, (float(momentum), 1.0) if nesterov else (1.0, 0.0), float(has_weights), adam).copy()


@lru_cache(maxsize=256)  # a study begins with the same few again and again
def _clock(share: float, moves: tuple[float, float], has_weights: float, adam: Adam) -> NDArray[np.float64]:
    """Return what `new_clock` copies."""
    betas = adam.beta1, adam.beta2
    short, whole = ([_log(1 - share * (1 - beta)) for beta in betas] for share in (share, 1.0))
    usual = betas == (BETA1, BETA2)
    constant = [share, *short, *moves, has_weights, *adam, *whole, usual]
    own = {SHARE: 1.0, PACE: 1.0, PER: 1.0, OF_RATE: -1.0}
    return np.array([*constant, *(own.get(at, 0.0) for at in range(SHARE, SQUARES + N_SQUARES))], dtype=np.float64)


def _log(beta: float) -> float:
    """Return the logarithm of a beta."""
    return math.log(beta) if beta > 0 else NO_MEMORY

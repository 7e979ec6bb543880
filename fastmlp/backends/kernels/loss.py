"""The losses at the outputs, and their gradients there; `reference_losses` has the formulas.

Everything runs along the examples of a batch, output by output, on transposed outputs: so maxima, sums, exponentials
and logarithms are vector operations without a reduction across lanes, and ten classes are ten vectors and not sixteen
lanes of which six are padding.

What a batch needs lies in `scratch`, in rows as long as the batch and its padding: see the names of the rows. The loss
is an argument, so that one piece of machine code has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, SQUARED_ERROR
from ..codegen.math import exp, log
from ..coefficients import TOTAL, WEIGHTED
from ..jit import kernel
from .memory import place
from .products import softmax

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..codegen.types import Tile

# Rows of scratch: each example's largest logit; its loss, before that the logarithm of its sum of exponentials; the
# logit of its label; its weight; from the last on its targets, output by output
TOP, LOSS, OWN, WEIGHT, TARGETS = range(5)


@kernel
def needs_weights(loss: int, clock: NDArray[np.float64]) -> bool:
    """Whether a loss reads the weights of the examples, which are ones if they have none, and their targets."""
    return loss != CROSS_ENTROPY or clock[WEIGHTED] != 0


@kernel
def mean_loss(
    tile: Tile, loss: int, z: Floats, step: int, outputs: int, count: int, clock: NDArray[np.float64],
    rows: Ints, start: int, labels: Ints, scratch: Floats,
) -> float:  # fmt: skip
    """Replace outputs by the gradient of the batch's mean loss, in place.

    Parameters
    ----------
    loss
        Place in `registry.LOSSES`; cross-entropy has two outputs or more, for a sigmoid head is binary cross-entropy.
    z
        Transposed outputs: output c of example j at ``z[c * step + j]``.
    step
        Rows of the batch's buffers, count and padding; computed whole, for the sake of full vectors.
    outputs, count
        Outputs and examples.
    clock
        Says whether examples have weights, and their sum. If that is zero, so is the gradient.
    rows, start, labels
        Of cross-entropy, example j has the label ``labels[rows[start + j]]``, from 0.
    scratch : ((TARGETS + outputs) * step,) with weights and targets filled in, for a loss that `needs_weights`.

    Returns
    -------
    Weighted sum of the losses. Not finite if an output is not.
    """
    scale = z.dtype.type(1) / z.dtype.type(clock[TOTAL]) if clock[TOTAL] > 0 else z.dtype.type(0)
    if loss == CROSS_ENTROPY:
        for j in range(count):
            own = labels[place(rows[place(start + j)])] * step + j
            scratch[place(OWN * step + j)] = z[place(own)]
        softmax(tile, z, step, outputs, scale, scratch)
        for j in range(count):
            own = labels[place(rows[place(start + j)])] * step + j
            z[place(own)] -= scale
            # log(sum of exp(z - top)) - (own z - top)
            scratch[place(LOSS * step + j)] -= scratch[place(OWN * step + j)] - scratch[place(TOP * step + j)]
        if clock[WEIGHTED] != 0:
            for c in range(outputs):
                for j in range(count):
                    z[c * step + j] *= scratch[WEIGHT * step + j]
    else:
        _by_output(loss, z, step, outputs, scale, scratch)
    losses = 0.0
    if needs_weights(loss, clock):
        for j in range(count):
            losses += scratch[place(WEIGHT * step + j)] * scratch[place(LOSS * step + j)]
    else:
        for j in range(count):
            losses += scratch[place(LOSS * step + j)]
    return losses


@kernel
def _by_output(loss: int, z: Floats, step: int, outputs: int, scale: float, scratch: Floats) -> None:
    """Losses that are sums over the outputs.

    Binary cross-entropy and Poisson's share one loop, for exponentials and logarithms take the compiler the most time.
    """
    one, zero = z.dtype.type(1), z.dtype.type(0)
    losses, weights = scratch[LOSS * step : (LOSS + 1) * step], scratch[WEIGHT * step : (WEIGHT + 1) * step]
    is_binary = loss == BINARY_CROSS_ENTROPY
    for j in range(step):
        losses[j] = zero
    for c in range(outputs):
        own, targets = z[c * step : (c + 1) * step], scratch[(TARGETS + c) * step : (TARGETS + c + 1) * step]
        if loss == SQUARED_ERROR:
            for j in range(step):
                error = own[j] - targets[j]
                losses[j] += error * error / 2
                own[j] = scale * weights[j] * error
        else:
            for j in range(step):
                out, t = own[j], targets[j]
                e = exp(-abs(out) if is_binary else out)
                yes, no = one if out > 0 else e, e if out > 0 else one  # over 1 + e: logistic(z) and logistic(-z)
                known = one + e if is_binary else t if t > 0 else one
                first = (out if out > 0 else zero) - t * out if is_binary else e - t - t * out
                losses[j] += first + log(known) * (one if is_binary else t)
                slope = (one - t) * yes - t * no if is_binary else e - t
                own[j] = scale * weights[j] * slope / (one + e if is_binary else one)

"""The loss at the logits, and its gradient there.

Everything runs along the examples of a batch, class by class, on transposed logits: so maxima, sums, exponentials and
logarithms are vector operations without a reduction across lanes, and ten classes are ten vectors and not sixteen lanes
of which six are padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..codegen.math import exp, log
from ..jit import inlined, kernel
from .products import softmax

if TYPE_CHECKING:
    from ...layout import Floats, Ints
    from ..codegen.types import Tile


@inlined
def cross_entropy(tile: Tile, z: Floats, step: int, classes: int, count: int, labels: Ints, scratch: Floats) -> float:
    """Replace logits by the gradient of the batch's mean loss, in place.

    Parameters
    ----------
    z
        Transposed logits: class c of example j at ``z[c * step + j]``.
    step
        Rows of the batch's buffers, count and padding; computed whole, for the sake of full vectors.
    classes, count
        Classes and examples; one class is a sigmoid head.
    labels : (count,) from 0.
    scratch : (3 * step,) scratch.

    Returns
    -------
    Sum of the losses. Not finite if a logit is not.
    """
    if classes == 1:
        return _sigmoid_cross_entropy(z, step, count, labels, scratch)
    for j in range(count):
        scratch[2 * step + j] = z[labels[j] * step + j]
    scale = z.dtype.type(1) / z.dtype.type(count)
    softmax(tile, z, step, classes, scale, scratch)
    loss = 0.0
    for j in range(count):
        z[labels[j] * step + j] -= scale
        loss += scratch[step + j] - (scratch[2 * step + j] - scratch[j])  # log(sum of exp(z - top)) - (own z - top)
    return loss


@kernel
def _sigmoid_cross_entropy(z: Floats, step: int, count: int, labels: Ints, scratch: Floats) -> float:
    """Compute the cross-entropy of the two logits 0 and z."""
    one, zero = z.dtype.type(1), z.dtype.type(0)
    sign, scale = scratch[:step], one / z.dtype.type(count)
    for j in range(count):
        sign[j] = one if labels[j] == 0 else -one
    for j in range(count, step):
        sign[j] = zero
    for j in range(step):
        against = sign[j] * z[j]  # how far the logit is on the wrong side
        e = exp(-abs(against))
        z[j] = scale * sign[j] * (one if against > 0 else e) / (one + e)
        scratch[step + j] = (against if against > 0 else zero) + log(one + e)
    loss = 0.0
    for j in range(count):
        loss += scratch[step + j]
    return loss

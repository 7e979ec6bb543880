"""What lies between two layers besides the activation: normalisation of rows, and dropout while a network is trained.

A table has a row for each layer of weights and the columns below. On its way into layer k a value is dropped,
normalised and dropped again, each only where its number is above 0; behind the weights of layer k it may be normalised
before its activation, and then has a gain and a shift.

Masks of dropout are nowhere stored. Whether a unit is kept in the visit of an example is a hash of a key, which the
caller draws for each layer and training, of the number of the visit, and of the unit. So masks take no memory, however
many epochs there are; a training may be cut into calls and shared by threads; and all backends see the same ones, for
there is one text of the hash, which kernels compile as it is: no step of it leaves the integers below 2**63, where it
means the same to Python, to NumPy and in machine code.

References: Srivastava et al. (2014, JMLR 15:1929), but with the units that are kept scaled in training, as in PyTorch;
Ba, Kiros & Hinton (2016, arXiv 1607.06450), section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats

# Columns: epsilon of the norm of a layer's inputs, and of that between the layer and its activation; the shares that
# are dropped before and behind the former, each with the key of its masks, a whole number below 2**32
NORM, INNER, BEFORE, BEFORE_KEY, BEHIND, BEHIND_KEY = range(6)
N_COLUMNS = 6
NO_VISIT = -1  # in place of the number of a visit where nothing is dropped

BITS = 32
WORDS, LOW = 2**BITS, 2**BITS - 1
ODD, FACTOR = 0x1E3779B1, 0x45D9F3B


def blend(a: Any, b: Any) -> Any:
    """Return 32 bits, each of which depends on all of the 32 bits of a and of b."""
    x = (a + b * ODD) & LOW
    x = ((x ^ (x >> 16)) * FACTOR) & LOW
    x = ((x ^ (x >> 16)) * FACTOR) & LOW
    return x ^ (x >> 16)


def mask(share: float, key: float, visit: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats | None:
    """Return what a batch (B, units) is multiplied by, of which the first visit has this number; None if by nothing."""
    if share == 0 or visit == NO_VISIT:
        return None
    visits, units = (np.arange(size, dtype=np.int64) for size in shape)
    visits += visit
    rows = blend(blend(int(key), visits & LOW), visits >> BITS)
    kept: Floats = (blend(rows[:, np.newaxis], units) >= share * WORDS).astype(dtype)
    return kept / dtype.type(1 - share)


def rescaled_layers(between: NDArray[np.float64] | None) -> tuple[bool, ...]:
    """Return whether each layer has a gain and a shift, as `Layout` takes it."""
    if between is None or not between[:, INNER].any():
        return ()
    return tuple((between[:, INNER] > 0).tolist())


def without_dropout(between: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Return a table in which nothing is dropped."""
    if between is None:
        return None
    table = between.copy()
    table[:, [BEFORE, BEHIND]] = 0
    return table

"""Corrections for multiple comparisons (Holm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import NotFiniteError
from ._arrays import column

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Floats


def holm(p_values: ArrayLike) -> Floats:
    """Correct p-values for multiple comparisons (Holm 1979, A simple sequentially rejective procedure).

    Parameters
    ----------
    p_values
        Shape (m,), each between 0 and 1; m may be 0.

    Returns
    -------
    Shape (m,), in the given order: reject where it is at most the error allowed to the family.

    Raises
    ------
    NotFiniteError
        When one is NaN: what was not tested does not belong to the family.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p, missing = column(p_values)
    if missing:
        raise NotFiniteError(f"{missing} of {p.size + missing} values are not finite")
    order = np.argsort(p, kind="stable")
    steps = np.arange(p.size, 0, -1)  # the smallest is multiplied by m, the next by m - 1, ...
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    return corrected

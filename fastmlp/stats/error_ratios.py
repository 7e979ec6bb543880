"""The ratio of two strategies' errors: near the ceiling one point of accuracy may be a fifth of all errors.

See Also
--------
scipy.stats.ttest_1samp : the test that the interval inverts, the oracle of the tests.

References
----------
Fieller (1954), Some problems in interval estimation, Journal of the Royal Statistical Society B 16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from ._arrays import LEVEL, Reason, check_level, rounding, shared, t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Floats


@dataclass(frozen=True, slots=True)
class ErrorRatio:
    """How many times the errors of the second the first makes, with its interval where there is one.

    Attributes
    ----------
    n
        Number of pairs.
    ratio
        Of the mean errors; below 1 the first makes fewer. None without data, or if the second makes none.
    low, high
        Fieller's interval; None where the errors of the second cannot be told from zero.
    reason
        Why there is no interval, or None.
    """

    n: int
    ratio: float | None
    low: float | None
    high: float | None
    reason: Reason | None


def error_ratio(first: ArrayLike, second: ArrayLike, *, level: float = LEVEL) -> ErrorRatio:
    """Estimate the ratio of mean errors, 1 - accuracy, on the seeds that two strategies share.

    A ratio r is in the interval if a paired t test does not reject that the first's errors are r times the second's.

    Parameters
    ----------
    first, second
        Accuracies, each of shape (n,): the same seeds in the same order, NaN where a trial is missing.
    level
        Confidence of the interval, between 0 and 1.

    Raises
    ------
    ShapeError
        When the two differ in length.
    NotFiniteError
        When a value is infinite.
    InvalidInput
        When a value is no accuracy, or the level not between 0 and 1.

    Examples
    --------
    >>> r = error_ratio([0.96, 0.95, 0.97], [0.92, 0.91, 0.93])
    >>> round(r.ratio, 2), round(r.low, 2), round(r.high, 2)
    (0.5, 0.27, 0.62)
    """
    check_level(level)
    a, b, _ = shared(first, second)
    for x in (a, b):
        if x.size and not 0 <= x.min() <= x.max() <= 1:
            raise InvalidInput(f"accuracies are from {x.min()} to {x.max()}, expected 0 to 1")
    a, b, n = 1 - a, 1 - b, int(a.size)
    if not n:
        return ErrorRatio(0, None, None, None, "no data")
    above, below = float(a.mean()), float(b.mean())
    ratio = above / below if below > 0 else None
    if n == 1:
        return ErrorRatio(1, ratio, None, None, "one seed")
    if max(float(a.std()), float(b.std())) <= rounding(a, b):
        return ErrorRatio(n, ratio, None, None, "no spread")
    return ErrorRatio(n, ratio, *_fieller(a, b, level), None)


def _fieller(a: Floats, b: Floats, level: float) -> tuple[float | None, float | None]:
    """Return the ends of the ratios r for which (mean(a) - r mean(b))^2 is at most t^2 var(a - r b) / n."""
    t2 = t_quantile((1 + level) / 2, a.size - 1) ** 2 / a.size
    (aa, ab), (_, bb) = np.cov(a, b).tolist()
    square = float(b.mean()) ** 2 - t2 * bb
    middle = float(a.mean() * b.mean()) - t2 * ab
    rest = float(a.mean()) ** 2 - t2 * aa
    root = middle**2 - square * rest
    if square <= 0 or root < 0:
        return None, None
    return max(0.0, (middle - math.sqrt(root)) / square), (middle + math.sqrt(root)) / square

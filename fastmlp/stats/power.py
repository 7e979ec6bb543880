"""Power: the difference that a study could have detected.

The number of seeds that would decide is left out on purpose: computed from the difference that was just estimated, it
says no more than that difference's p-value (Hoenig and Heisey 2001, doi 10.1198/000313001300339897).

All results are about the paired t test at level 1 - level, divided by the number of comparisons that are corrected
together (Bonferroni: Holm's first step, so that the answer is conservative). Power is that of Student's noncentral t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import InvalidInput
from ._arrays import LEVEL, check_count, check_level, rounding, shared, t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

POWER = 0.8

Reason = Literal["no data", "one seed", "no spread"]


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest difference that a comparison could have detected.

    Attributes
    ----------
    difference
        A true difference of this size would have been found with probability `power`; None with a reason.
    sd
        Standard deviation of the differences between seeds.
    n, dropped
        Number of pairs, and of pairs that lack one of the two.
    power, comparisons
        As asked.
    reason
        Why there is no value, or None.
    """

    difference: float | None
    sd: float | None
    n: int
    dropped: int
    power: float
    comparisons: int
    reason: Reason | None


def smallest_difference(
    first: ArrayLike, second: ArrayLike, *, level: float = LEVEL, power: float = POWER, comparisons: int = 1
) -> Detectable:
    """Return the smallest difference that the comparison of two strategies could have detected.

    Parameters
    ----------
    first, second
        Shape (n,), the same seeds in the same order, NaN where a trial is missing.
    level, power
        1 - level is the error, `power` the probability of detecting the difference.
    comparisons
        How many are corrected together.

    Examples
    --------
    >>> d = smallest_difference([0.90, 0.92, 0.91, 0.93, 0.90], [0.88, 0.92, 0.90, 0.91, 0.91])
    >>> round(d.difference, 3)
    0.022
    """
    n, sd, dropped, reason = _spread(first, second)
    asked = (n, dropped, _check_power(power), check_count("comparisons", comparisons))
    check_level(level)
    if reason is not None or sd is None:
        return Detectable(None, sd, *asked, reason)
    away = _search(lambda nc: power_of_t(nc, n, (1 - level) / comparisons) >= power)
    return Detectable(None if away is None else away * sd / n**0.5, sd, *asked, None)


def power_of_t(noncentrality: float, n: int, error: float) -> float:
    """Return the probability that a two-sided t test of `n` differences rejects on the right side."""
    return _beyond(t_quantile(1 - error / 2, n - 1), n - 1, noncentrality)


def _beyond(t: float, df: int, noncentrality: float) -> float:
    """Return the probability that noncentral t lies above `t`."""
    from scipy.special import chdtr, nctdtr

    if noncentrality > 35:  # where older series underflow; the numerator's own spread no longer matters
        return float(chdtr(df, df * (noncentrality / t) ** 2))
    return float(1.0 - nctdtr(df, noncentrality, t))


def _search(enough: Callable[[float], bool]) -> float | None:
    """Return the smallest number that is enough, to six digits, if every larger one is enough."""
    high = 1.0
    while not enough(high):
        high *= 2
        if high > 1e9:
            return None
    low = 0.0
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _spread(first: ArrayLike, second: ArrayLike) -> tuple[int, float | None, int, Reason | None]:
    """Return number and standard deviation of the differences, dropped pairs, and a reason if need be."""
    a, b, dropped = shared(first, second)
    d = a - b
    if d.size < 2:
        return d.size, None, dropped, "one seed" if d.size else "no data"
    sd = float(d.std(ddof=1))
    if sd <= rounding(a, b):
        return d.size, 0.0, dropped, "no spread"
    return d.size, sd, dropped, None


def _check_power(power: float) -> float:
    if not 0 < power < 1:
        raise InvalidInput(f"power is {power}, expected between 0 and 1")
    return power

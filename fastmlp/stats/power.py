"""Power: the difference that a study could have detected, and the number of seeds that would decide.

All results are about the paired t test at level 1 - level, divided by the number of comparisons that are corrected
together (Bonferroni: Holm's first step, so that the answer is conservative). Power is that of Student's noncentral t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import InvalidInput
from ._arrays import LEVEL, check_count, check_level, check_margin, rounding, shared, t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

POWER = 0.8
MOST = 100_000  # seeds at which the search ends

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


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """The number of seeds that would decide a comparison, if the true difference is the observed one.

    Attributes
    ----------
    needed, more
        Seeds in total, and in addition to the present ones. None if 100,000 are not enough, or with a reason.
    towards
        The verdict that they would give.
    n, dropped
        Number of pairs, and of pairs that lack one of the two.
    power, comparisons
        As asked.
    reason
        Why there is no value, or None.
    """

    needed: int | None
    more: int | None
    towards: Literal["better", "worse", "tied"] | None
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
    n, _, sd, dropped, reason = _differences(first, second)
    asked = (n, dropped, _check_power(power), check_count("comparisons", comparisons))
    check_level(level)
    if reason is not None or sd is None:
        return Detectable(None, sd, *asked, reason)
    away = _search(lambda nc: power_of_t(nc, n, (1 - level) / comparisons) >= power)
    return Detectable(None if away is None else away * sd / n**0.5, sd, *asked, None)


def seeds_to_decide(
    first: ArrayLike,
    second: ArrayLike,
    *,
    margin: float,
    level: float = LEVEL,
    power: float = POWER,
    comparisons: int = 1,
) -> SeedsNeeded:
    """Return the number of seeds that would decide a comparison, if true difference and spread are the observed ones.

    The observed difference is not the true one, so this is only an estimate: in half of the cases more are needed.

    Parameters
    ----------
    first, second
        Shape (n,), the same seeds in the same order, NaN where a trial is missing.
    margin
        The smallest difference that matters.
    level, power
        1 - level is the error, `power` the probability that they decide.
    comparisons
        How many are corrected together.

    Examples
    --------
    >>> s = seeds_to_decide([0.90, 0.92, 0.91, 0.93, 0.90], [0.88, 0.92, 0.90, 0.91, 0.91], margin=0.001)
    >>> s.needed, s.more, s.towards
    (23, 18, 'better')
    """
    n, mean, sd, dropped, reason = _differences(first, second)
    asked = (n, dropped, _check_power(power), check_count("comparisons", comparisons))
    check_level(level)
    check_margin(margin)
    if reason is not None or sd is None or mean is None:
        return SeedsNeeded(None, None, None, *asked, reason)
    error = (1 - level) / comparisons
    differs = _fewest(lambda k: power_of_t(abs(mean) * k**0.5 / sd, k, error) >= power)
    tied = _fewest(lambda k: power_of_tost(abs(mean), sd, margin, k, error) >= power) if abs(mean) < margin else None
    if differs is None and tied is None:
        return SeedsNeeded(None, None, None, *asked, None)
    needed = min(k for k in (differs, tied) if k is not None)
    towards: Literal["better", "worse", "tied"] = "tied" if needed == tied else "better" if mean > 0 else "worse"
    return SeedsNeeded(needed, max(0, needed - n), towards, *asked, None)


def power_of_t(noncentrality: float, n: int, error: float) -> float:
    """Return the probability that a two-sided t test of `n` differences rejects on the right side."""
    return _beyond(t_quantile(1 - error / 2, n - 1), n - 1, noncentrality)


def power_of_tost(difference: float, sd: float, margin: float, n: int, error: float) -> float:
    """Return a lower bound for the probability that both one-sided tests reject: the sum of the two, minus one."""
    critical = t_quantile(1 - error, n - 1)
    near, far = ((margin - difference) * n**0.5 / sd, (margin + difference) * n**0.5 / sd)
    return max(0.0, _beyond(critical, n - 1, near) + _beyond(critical, n - 1, far) - 1.0)


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


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """Return the smallest number of seeds that is enough, if every larger one is; None beyond `MOST`."""
    high = 2
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _differences(first: ArrayLike, second: ArrayLike) -> tuple[int, float | None, float | None, int, Reason | None]:
    """Return number, mean and standard deviation of the differences, dropped pairs, and a reason if need be."""
    a, b, dropped = shared(first, second)
    d = a - b
    if d.size < 2:
        return d.size, float(d.mean()) if d.size else None, None, dropped, "one seed" if d.size else "no data"
    sd = float(d.std(ddof=1))
    if sd <= rounding(a, b):
        return d.size, float(d.mean()), 0.0, dropped, "no spread"
    return d.size, float(d.mean()), sd, dropped, None


def _check_power(power: float) -> float:
    if not 0 < power < 1:
        raise InvalidInput(f"power is {power}, expected between 0 and 1")
    return power

"""What a handful of seeds allows us to say.

Pure functions on arrays, frozen results. The seed is the unit: the held-out examples of one split are not replicates,
so nothing here ever counts examples. Strategies are compared on the seeds they share, difference by difference: the
trials of one cell see the same examples, the same initial weights, the same held-out set, and what is common cancels.

A comparison ends in a verdict:

better, worse
    the two-sided paired t test, corrected by Holm over the family, rejects "no difference";
tied
    two one-sided t tests (TOST), corrected likewise, both reject "a difference of at least the margin". Tied goes
    before better: the margin is the smallest difference that matters, declared before the numbers were seen;
undecided
    neither. This is no weak form of tied: it says that more seeds are needed.

What cannot be estimated is `None`, and `reason` says why. No result holds NaN and no function warns.

See Also
--------
scipy.stats.ttest_rel : the same t test, the oracle of the tests.

References
----------
Student (1908), The probable error of a mean. Schuirmann (1987), A comparison of the two one-sided tests procedure.
Holm (1979), A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from .errors import InvalidInput, NotFiniteError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Difference", "Mean", "Reason", "Verdict", "holm", "mean_interval", "paired_difference", "paired_family"]

Verdict = Literal["better", "worse", "tied", "undecided"]
Reason = Literal["no data", "one seed", "no spread"]
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over seeds, with its interval where there is one.

    Attributes
    ----------
    n
        How many seeds it rests on.
    mean, sd
        Mean and standard deviation (divisor n - 1); None where there are too few seeds.
    low, high
        Student's t interval of the mean.
    reason
        Why there is no interval, or None.
    """

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, first minus second, and what may be concluded from it.

    Attributes
    ----------
    n
        How many pairs it rests on.
    mean, low, high
        Mean difference and its interval, not corrected for other comparisons.
    p_different, p_equivalent
        Two-sided t test and TOST, both corrected by Holm over the family.
    verdict
        Of the first about the second: *better* means that the first is higher.
    trivial
        Tied, although the difference is not zero: it is there, and smaller than the margin.
    reason
        Why nothing can be concluded, or None.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None
    p_different: float | None
    p_equivalent: float | None
    verdict: Verdict
    trivial: bool
    reason: Reason | None


def mean_interval(values: ArrayLike, *, level: float = LEVEL) -> Mean:
    """Student's t interval of a mean.

    Parameters
    ----------
    values
        Shape (n,), one value for each seed; n may be 0 or 1.
    level
        Confidence of the interval, between 0 and 1.

    Raises
    ------
    ShapeError
        When `values` has another number of dimensions than one.
    NotFiniteError
        When a value is NaN or infinite.

    Examples
    --------
    >>> m = mean_interval([0.70, 0.72, 0.74])
    >>> round(m.mean, 3), round(m.low, 3), round(m.high, 3)
    (0.72, 0.67, 0.77)
    >>> mean_interval([0.7]).reason
    'one seed'
    """
    x = _values(values)
    return _mean(x, _check_level(level), _rounding(x))


def paired_difference(first: ArrayLike, second: ArrayLike, *, margin: float, level: float = LEVEL) -> Difference:
    """Compare two strategies on the seeds they share: a family of one.

    See Also
    --------
    paired_family : for several comparisons that are shown together.

    Examples
    --------
    >>> paired_difference([0.91, 0.93, 0.92], [0.81, 0.84, 0.82], margin=0.01).verdict
    'better'
    >>> paired_difference([0.9], [0.8], margin=0.01).reason
    'one seed'
    """
    return paired_family([(first, second)], margin=margin, level=level)[0]


def paired_family(
    pairs: Sequence[tuple[ArrayLike, ArrayLike]], *, margin: float, level: float = LEVEL
) -> list[Difference]:
    """Compare pairs of strategies that are shown together, corrected by Holm.

    With probability `level` at least, the family holds no false *better* or *worse*, and likewise no false *tied*.

    Parameters
    ----------
    pairs
        Each (first, second), two arrays of shape (n,): the same seeds in the same order. n may differ between pairs.
    margin
        The smallest difference that matters, in the unit of the values; 0 means that nothing is ever tied.
    level
        Confidence of the intervals; 1 - level is the error that the whole family may make.

    Returns
    -------
    list of Difference
        In the order of `pairs`. Comparisons that cannot be estimated are undecided and burden no other.

    Raises
    ------
    ShapeError
        When two arrays of a pair differ in length.
    NotFiniteError
        When a value is NaN or infinite.
    InvalidInput
        When the margin is negative or not finite, or the level not between 0 and 1.
    """
    if not 0 <= margin < float("inf"):
        raise InvalidInput(f"margin is {margin}, expected 0 or more")
    single = [_compare(first, second, margin, _check_level(level)) for first, second in pairs]
    tested = [k for k, d in enumerate(single) if d.reason is None]
    different = holm([single[k].p_different or 0.0 for k in tested])
    equivalent = holm([single[k].p_equivalent or 0.0 for k in tested])
    for k, p, q in zip(tested, different.tolist(), equivalent.tolist(), strict=True):
        single[k] = _decide(single[k], p, q, 1 - level)
    return single


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values corrected for being looked at together (Holm 1979).

    Parameters
    ----------
    p_values
        Shape (m,), each between 0 and 1; m may be 0.

    Returns
    -------
    Shape (m,), in the order given: reject where it is at most the error allowed to the family.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _values(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.arange(p.size, 0, -1)  # the smallest is multiplied by m, the next by m - 1, ...
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    return corrected


def _compare(first: ArrayLike, second: ArrayLike, margin: float, level: float) -> Difference:
    """One paired comparison, with p-values that are not corrected yet."""
    a, b = _values(first), _values(second)
    if a.size != b.size:
        raise ShapeError(f"{a.size} values cannot be paired with {b.size}")
    m = _mean(a - b, level, max(_rounding(a), _rounding(b)))
    if m.reason is not None or m.mean is None or m.sd is None:
        return Difference(m.n, m.mean, None, None, None, None, "undecided", trivial=False, reason=m.reason)
    error = m.sd / m.n**0.5
    return Difference(
        n=m.n,
        mean=m.mean,
        low=m.low,
        high=m.high,
        p_different=min(1.0, 2 * _t_below(-abs(m.mean) / error, m.n - 1)),
        p_equivalent=_t_below((abs(m.mean) - margin) / error, m.n - 1),  # the larger of the two one-sided tests
        verdict="undecided",
        trivial=False,
        reason=None,
    )


def _decide(d: Difference, p_different: float, p_equivalent: float, error: float) -> Difference:
    """The same difference with corrected p-values and the verdict they allow."""
    differs, tied = p_different <= error, p_equivalent <= error
    sign: Verdict = "better" if (d.mean or 0.0) > 0 else "worse"
    verdict: Verdict = "tied" if tied else sign if differs else "undecided"
    return replace(
        d, p_different=p_different, p_equivalent=p_equivalent, verdict=verdict, trivial=bool(tied and differs)
    )


def _mean(x: NDArray[np.float64], level: float, rounding: float) -> Mean:
    """Mean and interval; a spread within `rounding` is none."""
    if x.size == 0:
        return Mean(0, None, None, None, None, "no data")
    mean = float(x.mean())
    if x.size == 1:
        return Mean(1, mean, None, None, None, "one seed")
    sd = float(x.std(ddof=1))
    if sd <= rounding:
        return Mean(x.size, mean, 0.0, None, None, "no spread")
    half = _t_quantile((1 + level) / 2, x.size - 1) * sd / x.size**0.5
    return Mean(x.size, mean, sd, mean - half, mean + half, None)


def _rounding(x: NDArray[np.float64]) -> float:
    """The spread that rounding alone can give to equal values: 0.3 - 0.2 is not 0.2 - 0.1."""
    return 8 * float(np.finfo(np.float64).eps * np.abs(x).max(initial=0.0))


def _values(values: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise ShapeError(f"values have shape {x.shape}, expected (n,)")
    if not np.isfinite(x).all():
        raise NotFiniteError(f"{np.count_nonzero(~np.isfinite(x))} of {x.size} values are not finite")
    return x


def _check_level(level: float) -> float:
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}, expected between 0 and 1")
    return level


# scipy.special holds the two functions that are needed and is imported in a third of the time of scipy.stats.
def _t_below(t: float, df: int) -> float:
    """Probability that Student's t with `df` degrees of freedom lies below `t`."""
    from scipy.special import stdtr

    return float(stdtr(df, t))


def _t_quantile(p: float, df: int) -> float:
    """Value below which Student's t with `df` degrees of freedom lies with probability `p`."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))

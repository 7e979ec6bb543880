"""Compare two strategies on the seeds they share; the result is a verdict.

better, worse
    the two-sided paired test, corrected by Holm over the family, rejects "no difference";
tied
    two one-sided tests (TOST), corrected likewise, both reject "a difference of at least the margin". Tied goes
    before better: the margin is the smallest difference that matters, declared before the numbers were seen;
undecided
    neither. This is not a weak form of tied: it says that more seeds are needed.

Folds of a cross-validation are no seeds: they train on the same examples again and again, and their differences vary
less than those of new examples would. `overlap` makes up for it.

See Also
--------
scipy.stats.ttest_rel : the same t test, the oracle of the tests.

References
----------
Student (1908), The probable error of a mean. Schuirmann (1987), A comparison of the two one-sided tests procedure.
Holm (1979), A simple sequentially rejective multiple test procedure. Nadeau and Bengio (2003), Inference for the
generalization error, Machine Learning 52, section 4.1; Bouckaert and Frank (2004), for repeated cross-validation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._arrays import LEVEL, Reason, Verdict, check_level, check_not_negative, rounding, shared, t_below
from .intervals import Mean, mean_of
from .multiplicity import holm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Pair = tuple["ArrayLike", "ArrayLike"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, first minus second, and its verdict.

    Attributes
    ----------
    n
        Number of pairs.
    mean, low, high
        Mean difference and its interval, not corrected for other comparisons.
    p_different, p_equivalent
        Two-sided test and TOST, both corrected by Holm over the family.
    verdict
        *better* means that the first is higher.
    trivial
        Tied, although the difference is significant: it exists, and is smaller than the margin.
    reason
        Why there is no interval and no verdict, or None.
    dropped
        Number of pairs that lack one of the two.
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
    dropped: int = 0


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, margin: float, level: float = LEVEL, overlap: float = 0.0
) -> Difference:
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
    return paired_family([(first, second)], margin=margin, level=level, overlap=overlap)[0]


def paired_family(
    pairs: Iterable[Pair], *, margin: float, level: float = LEVEL, overlap: float = 0.0
) -> list[Difference]:
    """Compare pairs of strategies that are shown together, corrected by Holm.

    With probability `level` at least, the family holds no false *better* or *worse*, and likewise no false *tied*.

    Parameters
    ----------
    pairs
        Each (first, second), two arrays of shape (n,): the same seeds in the same order, NaN where a trial is missing.
        n may differ between pairs. Only one pair is needed at a time.
    margin
        The smallest difference that matters, in the unit of the values; 0 means that nothing is ever tied.
    level
        Confidence of the intervals; 1 - level is the error that the whole family may make.
    overlap
        For folds in place of seeds: examples of a test fold for each one trained on, 1 / (k - 1) in k-fold
        cross-validation. A mean of n differences then has the variance (1 / n + overlap) * sd**2, after Nadeau and
        Bengio, because what folds share does not average out.

    Returns
    -------
    list of Difference
        In the order of `pairs`. Comparisons that cannot be estimated are undecided, and do not count in the correction.

    Raises
    ------
    ShapeError
        When two arrays of a pair differ in length.
    NotFiniteError
        When a value is infinite.
    InvalidInput
        When the margin or the overlap is negative or not finite, or the level not between 0 and 1.
    """
    check_not_negative("margin", margin)
    check_level(level)
    check_not_negative("overlap", overlap)
    single = [_compare(first, second, margin, level, overlap) for first, second in pairs]
    tested = [k for k, d in enumerate(single) if d.p_different is not None]
    different = holm([single[k].p_different or 0.0 for k in tested])
    equivalent = holm([single[k].p_equivalent or 0.0 for k in tested])
    for k, p, q in zip(tested, different.tolist(), equivalent.tolist(), strict=True):
        single[k] = _decide(single[k], p, q, 1 - level)
    return single


def _compare(first: ArrayLike, second: ArrayLike, margin: float, level: float, overlap: float) -> Difference:
    """Compare one pair; its p-values are not corrected yet."""
    a, b, dropped = shared(first, second)
    m = mean_of(a - b, level, rounding(a, b), dropped, overlap)
    p, q = _t(m, margin, overlap)
    return Difference(m.n, m.mean, m.low, m.high, p, q, "undecided", trivial=False, reason=m.reason, dropped=dropped)


def _t(m: Mean, margin: float, overlap: float) -> tuple[float | None, float | None]:
    """Return the p-values of the two-sided t test and of TOST against the margin."""
    if m.reason is not None or m.mean is None or m.sd is None:
        return None, None
    error = m.sd / (m.n / (1 + m.n * overlap)) ** 0.5
    different = min(1.0, 2 * t_below(-abs(m.mean) / error, m.n - 1))
    return different, t_below((abs(m.mean) - margin) / error, m.n - 1)


def _decide(d: Difference, p_different: float, p_equivalent: float, error: float) -> Difference:
    """Return the difference with corrected p-values and its verdict."""
    differs, tied = p_different <= error, p_equivalent <= error
    sign: Verdict = "better" if (d.mean or 0.0) > 0 else "worse"
    verdict: Verdict = "tied" if tied else sign if differs else "undecided"
    return replace(
        d, p_different=p_different, p_equivalent=p_equivalent, verdict=verdict, trivial=bool(tied and differs)
    )

"""The value of pretraining in labels, and the size at which two strategies cross.

Both are read from learning curves within the measured sizes; "below range", "above range" and "no crossover in range"
are possible answers. Intervals come from resampling seeds, the same for both curves, and refitting. A resample with an
answer out of range counts as below or above all answers in range, so an interval may be open on one side.

Curves cross wherever noise lets them, so a crossover is an answer only where each of the two is shown to lead, on its
side. Between strategies of which neither ever led, a narrow interval comes from the law of the curves, not from data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import ShapeError
from ._arrays import LEVEL, Verdict, check_level
from .comparisons import paired_family
from .curves import DRAWS, FEWEST, Fits, check_curve, fit_resamples, in_one_order, percentiles, resample_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from ._arrays import Floats

POINTS = 257  # at which two curves are compared, evenly spaced in log n

NoCurve = Literal["too few sizes"]
Unsure = Literal["one seed", "no spread"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Label equivalence of a strategy: the reference needs `times` n labels to be as accurate.

    Attributes
    ----------
    n_target
        The size n, or None for the median over all sizes.
    times, low, high
        The factor and its interval. If `low` or `high` is None without a reason, the interval is open on that side.
    least, most
        Range of possible factors at this size: smallest and largest size of the reference, divided by n.
    case
        *read*; *below range*: the reference is better even with its fewest labels; *above range*: it is never as
        accurate; *no curve*.
    reason
        Why there is no curve, or no interval, or None.
    """

    n_target: float | None
    times: float | None
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    case: Literal["read", "below range", "above range", "no curve"]
    reason: NoCurve | Unsure | None


@dataclass(frozen=True, slots=True)
class Crossover:
    """The size at which one strategy overtakes another.

    Attributes
    ----------
    n_target, low, high
        The size and its interval. If `low` or `high` is None without a reason, the interval is open on that side.
    before, after
        Which of the two curves leads before and after: "first", "second", or None if neither does.
    share
        Share of the resamples that cross within the range.
    case
        *crosses*; *no lead on both sides*, the curves cross, but not each of the two is shown to lead on its side; *no
        crossover in range*; *no curve*.
    reason
        Why there is no curve, or no interval, or None.
    """

    n_target: float | None
    low: float | None
    high: float | None
    before: Literal["first", "second"] | None
    after: Literal["first", "second"] | None
    share: float | None
    case: Literal["crosses", "no lead on both sides", "no crossover in range", "no curve"]
    reason: NoCurve | Unsure | None


def label_equivalence(
    sizes: ArrayLike,
    strategy: ArrayLike,
    reference: ArrayLike,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Equivalence, list[Equivalence]]:
    """Return how many times the labels a strategy is worth, relative to a reference such as training from scratch.

    Parameters
    ----------
    sizes
        Shape (sizes,), labels, rising.
    strategy, reference
        Shape (seeds, sizes), accuracies on the same seeds, NaN where a trial is missing.
    level
        Confidence of the intervals.
    draws
        Resamples of the seeds.
    seed
        Another seed draws other resamples.

    Returns
    -------
    The median of the factors over all sizes, which is robust to sizes out of range if most are in it; and the factor at
    each size.

    Examples
    --------
    >>> n = [20, 50, 100, 200, 500]
    >>> law = lambda k: 0.95 - 0.25 * (k / 20) ** -0.8
    >>> overall, each = label_equivalence(n, [[law(3 * k) for k in n]], [[law(k) for k in n]])
    >>> round(overall.times, 2), [e.case for e in each]
    (3.0, ['read', 'read', 'read', 'above range', 'above range'])
    """
    check_level(level)
    n, a, b = _pair(sizes, strategy, reference)
    asked = n[~np.isnan(a).all(axis=0)]
    fits = _fit_both(n, a, b, draws, seed)
    if fits is None:
        nothing = Equivalence(None, None, None, None, None, None, "no curve", "too few sizes")
        return nothing, []
    ours, theirs = fits
    times = theirs.labels_for(ours.at(asked)) / asked  # (fits, sizes)
    seeds, unsure = _seeds(a, b)
    least, most = theirs.smallest / asked, theirs.largest / asked

    def described(values: Floats, size: float | None, low: float, high: float) -> Equivalence:
        k = float(values[0])
        case: Literal["read", "below range", "above range"] = (
            "below range" if k == 0 else "above range" if np.isinf(k) else "read"
        )
        ends = (None, None) if unsure else _ends(values[1:], seeds, level, (low, high))
        return Equivalence(size, k if case == "read" else None, *ends, low, high, case, unsure)

    each = [described(times[:, k], float(asked[k]), float(least[k]), float(most[k])) for k in range(asked.size)]
    return described(_median(times), None, float(least.min()), float(most.max())), each


def crossover(
    sizes: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    verdicts: Sequence[Verdict] | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Crossover:
    """Return the size at which one learning curve overtakes another; the first one, if there are two.

    The leader before must be shown to lead at some size below it, and the leader after at some size above it.

    Parameters
    ----------
    sizes
        Shape (sizes,), labels, rising.
    first, second
        Shape (seeds, sizes), accuracies on the same seeds, NaN where a trial is missing.
    verdicts
        Shape (sizes,), on the first against the second; tested here, all sizes together, unless they are given.
    level
        Confidence of the interval.
    draws
        Resamples of the seeds.
    seed
        Another seed draws other resamples.

    Examples
    --------
    >>> n, luck = [20, 50, 100, 200, 500], (-0.002, 0.0, 0.001)
    >>> slow = [[0.9 - 0.1 * (k / 20) ** -0.5 + e for k in n] for e in luck]
    >>> fast = [[0.95 - 0.3 * (k / 20) ** -0.9 - e for k in n] for e in luck]
    >>> c = crossover(n, slow, fast)
    >>> round(c.n_target), c.before, c.after
    (63, 'first', 'second')
    """
    check_level(level)
    n, a, b = _pair(sizes, first, second)
    fits = _fit_both(n, a, b, draws, seed)
    if fits is None:
        return Crossover(None, None, None, None, None, None, "no curve", "too few sizes")
    one, other = fits
    low, high = max(one.smallest, other.smallest), min(one.largest, other.largest)
    grid = np.geomspace(low, high, POINTS)
    lead = one.at(grid) - other.at(grid)
    lead[np.abs(lead) < 1e-12] = 0.0
    starts = float(np.sign(lead[0][np.flatnonzero(lead[0])[:1]]).sum())  # 0 for equal curves
    places = _first_change(lead * starts, grid)
    seeds, unsure = _seeds(a, b)
    names: dict[float, Literal["first", "second"]] = {1.0: "first", -1.0: "second"}
    share = None if unsure else float(((places[1:] > 0) & np.isfinite(places[1:])).mean())
    if starts == 0 or np.isinf(places[0]):
        before = names.get(starts)
        return Crossover(None, None, None, before, before, share, "no crossover in range", unsure)
    place, before, after = float(places[0]), names[starts], names[-starts]
    if verdicts is None:
        verdicts = [d.verdict for d in paired_family(list(zip(a.T, b.T, strict=True)), margin=0.0, level=level)]
    if not _both_lead(n, verdicts, place, before):
        return Crossover(None, None, None, before, after, share, "no lead on both sides", unsure)
    ends = (None, None) if unsure else _ends(places[1:], seeds, level, (low, high))
    return Crossover(place, *ends, before, after, share, "crosses", unsure)


def _both_lead(n: Floats, verdicts: Sequence[Verdict], place: float, before: Literal["first", "second"]) -> bool:
    """Whether who leads before a place is shown to lead at a size below it, and the other at a size above it."""
    if len(verdicts) != n.size:
        raise ShapeError(f"{len(verdicts)} verdicts for {n.size} sizes")
    won, lost = ("better", "worse") if before == "first" else ("worse", "better")
    sides = [(won if size < place else lost) == verdict for size, verdict in zip(n, verdicts, strict=True)]
    below = n < place
    return bool(np.any(sides & below) and np.any(sides & ~below))


def _pair(sizes: ArrayLike, first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats, Floats]:
    n, a = check_curve(sizes, first)
    _, b = check_curve(sizes, second)
    if a.shape != b.shape:
        raise ShapeError(f"accuracies of shape {a.shape} cannot be paired with {b.shape}")
    a, b = in_one_order(a, b)
    return n, a, b


def _fit_both(n: Floats, a: Floats, b: Floats, draws: int, seed: int) -> tuple[Fits, Fits] | None:
    """Fit both curves on the same resamples; return None if one has too few sizes."""
    if any((~np.isnan(x)).any(axis=0).sum() < FEWEST for x in (a, b)):
        return None
    resamples = resample_seeds(len(a), draws, seed)
    return fit_resamples(n, a, resamples), fit_resamples(n, b, resamples)


def _seeds(a: Floats, b: Floats) -> tuple[int, Unsure | None]:
    """Return the number of seeds with trials, and why they allow no interval."""
    there = ~(np.isnan(a).all(axis=1) | np.isnan(b).all(axis=1))
    n = int(there.sum())
    if n < 2:
        return n, "one seed"
    both = np.hstack([a[there], b[there]])
    same = np.nanmax(both, axis=0, initial=-np.inf) - np.nanmin(both, axis=0, initial=np.inf) <= 1e-12
    return n, "no spread" if same.all() else None


def _first_change(lead: Floats, grid: Floats) -> Floats:
    """Return where each row of (fits, points), positive where the leader of the data leads, first falls below zero.

    0 for rows that begin below zero, infinite for those that stay above.
    """
    behind = lead < 0
    k = np.where(behind.any(axis=1), behind.argmax(axis=1), grid.size)
    rows, inside = np.arange(len(lead)), (k > 0) & (k < grid.size)
    j = np.clip(k, 1, grid.size - 1)
    up, down = lead[rows, j - 1], lead[rows, j]
    gap = up - down
    part = np.where(gap > 0, np.clip(up, 0.0, None) / np.where(gap > 0, gap, 1.0), 0.0)
    place = np.exp(np.log(grid[j - 1]) + np.clip(part, 0, 1) * np.log(grid[j] / grid[j - 1]))
    return np.where(inside, place, np.where(k == 0, 0.0, np.inf))


def _median(times: Floats) -> Floats:
    """Return the median factor of each row, on a logarithmic scale; infinite if half of the row is."""
    ordered = np.sort(times, axis=1)
    k = ordered.shape[1]
    low, high = ordered[:, (k - 1) // 2], ordered[:, k // 2]
    finite = (low > 0) & np.isfinite(high)
    between = np.sqrt(np.where(finite, low, 1.0) * np.where(finite, high, 1.0))
    return np.where(finite, between, np.where(low == 0, low, high))


def _ends(values: Floats, seeds: int, level: float, within: tuple[float, float]) -> tuple[float | None, float | None]:
    """Return the percentile interval, clipped to the range; None for an end that is out of it."""
    low, high = percentiles(values, seeds, level)
    return (None if low == 0 else min(low, within[1])), (None if np.isinf(high) else max(high, within[0]))

"""Compare strategies over all cells: probability of improvement, performance profiles, ranks.

They are about all cells, whereas a verdict is about one (Agarwal et al. 2021, arXiv 2108.13264; Demsar 2006,
Statistical comparisons of classifiers over multiple data sets). The seed is still the unit: its cells are averaged
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import ShapeError
from ._arrays import LEVEL, array, check_level, normal_quantile, t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Proportion:
    """A proportion with its interval.

    Attributes
    ----------
    n, dropped
        Number of seeds, and of missing values or pairs.
    share, low, high
        Proportion and interval; None where there is no seed.
    reason
        Why there is no value, or None.
    """

    n: int
    share: float | None
    low: float | None
    high: float | None
    dropped: int
    reason: Literal["no data"] | None


@dataclass(frozen=True, slots=True)
class Ranks:
    """Average ranks of strategies over blocks, and Friedman's test that they are all the same.

    Attributes
    ----------
    blocks, dropped
        Number of ranked blocks, and of blocks left out because they lack a strategy.
    ranks
        For each strategy; 1 is the best, and ties share their ranks.
    statistic, p
        Friedman's chi square, corrected for ties, and its p-value.
    agreement
        Kendall's W: 1 when all blocks rank alike, 0 when there is no pattern.
    reason
        Why there is no test, or None.
    """

    blocks: int
    dropped: int
    ranks: tuple[float, ...] | None
    statistic: float | None
    p: float | None
    agreement: float | None
    reason: Literal["no data", "single strategy", "one block", "all tied"] | None


def probability_of_improvement(first: ArrayLike, second: ArrayLike, *, level: float = LEVEL) -> Proportion:
    """Return the probability that the first strategy is better than the second on the same seed; ties count half.

    The interval is Wilson's for the effective number of trials, see `_trials_worth`.

    Parameters
    ----------
    first, second
        Shape (seeds,) or (seeds, cells), NaN where a trial is missing.
    level
        Confidence of the interval.

    Examples
    --------
    >>> p = probability_of_improvement([0.9, 0.8, 0.9, 0.9], [0.8, 0.8, 0.7, 0.8])
    >>> p.share, round(p.low, 2), round(p.high, 2)
    (0.875, 0.4, 0.99)
    """
    a, b = _seeds_by_cells(first), _seeds_by_cells(second)
    if a.shape != b.shape:
        raise ShapeError(f"values of shape {a.shape} cannot be paired with {b.shape}")
    won = np.where(np.isnan(a) | np.isnan(b), np.nan, (a > b) + (a == b) / 2)
    return _share(won, check_level(level))


def performance_profile(scores: ArrayLike, thresholds: ArrayLike, *, level: float = LEVEL) -> tuple[Proportion, ...]:
    """Return how often a strategy's accuracy exceeds each threshold, over seeds and cells, with intervals.

    Parameters
    ----------
    scores
        Shape (seeds,) or (seeds, cells), NaN where a trial is missing.
    thresholds
        Shape (t,).

    Returns
    -------
    tuple of Proportion
        One per threshold. Each interval holds by itself, not all of them together; they never rise with the threshold,
        since whoever exceeds an accuracy exceeds a lower one.
    """
    x = _seeds_by_cells(scores)
    taus = array(thresholds, ndim=1, expected="(thresholds,)")
    shares = [_share(np.where(np.isnan(x), np.nan, x > tau), check_level(level)) for tau in taus]
    return tuple(shares) if np.isnan(x).all() else _falling(shares, taus.argsort())


def average_ranks(scores: ArrayLike) -> Ranks:
    """Rank strategies within blocks and average the ranks (Friedman 1937, with the correction for ties).

    Parameters
    ----------
    scores
        Shape (blocks, strategies), higher is better: the seeds of one cell, or the means of all cells. A block that
        lacks a strategy is left out.

    Examples
    --------
    >>> average_ranks([[0.9, 0.8, 0.7], [0.8, 0.9, 0.7], [0.9, 0.8, 0.8]]).ranks
    (1.3333333333333333, 1.8333333333333333, 2.8333333333333335)
    """
    from scipy.special import chdtrc

    x = array(scores, ndim=2, expected="(blocks, strategies)")
    whole = x[~np.isnan(x).any(axis=1)]
    (n, k), dropped = whole.shape, len(x) - len(whole)
    if n == 0 or k == 0:
        return Ranks(0, dropped, None, None, None, None, "no data")
    one, other = whole[:, :, None], whole[:, None, :]
    places = ((other > one) + 0.5 * (other == one)).sum(axis=2) + 0.5  # ties share; scipy.stats would take a second
    means = tuple(places.mean(axis=0).tolist())
    if k == 1 or n == 1:
        return Ranks(n, dropped, means, None, None, None, "single strategy" if k == 1 else "one block")
    spread = float(((places - (k + 1) / 2) ** 2).sum())  # n k (k^2 - 1) / 12 without ties
    if spread == 0:
        return Ranks(n, dropped, means, None, None, None, "all tied")
    between = float(((places.sum(axis=0) - n * (k + 1) / 2) ** 2).sum())
    statistic = (k - 1) * between / spread
    return Ranks(n, dropped, means, statistic, float(chdtrc(k - 1, statistic)), statistic / (n * (k - 1)), None)


def _seeds_by_cells(values: ArrayLike) -> Floats:
    x = np.asarray(values, dtype=np.float64)
    return array(x[:, None] if x.ndim == 1 else x, ndim=2, expected="(seeds,) or (seeds, cells)")


def _share(x: Floats, level: float) -> Proportion:
    """Average values between 0 and 1 over cells, then over seeds, with Wilson's interval (1927)."""
    there = ~np.isnan(x)
    dropped = int((~there).sum())
    seen = there.any(axis=1)
    if not seen.any():
        return Proportion(0, None, None, None, dropped, "no data")
    by_seed = np.nan_to_num(x)[seen].sum(axis=1) / there[seen].sum(axis=1)
    share, n = float(by_seed.mean()), _trials_worth(by_seed, int(there.sum()), level)
    z2 = normal_quantile((1 + level) / 2) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return Proportion(by_seed.size, share, max(0.0, centre - half), min(1.0, centre + half), dropped, None)


def _falling(shares: Sequence[Proportion], order: Ints) -> tuple[Proportion, ...]:
    """Return the proportions with intervals made monotone over thresholds, whose rising order is `order`."""
    low, high = (np.array([getattr(s, end) for s in shares], dtype=np.float64) for end in ("low", "high"))
    low[order] = np.maximum.accumulate(low[order][::-1])[::-1]
    high[order] = np.minimum.accumulate(high[order])
    return tuple(replace(s, low=float(a), high=float(b)) for s, a, b in zip(shares, low, high, strict=True))


def _trials_worth(by_seed: Floats, values: int, level: float) -> float:
    """Return the effective number of trials of these seeds, each of which is a mean over its cells.

    It is the n for which the variance of a proportion, p (1 - p) / n, equals the one observed between seeds: the
    effective sample size of a survey in clusters, reduced because that variance is itself estimated (Korn and Graubard
    1998, Survey Methodology 24; Franco et al. 2019, doi 10.1093/jssam/smy019, with Wilson's interval). It is at
    least the number of seeds, which is right if the cells of a seed succeed or fail together, and at most the number of
    `values`, which is right if they are independent. If all succeed or all fail, their dependence is unknown, and the
    seeds count. A proportion within a few percent of 0 or 1 is covered less often than the level if cells depend
    strongly on each other: 0.85 was the lowest coverage of all simulations at 0.95.
    """
    n, share = by_seed.size, float(by_seed.mean())
    if n == 1 or share in {0.0, 1.0}:
        return n
    tail = (1 + level) / 2
    one_trial = share * (1 - share) * (normal_quantile(tail) / t_quantile(tail, n - 1)) ** 2
    return max(n, one_trial / max(float(by_seed.var(ddof=1)) / n, one_trial / values))

"""Intervals over seeds: of a mean, and of an interquartile mean.

The mean is the expected value of the next seed; the interquartile mean is the mean of the middle half, after the worst
and the best quarter of the seeds are left out (Agarwal et al. 2021, arXiv 2108.13264).

See Also
--------
scipy.stats.t, scipy.stats.trim_mean : the oracles of the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..seeds import rng_for
from ._arrays import LEVEL, Reason, check_count, check_level, column, rounding, t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Floats, Ints

DRAWS, PART = 1_999, 2**17  # resamples, and numbers that are drawn or averaged at a time
MOST_KEPT = 2**20  # places
FEWEST = 10  # seeds of an interquartile mean: with eight, a third of all resamples has no spread in its middle


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over seeds, with its interval where there is one.

    Attributes
    ----------
    n
        Number of seeds.
    mean, sd
        Mean and standard deviation (divisor n - 1); None where there are too few seeds.
    low, high
        Student's t interval of the mean.
    reason
        Why there is no interval, or None.
    dropped
        Number of missing seeds.
    """

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    reason: Reason | None
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Interquartile:
    """The mean of the middle half of the seeds, with its bootstrap-t interval.

    Attributes
    ----------
    n, dropped
        Number of seeds, and of missing seeds.
    mean, low, high
        Interquartile mean and its interval.
    reason
        Why there is no interval, or None.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None
    reason: Literal["no data", "too few seeds", "no spread"] | None
    dropped: int


def mean_interval(values: ArrayLike, *, level: float = LEVEL) -> Mean:
    """Student's t interval of a mean (Student 1908, The probable error of a mean).

    Parameters
    ----------
    values
        Shape (n,), one value for each seed, NaN where it is missing; n may be 0 or 1.
    level
        Confidence of the interval, between 0 and 1.

    Raises
    ------
    ShapeError
        When `values` has another number of dimensions than one.
    NotFiniteError
        When a value is infinite.

    Examples
    --------
    >>> m = mean_interval([0.70, 0.72, 0.74])
    >>> round(m.mean, 3), round(m.low, 3), round(m.high, 3)
    (0.72, 0.67, 0.77)
    >>> mean_interval([0.7]).reason
    'one seed'
    """
    x, dropped = column(values)
    return mean_of(x, check_level(level), rounding(x), dropped)


def mean_of(x: Floats, level: float, noise: float, dropped: int, overlap: float = 0.0) -> Mean:
    """Return mean and interval of values without missing ones; a spread up to `noise` counts as none.

    `overlap` is that of `fastmlp.stats.paired_family`.
    """
    if x.size == 0:
        return Mean(0, None, None, None, None, "no data", dropped)
    mean = float(x.mean())
    if x.size == 1:
        return Mean(1, mean, None, None, None, "one seed", dropped)
    sd = float(x.std(ddof=1))
    if sd <= noise:
        return Mean(x.size, mean, 0.0, None, None, "no spread", dropped)
    half = t_quantile((1 + level) / 2, x.size - 1) * sd / (x.size / (1 + x.size * overlap)) ** 0.5
    return Mean(x.size, mean, sd, mean - half, mean + half, None, dropped)


def interquartile_mean(values: ArrayLike, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 0) -> Interquartile:
    """Mean of the middle half of the seeds, with a bootstrap-t interval.

    A quarter of the seeds, rounded down, is left out at each end. The standard error of such a mean follows from the
    winsorised values (Tukey and McLaughlin 1963); the bootstrap gives the distribution of the mean in units of that
    error, which is skewed if the values are (Efron and Tibshirani 1993, section 12.5).

    Parameters
    ----------
    values
        Shape (n,), one value for each seed, NaN where it is missing.
    level
        Confidence of the interval, between 0 and 1.
    draws
        Resamples.
    seed
        Another seed draws other resamples.

    Examples
    --------
    >>> round(interquartile_mean([0.1, 0.2, 0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.98, 0.99]).mean, 3)
    0.825
    >>> interquartile_mean([0.80, 0.81, 0.82]).reason
    'too few seeds'
    """
    x, dropped = column(values)
    check_level(level)
    if x.size == 0:
        return Interquartile(0, None, None, None, "no data", dropped)
    x = np.sort(x)
    mean, error = (float(v[0]) for v in _middle(x[None]))
    if x.size < FEWEST:
        return Interquartile(x.size, mean, None, None, "too few seeds", dropped)
    if error <= rounding(x):
        return Interquartile(x.size, mean, None, None, "no spread", dropped)
    low, high = _bootstrap_t(x, mean, level, _resamples(x.size, draws, seed))
    if not np.isfinite([low, high]).all():
        return Interquartile(x.size, mean, None, None, "no spread", dropped)
    return Interquartile(x.size, mean, mean - low * error, mean + high * error, None, dropped)


def _bootstrap_t(x: Floats, mean: float, level: float, resamples: Ints) -> tuple[float, float]:
    """Return how far the interval reaches below and above the mean, in units of its standard error."""
    rows = max(1, PART // x.size)  # at a time, so that memory does not grow with the seeds
    parts = [_middle(x[resamples[k : k + rows]]) for k in range(0, len(resamples), rows)]
    means, errors = map(np.concatenate, zip(*parts, strict=True))
    away = means - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(errors > rounding(x), away / errors, np.where(away == 0, 0.0, np.copysign(np.inf, away)))
    t.sort()
    tail = int((1 - level) / 2 * (t.size + 1))  # with 1,999 resamples and 95 %, the 50th from either end
    k = max(tail, 1) - 1
    return float(t[-1 - k]), float(-t[k])


def _middle(x: Floats) -> tuple[Floats, Floats]:
    """Return the interquartile mean of each sorted row of (rows, n), and its standard error."""
    n = x.shape[1]
    g = n // 4
    middle = x[:, g : n - g]
    pulled_in = np.clip(x, middle[:, :1], middle[:, -1:])
    spread = pulled_in.std(axis=1, ddof=1) if n > 1 else np.zeros(len(x))
    return middle.mean(axis=1), spread / ((1 - 2 * g / n) * n**0.5)


def _resamples(n: int, draws: int, seed: int) -> Ints:
    """Return places with replacement, (draws, n); those of thousands of seeds are drawn anew each time."""
    return _kept(n, draws, seed) if draws * n <= MOST_KEPT else _drawn(n, draws, seed)


def _drawn(n: int, draws: int, seed: int) -> Ints:
    """Draw places with replacement; each row is sorted, so that sorted values stay in order."""
    check_count("draws", draws)
    rng = rng_for("resamples", n=n, draws=draws, seed=seed)
    places = np.empty((draws, n), np.int16 if n < 2**15 else np.int64)
    rows = max(1, PART // n)
    for k in range(0, draws, rows):
        part = places[k : k + rows]
        part[:] = np.sort(rng.integers(n, size=part.shape), axis=1)
    places.flags.writeable = False
    return places


_kept = lru_cache(maxsize=8)(_drawn)

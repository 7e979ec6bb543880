"""Learning curves: accuracy as a function of the number of labels.

A saturating power law, acc(n) = ceiling - lack * (n / smallest)^-rate, with lack >= 0, rate > 0 and ceiling <= 1, so
that it never falls and stays a possible accuracy. Such laws fit best among the simple ones from a few points
(Viering and Loog 2021, The shape of learning curves, arXiv 2103.10948), and are good for interpolation between the
measured sizes; nothing here extrapolates.

For a given rate the law is linear in the other two, so the fit is a search along one axis with an exact solution at
each point (variable projection; Golub and Pereyra 1973), for thousands of resamples at once. Sizes
are weighted by the precision of their means, and outliers are downweighted (Huber 1964).

See Also
--------
scipy.optimize.least_squares : the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidInput, ShapeError
from ..seeds import rng_for
from ._arrays import array, check_count, normal_below, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from ._arrays import Floats, Ints

    Sum = Callable[[Floats], Floats]

DRAWS, PART = 999, 2**17  # resamples, and numbers that are drawn or counted at a time
RATES = np.geomspace(0.02, 8.0, 33)
HUBER = 1.345  # errors beyond which a size is downweighted: 95 % efficiency for normal errors
ROUNDS = 3  # of downweighting
NARROWINGS = 3  # of the search around the best rate, by a factor of four each
FLAT = 1e-12  # accuracies that differ by less are equal
FEWEST = 3  # sizes: as many as a curve has parameters


@dataclass(frozen=True, slots=True)
class Curve:
    """A learning curve fitted to the mean accuracies of a strategy.

    Attributes
    ----------
    ceiling, lack, rate
        acc(n) = ceiling - lack * (n / smallest)^-rate; None where there is no fit.
    smallest, largest
        Smallest and largest size of the fit.
    misfit
        Root mean square distance of the mean accuracies from the curve.
    sizes, seeds, dropped
        Number of sizes, of seeds, and of missing trials.
    reason
        Why there is no fit, or None.
    """

    ceiling: float | None
    lack: float | None
    rate: float | None
    smallest: float
    largest: float
    misfit: float | None
    sizes: int
    seeds: int
    dropped: int
    reason: Literal["no data", "too few sizes"] | None

    def at(self, n: ArrayLike) -> Floats | None:
        """Return accuracies at sizes `n`, of the shape of `n`; None where there is no fit."""
        if self.ceiling is None or self.lack is None or self.rate is None:
            return None
        x = np.asarray(n, dtype=np.float64) / self.smallest
        return np.asarray(self.ceiling - self.lack * x**-self.rate)


@dataclass(frozen=True, slots=True)
class Fits:
    """Curves of one strategy on many resamples of its seeds; the first is that of the data.

    Attributes
    ----------
    ceiling, lack, rate
        Shape (fits,).
    smallest, largest
        Range of the fit.
    """

    ceiling: Floats
    lack: Floats
    rate: Floats
    smallest: float
    largest: float

    def at(self, n: ArrayLike) -> Floats:
        """Return accuracies at sizes `n` of shape (k,), as (fits, k)."""
        x = np.asarray(n, dtype=np.float64) / self.smallest
        return self.ceiling[:, None] - self.lack[:, None] * x ** -self.rate[:, None]

    def labels_for(self, accuracy: Floats) -> Floats:
        """Return the sizes at which the curves reach accuracies (fits, k): 0 below the range, infinite above."""
        reached = self.at([self.smallest, self.largest])
        lack = np.maximum(self.lack, FLAT)[:, None]
        share = np.clip((self.ceiling[:, None] - accuracy) / lack, FLAT, 1.0)
        sizes = self.smallest * np.exp(np.minimum(-np.log(share) / self.rate[:, None], 100.0))
        sizes = np.clip(sizes, self.smallest, self.largest)
        sizes = np.where(accuracy < reached[:, :1] - FLAT, 0.0, sizes)
        return np.where(accuracy > reached[:, 1:] + FLAT, np.inf, sizes)


def fit_curve(sizes: ArrayLike, accuracy: ArrayLike) -> Curve:
    """Fit a learning curve.

    Parameters
    ----------
    sizes
        Shape (sizes,), labels, rising.
    accuracy
        Shape (seeds, sizes), NaN where a trial is missing.

    Raises
    ------
    ShapeError, InvalidInput
        When the shapes do not match, or sizes are not positive and rising.

    Examples
    --------
    >>> n = [20, 50, 100, 200, 500]
    >>> c = fit_curve(n, [[0.95 - 0.25 * (k / 20) ** -0.8 for k in n]])
    >>> round(c.ceiling, 3), round(c.lack, 3), round(c.rate, 2)
    (0.95, 0.25, 0.8)
    """
    n, x = check_curve(sizes, accuracy)
    there = ~np.isnan(x)
    measured = there.any(axis=0)
    few = int(measured.sum())
    seeds, dropped = int(there.any(axis=1).sum()), int((~there).sum())
    low, high = (float(n[measured][0]), float(n[measured][-1])) if few else (0.0, 0.0)
    if few < FEWEST:
        reason: Literal["no data", "too few sizes"] = "too few sizes" if few else "no data"
        return Curve(None, None, None, low, high, None, few, seeds, dropped, reason)
    fits = fit_resamples(n, x, np.arange(len(x))[None])
    away = fits.at(n[measured])[0] - np.nanmean(x[:, measured], axis=0)
    fitted = (float(fits.ceiling[0]), float(fits.lack[0]), float(fits.rate[0]))
    return Curve(*fitted, low, high, float((away**2).mean() ** 0.5), few, seeds, dropped, None)


def check_curve(sizes: ArrayLike, accuracy: ArrayLike) -> tuple[Floats, Floats]:
    """Return sizes (sizes,) and accuracies (seeds, sizes) in double precision, checked."""
    n = array(sizes, ndim=1, expected="(sizes,)")
    x = array(accuracy, ndim=2, expected="(seeds, sizes)")
    if x.shape[1] != n.size:
        raise ShapeError(f"accuracies have shape {x.shape}, expected (seeds, {n.size})")
    if not (np.all(n > 0) and np.all(np.diff(n) > 0)):
        raise InvalidInput(f"sizes are {n.tolist()}, expected above zero and rising")
    return n, x


def fit_resamples(sizes: Floats, accuracy: Floats, resamples: Ints) -> Fits:
    """Fit one curve to each resample of the seeds.

    Parameters
    ----------
    sizes : (sizes,)
    accuracy : (seeds, sizes)
        At least three sizes have a trial.
    resamples : (fits, seeds)
        Places of seeds.
    """
    measured = ~np.isnan(accuracy).all(axis=0)
    n, x = sizes[measured], accuracy[:, measured]
    means = _means(x, resamples)
    errors = _errors(x)
    base = 1 / errors**2
    scaled = n / n[0]
    weights = np.broadcast_to(base, means.shape)
    for _ in range(ROUNDS):
        ceiling, lack, rate = _search(scaled, means, weights, 0)
        away = np.abs(means - (ceiling[:, None] - lack[:, None] * scaled ** -rate[:, None])) / errors
        weights = base * np.minimum(1.0, HUBER / np.maximum(away, 1e-12))
    ceiling, lack, rate = _search(scaled, means, weights, NARROWINGS)
    return Fits(ceiling, lack, rate, float(n[0]), float(n[-1]))


def resample_seeds(n: int, draws: int, seed: int) -> Ints:
    """Return places of `n` seeds, (1 + draws, n): first all in order, then drawn with replacement.

    They are integers of as few bytes as will do, because thousands of draws of thousands of seeds are many.
    """
    check_count("draws", draws)
    rng = rng_for("curves", n=n, draws=draws, seed=seed)
    places: Ints = np.empty((1 + draws, n), np.min_scalar_type(n))
    places[0] = np.arange(n)
    some = max(1, PART // n)
    for k in range(1, len(places), some):
        part = places[k : k + some]
        part[:] = rng.integers(n, size=part.shape)
    return places


def percentiles(values: Floats, n: int, level: float) -> tuple[float, float]:
    """Return the percentile interval of resampled values, which may be infinite, from `n` seeds.

    The percentiles are moved outwards to correct for few seeds, as Student's quantiles and the divisor n - 1 do for a
    mean (Hesterberg 2015, arXiv 1411.5279, section 4.2, "expanded percentile interval").
    """
    tail = normal_below((n / (n - 1)) ** 0.5 * t_quantile((1 - level) / 2, n - 1))
    ordered = np.sort(values)
    k = max(int(tail * (ordered.size + 1)), 1) - 1
    return float(ordered[k]), float(ordered[-1 - k])


def in_one_order(*curves: Floats) -> Sequence[Floats]:
    """Return accuracies (seeds, sizes) with seeds sorted by their sum, so that their order does not matter."""
    sums = sum(np.nan_to_num(x).sum(axis=1) for x in curves)
    order = np.argsort(sums, kind="stable")
    return [x[order] for x in curves]


def _means(x: Floats, resamples: Ints) -> Floats:
    """Return the mean of each resample at each size; one without trials there gets the mean of all seeds."""
    there = ~np.isnan(x)
    filled = np.where(there, x, 0.0)
    # How often a seed occurs in a resample, some resamples at a time
    some = max(1, PART // len(x))
    parts = (_occurrences(resamples[k : k + some], len(x)) for k in range(0, len(resamples), some))
    counts, sums = map(np.vstack, zip(*((times @ there, times @ filled) for times in parts), strict=True))
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1.0), filled.sum(axis=0) / there.sum(axis=0))
    return means


def _occurrences(resamples: Ints, n: int) -> Floats:
    """Count how often each of `n` seeds occurs in each resample, (resamples, n)."""
    times = np.zeros((len(resamples), n))
    np.add.at(times, (np.arange(len(resamples))[:, None], resamples), 1.0)
    return times


def _errors(x: Floats) -> Floats:
    """Return standard errors of the means at each size; where one is almost 0, a typical one."""
    counts = (~np.isnan(x)).sum(axis=0)
    away = np.where(np.isnan(x), 0.0, x - np.nan_to_num(x).sum(axis=0) / np.maximum(counts, 1))
    errors = np.sqrt((away**2).sum(axis=0) / np.maximum(counts - 1, 1) / np.maximum(counts, 1))
    known = errors[(counts > 1) & (errors > 1e-9)]
    if not known.size:
        return np.ones(len(errors))
    typical = float(np.median(known))
    return np.maximum(np.where(counts > 1, errors, typical), typical / 10)


def _search(n: Floats, y: Floats, weights: Floats, narrowings: int) -> tuple[Floats, Floats, Floats]:
    """Return ceiling, lack and rate of the best curve for each row of y (fits, sizes)."""
    w = weights / weights.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    rates = np.broadcast_to(RATES, (len(y), len(RATES)))
    shapes = n ** -RATES[:, None]  # (rates, sizes): the same for all fits, so that sums over sizes are matrix products
    ceiling, lack, loss = _solve(y, w, lambda v: v @ shapes.T, lambda v: v @ (shapes**2).T)
    for narrowing in range(narrowings):
        best = rates[rows, loss.argmin(axis=1)]
        rates = best[:, None] * (RATES[1] / RATES[0]) ** (np.linspace(-1, 1, 9) / 4.0**narrowing)
        own = n ** -rates[:, :, None]  # (fits, 9, sizes)
        ceiling, lack, loss = _solve(y, w, partial(_sum_over_sizes, own), partial(_sum_over_sizes, own**2))
    best = loss.argmin(axis=1)
    return ceiling[rows, best], lack[rows, best], rates[rows, best]


def _sum_over_sizes(shapes: Floats, v: Floats) -> Floats:
    """Return sums over sizes of (fits, sizes) times (fits, rates, sizes)."""
    return np.asarray(np.matmul(shapes, v[:, :, None])[:, :, 0])


def _solve(y: Floats, w: Floats, times_z: Sum, times_zz: Sum) -> tuple[Floats, Floats, Floats]:
    """Return the best ceiling and lack for each fit and rate, and the weighted mean square error, each (fits, rates).

    There are two linear parameters with two bounds: if the free optimum breaks one, the best lies on an edge, so both
    edges are tried.

    Parameters
    ----------
    y, w : (fits, sizes)
        Mean accuracies, and weights that add up to 1.
    times_z, times_zz
        Sums over sizes of (fits, sizes) times z = n^-rate, and times its square.
    """
    y_mean = (w * y).sum(axis=1, keepdims=True)
    away, short = y - y_mean, 1.0 - y
    z_mean, zz = times_z(w), times_zz(w)
    spread = np.maximum(zz - z_mean**2, 1e-300)
    falls = -times_z(w * away)
    lack = np.maximum(falls / spread, 0.0)
    ceiling = y_mean + lack * z_mean  # with lack 0, the ceiling is the mean
    loss = (w * away**2).sum(axis=1, keepdims=True) - 2 * lack * falls + lack**2 * spread
    at_one = times_z(w * short)
    edge = np.maximum(at_one / zz, 0.0)
    edge_loss = (w * short**2).sum(axis=1, keepdims=True) - 2 * edge * at_one + edge**2 * zz
    inside = ceiling <= 1
    return np.where(inside, ceiling, 1.0), np.where(inside, lack, edge), np.where(inside, loss, edge_loss)

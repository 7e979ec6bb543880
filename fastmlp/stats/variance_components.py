"""Variance components: how much of the variance of an accuracy each source of randomness explains.

Each random draw has a purpose: the labelled examples, the initial weights, the order of the batches, the pretraining. A
study may vary one purpose by replicates while the others stay those of the seed. The variance between these replicates,
averaged over seeds, is the total effect of that purpose, interactions included (Homma and Saltelli 1996, doi
10.1016/0951-8320(96)00002-6). Because interactions count for each purpose that takes part, the parts may add up to more
than the total; the rest of the total is due to what no replicate varies, such as the split.

Variances are skewed, so intervals are Student's on the scale of their logarithm, with the jackknife's standard error
over seeds (Miller 1968, Jackknifing variances). This assumes no normal law, to which intervals of a variance are
sensitive.

Bouthillier et al. (2021, arXiv 2103.03098) recommend such an analysis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ._arrays import LEVEL, array, check_level, column, rounding, t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Floats

FEWEST = 3  # seeds: leaving one out must leave a variance


@dataclass(frozen=True, slots=True)
class Component:
    """A component of variance.

    Attributes
    ----------
    name
        The purpose that varies, "total", or "rest".
    variance, low, high
        The component and its interval.
    share
        Of the total.
    seeds, replicates, dropped
        Number of seeds, of all their replicates, and of missing trials.
    reason
        Why there is no interval, or no value, or None.
    """

    name: str
    variance: float | None
    low: float | None
    high: float | None
    share: float | None
    seeds: int
    replicates: int
    dropped: int
    reason: Literal["no data", "too few seeds", "no spread", "parts exceed the total"] | None


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """The sources of the variance of an accuracy.

    Attributes
    ----------
    total
        Variance between seeds, when everything varies.
    parts
        The component of each purpose, in the given order.
    rest
        The total minus the parts: due to what no replicate varies.
    """

    total: Component
    parts: tuple[Component, ...]
    rest: Component


def variance_components(
    total: ArrayLike, replicates: Mapping[str, ArrayLike], *, level: float = LEVEL
) -> VarianceComponents:
    """Split the variance of an accuracy among the purposes that vary.

    Parameters
    ----------
    total
        Shape (seeds,), one accuracy per seed, NaN where it is missing.
    replicates
        For each purpose, accuracies of shape (seeds, replicates): within a row only that purpose varies.
    level
        Confidence of the intervals.

    Examples
    --------
    >>> found = variance_components(
    ...     [0.8, 0.9, 0.85, 0.95], {"order": [[0.8, 0.82], [0.9, 0.9], [0.85, 0.86], [0.95, 0.93]]}
    ... )
    >>> [(c.name, round(c.share, 2)) for c in (*found.parts, found.rest)]
    [('order', 0.03), ('rest', 0.97)]
    """
    check_level(level)
    everything, scatter = _total(total, level)
    found = [_part(name, values, level) for name, values in replicates.items()]
    parts = [_with_share(part, everything) for part, _ in found]
    errors = [scatter, *(error for _, error in found)]
    return VarianceComponents(
        _with_share(everything, everything), tuple(parts), _rest(everything, parts, errors, level)
    )


def _total(values: ArrayLike, level: float) -> tuple[Component, float | None]:
    """Return the variance between seeds, and its standard error."""
    x, dropped = column(values)
    counts = (x.size, x.size, dropped)
    if x.size < FEWEST:
        variance = float(x.var(ddof=1)) if x.size > 1 else None
        return Component("total", variance, None, None, None, *counts, "too few seeds" if x.size else "no data"), None
    variance = float(x.var(ddof=1))
    away = (x - x.mean()) ** 2
    left = (away.sum() - away * x.size / (x.size - 1)) / (x.size - 2)  # the variance without each seed
    return _interval(Component("total", variance, None, None, None, *counts, None), left, x, level)


def _part(name: str, values: ArrayLike, level: float) -> tuple[Component, float | None]:
    """Return the variance between replicates, averaged over seeds, and its standard error."""
    x = array(values, ndim=2, expected="(seeds, replicates)")
    there = ~np.isnan(x)
    several = there.sum(axis=1) > 1  # a single replicate shows no variance
    kept, known = x[several], there[several]
    counts = (int(several.sum()), int(known.sum()), int((~there).sum()))
    if not kept.size:
        return Component(name, None, None, None, None, *counts, "no data"), None
    means = np.where(known, kept, 0.0).sum(axis=1, keepdims=True) / known.sum(axis=1, keepdims=True)
    variances = np.where(known, kept - means, 0.0) ** 2
    by_seed = variances.sum(axis=1) / (known.sum(axis=1) - 1)
    component = Component(name, float(by_seed.mean()), None, None, None, *counts, None)
    if by_seed.size < FEWEST:
        return replace(component, reason="too few seeds"), None
    left = (by_seed.sum() - by_seed) / (by_seed.size - 1)
    return _interval(component, left, kept[known], level)


def _interval(c: Component, left: Floats, values: Floats, level: float) -> tuple[Component, float | None]:
    """Return the component with its interval, by the jackknife: `left` has the variances without each seed."""
    noise = rounding(values) ** 2
    if c.variance is None or c.variance <= noise or (left <= noise).any():
        return replace(c, variance=0.0 if (c.variance or 0.0) <= noise else c.variance, reason="no spread"), None
    logs = np.log(left)
    error = float((((logs - logs.mean()) ** 2).sum() * (len(logs) - 1) / len(logs)) ** 0.5)
    factor = float(np.exp(t_quantile((1 + level) / 2, len(logs) - 1) * error))
    if not np.isfinite(factor):
        return replace(c, reason="too few seeds"), None
    return replace(c, low=c.variance / factor, high=c.variance * factor), error * c.variance


def _rest(total: Component, parts: list[Component], errors: list[float | None], level: float) -> Component:
    """Return the total minus the parts; the errors of the parts add up in squares."""
    counts = (total.seeds, total.replicates, total.dropped)
    known = [p.variance for p in parts if p.variance is not None]
    if total.variance is None or len(known) < len(parts):
        return Component("rest", None, None, None, None, *counts, "no data")
    left = total.variance - sum(known)
    if left < 0:
        return Component("rest", None, None, None, None, *counts, "parts exceed the total")
    rest = Component("rest", left, None, None, None, *counts, None)
    sure = [e for e in errors if e is not None]
    if len(sure) < len(errors):
        return replace(_with_share(rest, total), reason="too few seeds")
    fewest = min(total.seeds, *(p.seeds for p in parts)) if parts else total.seeds
    half = t_quantile((1 + level) / 2, fewest - 1) * sum(e**2 for e in sure) ** 0.5
    return _with_share(replace(rest, low=max(0.0, left - half), high=left + half), total)


def _with_share(c: Component, total: Component) -> Component:
    return replace(c, share=c.variance / total.variance) if c.variance is not None and total.variance else c

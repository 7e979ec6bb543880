"""The variance ledger: what an accuracy varies with.

Everything that is random has a purpose: which examples are labelled, the initial weights, the order of the batches, the
pretraining. A study may vary one purpose by a number of replicates while all others stay those of the seed. The
variance between these replicates, averaged over seeds, is what that purpose accounts for, its interplay with the others
included (the total effect; Homma and Saltelli 1996, doi 10.1016/0951-8320(96)00002-6). Since interplay is counted for
each that takes part in it, the parts may add up to more than the total; what is left of the total is due to what no
replicate varies, such as the split.

Variances are skewed, so intervals are Student's on the scale of their logarithm, with the standard error by the
jackknife over seeds (Miller 1968, Jackknifing variances): no normal law is assumed, of which an interval of a variance
would not forgive the lack.

Bouthillier et al. (2021, arXiv 2103.03098) made the case for such a ledger.
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
        Seeds it rests on, all their replicates, and trials that are missing.
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
    """Where the variance of an accuracy comes from.

    Attributes
    ----------
    total
        The variance between seeds, with everything varying.
    parts
        What each purpose accounts for, in the order given.
    rest
        The total less the parts: what no replicate varies.
    """

    total: Component
    parts: tuple[Component, ...]
    rest: Component


def variance_components(
    total: ArrayLike, replicates: Mapping[str, ArrayLike], *, level: float = LEVEL
) -> VarianceComponents:
    """Split the variance of an accuracy by what varies.

    Parameters
    ----------
    total
        Shape (seeds,), one accuracy a seed, NaN where it is missing.
    replicates
        For each purpose, accuracies of shape (seeds, replicates): in a row that purpose alone varies.
    level
        Confidence of the intervals.

    Examples
    --------
    >>> ledger = variance_components(
    ...     [0.8, 0.9, 0.85, 0.95], {"order": [[0.8, 0.82], [0.9, 0.9], [0.85, 0.86], [0.95, 0.93]]}
    ... )
    >>> [(c.name, round(c.share, 2)) for c in (*ledger.parts, ledger.rest)]
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
    """The variance between seeds, and its standard error."""
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
    """The variance between replicates, averaged over seeds, and its standard error."""
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
    """The component with its interval, from the same variance without each of the seeds."""
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
    """What the parts leave of the total; errors of the parts add up in squares."""
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

"""The regret of advice: the accuracy that following it costs.

Advice picks a strategy for each cell before the cell is seen. Its regret is the accuracy of the best strategy minus
that of the one picked. The best must not be chosen by the same numbers that are then compared: the highest of many
means is too high by luck, and every advice would look bad. So the seeds are split in halves: for each half, the best is
the strategy that the other half puts first. So selection causes no bias. The regret may be negative where strategies
are equally good; where half of the seeds cannot tell them apart, it is smaller than against an oracle. Leaving out one
seed at a time would choose better but give a worse interval, because all choices would depend on the same seeds.

What is tied is chosen in equal shares: the accuracy of such a choice is the mean over what is tied. To take the first
of equals would make a result depend on the order in which strategies or sources are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidInput, ShapeError
from ._arrays import LEVEL, array, check_level, rounding
from .intervals import mean_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Bools, Floats, Ints

    Shares = Floats | Bools

PART = 2**17  # accuracies that are looked at, about


@dataclass(frozen=True, slots=True)
class Regret:
    """Accuracy lost by following an advice.

    Attributes
    ----------
    mean, low, high
        Mean over cells, with Student's t interval over seeds.
    n
        Number of seeds.
    by_cell
        Mean over seeds in each cell, None where there is none.
    cells
        Number of cells in which the advised strategy and another one have trials.
    dropped
        Trials left out in these cells, because the advised strategy or all others are missing.
    reason
        Why there is no interval, or None.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int
    by_cell: tuple[float | None, ...]
    cells: int
    dropped: int
    reason: Literal["no data", "one seed", "no spread"] | None


def regret(accuracy: ArrayLike, choice: ArrayLike | None, *, level: float = LEVEL) -> Regret:
    """Return the regret of choosing a strategy, or a source, in each cell.

    Parameters
    ----------
    accuracy
        Shape (cells, strategies, seeds), NaN where a trial is missing. For the regret of a choice of sources, let the
        second axis be the sources.
    choice
        The place of the strategy chosen in each cell, -1 for none: shape (cells,), or (cells, seeds) where the choice
        differs between seeds. Or the share with which each strategy is chosen, (cells, strategies, seeds), all zero for
        none. None chooses at random among those with trials, for comparison.
    level
        Confidence of the interval.

    Raises
    ------
    ShapeError, InvalidInput
        When the choice has another shape, or names a strategy that does not exist.

    Examples
    --------
    >>> cell = [[0.80, 0.82, 0.81, 0.83], [0.84, 0.87, 0.85, 0.86]]
    >>> r = regret([cell], [0])  # always take the first
    >>> round(r.mean, 3)
    0.04
    >>> regret([cell], [1]).mean
    0.0
    """
    x = _never_none(array(accuracy, ndim=3, expected="(cells, strategies, seeds)"))
    check_level(level)
    lost = _lost(x, _check_choice(x, choice))  # (cells, seeds)
    lost[np.abs(lost) <= rounding(x)] = 0.0
    there = ~np.isnan(lost)
    used = there.any(axis=1)
    by_cell = [float(row[ok].mean()) if ok.any() else None for row, ok in zip(lost, there, strict=True)]
    over_seeds = _over_seeds(lost[used])
    m = mean_of(over_seeds, level, rounding(x), 0)
    mean = None if m.mean is None else float(np.mean([v for v in by_cell if v is not None]))
    shift = 0.0 if mean is None or m.mean is None else mean - m.mean  # they differ a little where cells lack seeds
    return Regret(
        mean=mean,
        low=None if m.low is None else m.low + shift,
        high=None if m.high is None else m.high + shift,
        n=m.n,
        by_cell=tuple(by_cell),
        cells=int(used.sum()),
        dropped=int((~there[used]).sum()),
        reason=m.reason,
    )


def always(strategy: int, cells: int) -> Ints:
    """Return the choice of the same strategy in every cell."""
    return np.full(cells, strategy, dtype=np.int64)


def learned_choice(accuracy: ArrayLike, similarity: ArrayLike, targets: Sequence[str] | None = None) -> Floats:
    """Return the choice by this study for a source that is not in it.

    The rule takes what was best, at the same size, on the problem with the nearest similarity; of problems that are as
    near, each has an equal share. Each problem is left out for its own choice, and so is each seed's half of the seeds,
    because problems share target examples.

    Parameters
    ----------
    accuracy
        Shape (problems, sizes, strategies, seeds), NaN where a trial is missing.
    similarity
        Shape (problems,), NaN where it is unknown.
    targets
        Shape (problems,), the target task of each: problems with the same target are left out for the choice of each
        other, because they are no evidence about another target. None if all are different.

    Returns
    -------
    (problems * sizes, strategies, seeds), problem by problem: the share of each strategy, all zero where there is no
    other problem.
    """
    x = _never_none(array(accuracy, ndim=4, expected="(problems, sizes, strategies, seeds)"))
    known = array(similarity, ndim=1, expected="(problems,)")
    of = list(range(len(x))) if targets is None else list(targets)
    for what, given in (("similarities", known), ("targets", of)):
        if len(given) != len(x):
            raise ShapeError(f"{len(given)} {what} for {len(x)} problems")
    shares = np.zeros_like(x)
    for p in range(len(x)):
        runs = ~np.isnan(x[p]).all(axis=(0, 2))  # what cannot run here is no choice
        others = [q for q in range(len(x)) if of[q] != of[p]]
        for nearest in _nearest_first(known, p, others):
            best = np.mean([_best_elsewhere(np.where(runs[:, None], x[q], np.nan)) for q in nearest], axis=0)
            total = best.sum(axis=1, keepdims=True)  # less than one where a problem as near has no trials
            best = best / np.where(total > 0, total, 1.0)
            shares[p] = np.where(shares[p].any(axis=1, keepdims=True), shares[p], best)
    return shares.reshape(-1, *x.shape[2:])


def highest_score(scores: ArrayLike, cells: int) -> Floats:
    """Return the choice of the source that a transferability score puts first; of several, equal shares.

    Parameters
    ----------
    scores
        Shape (sources,), or (sources, seeds) where each seed has its own; NaN where there is none.
    cells
        Number of cells.

    Returns
    -------
    (cells, sources, seeds), the share of each source, or (cells, sources, 1) for all seeds; all zero where no source
    has a score.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim not in {1, 2}:
        raise ShapeError(f"scores have shape {x.shape}, expected (sources,) or (sources, seeds)")
    return np.repeat(_first(x if x.ndim == 2 else x[:, None])[None], cells, axis=0)


def _first(x: Floats) -> Floats:
    """Return equal shares of the highest along the first axis, and none where all are NaN.

    Scores are the same if they differ by rounding alone.
    """
    there = ~np.isnan(x)
    filled = np.where(there, x, -np.inf)
    highest: Bools = there & (filled >= filled.max(axis=0, initial=-np.inf) - rounding(x))
    shares: Floats = highest / np.maximum(highest.sum(axis=0), 1)
    return shares


def _never_none(x: Floats) -> Floats:
    """Return the array with at least one strategy (the last axis but one), if need be one without trials."""
    return x if x.shape[-2] else np.full((*x.shape[:-2], 1, x.shape[-1]), np.nan)


def _nearest_first(similarity: Floats, p: int, others: Sequence[int]) -> list[list[int]]:
    """Return the other problems of known similarity, the nearest first; those that are as near come together."""
    distances = {
        q: abs(float(similarity[q] - similarity[p])) for q in others if np.isfinite(similarity[q] - similarity[p])
    }
    found: list[list[int]] = []
    for q in sorted(distances, key=lambda q: distances[q]):
        if found and distances[q] - distances[found[-1][0]] <= rounding(similarity):
            found[-1].append(q)
        else:
            found.append([q])
    return found


def _best_elsewhere(x: Floats) -> Floats:
    """Return for each cell and seed the share of each strategy in being best by the other half of the seeds.

    Of (cells, strategies, seeds), like the result; all zero where no strategy has a trial in both halves.
    """
    there = ~np.isnan(x)
    shares = np.zeros_like(x)
    for half in (0, 1):
        judges, judged = slice(1 - half, None, 2), slice(half, None, 2)
        counts = there[:, :, judges].sum(axis=2)
        means = np.nan_to_num(x[:, :, judges]).sum(axis=2) / np.maximum(counts, 1)
        can = (counts > 0)[:, :, None] & there[:, :, judged]  # it must have a trial on the seed it is chosen for
        shares[:, :, judged] = np.moveaxis(_first(np.moveaxis(np.where(can, means[:, :, None], np.nan), 1, 0)), 0, 1)
    return shares


def _lost(x: Floats, choice: Shares | None) -> Floats:
    """Return what a choice loses against the best elsewhere, (cells, seeds), some cells at a time."""
    some = max(1, PART // max(1, x[0].size)) if len(x) else 1
    found = np.empty((len(x), x.shape[2]))
    for k in range(0, len(x), some):
        part = x[k : k + some]
        chosen = np.ones_like(part) if choice is None else choice[k : k + some]
        found[k : k + some] = _mean_by(part, _best_elsewhere(part)) - _mean_by(part, chosen)
    return found


def _check_choice(x: Floats, choice: ArrayLike | None) -> Shares | None:
    """Return the share with which each strategy is chosen, (cells, strategies, seeds or 1); None for all alike."""
    if choice is None:
        return None
    cells, strategies, seeds = x.shape
    picked = np.asarray(choice)
    if picked.shape in {(cells, strategies, seeds), (cells, strategies, 1)}:
        return picked
    if picked.shape not in {(cells,), (cells, seeds)}:
        raise ShapeError(f"choice has shape {picked.shape}, expected ({cells},), ({cells}, {seeds}) or {x.shape}")
    if picked.size and not -1 <= picked.min() <= picked.max() < strategies:
        raise InvalidInput(f"choice goes from {picked.min()} to {picked.max()}; there are {strategies} strategies")
    places = picked[:, None, None] if picked.ndim == 1 else picked[:, None]
    return np.asarray(places == np.arange(strategies)[:, None])


def _mean_by(x: Floats, shares: Shares) -> Floats:
    """Return the mean over strategies by their shares, (cells, seeds); NaN where none of those chosen has a trial."""
    there = ~np.isnan(x)
    weights = np.where(there, shares, 0.0)
    total = weights.sum(axis=1)
    return np.where(total > 0, (weights * np.nan_to_num(x)).sum(axis=1) / np.where(total > 0, total, 1.0), np.nan)


def _over_seeds(lost: Floats) -> Floats:
    """Average (cells, seeds) over cells for each seed; a missing cell counts with its average over seeds."""
    there = ~np.isnan(lost)
    seen = there.any(axis=0)
    if not seen.any():
        return np.empty(0)
    lost, there = lost[:, seen], there[:, seen]
    filled = np.where(there, lost, 0.0)
    typical = filled.sum(axis=1, keepdims=True) / there.sum(axis=1, keepdims=True)
    away = np.where(there, lost - typical, 0.0).sum(axis=0) / there.sum(axis=0)
    means: Floats = typical.mean() + away
    return means

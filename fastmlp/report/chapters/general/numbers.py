"""Which strategy is better over all cells, and how far the cells agree.

The seed stays the unit: its cells are averaged first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from .... import stats
from ...grid import BASELINE, PLAIN
from ...improvement import Improvement, Share, improvement, share_of
from ...measures import Mean, mean_of
from ...study import Study

__all__ = ["Agreement", "Friedman", "Interquartile", "Lead", "Numbers", "Profile", "ProfilePoint", "Ranked", "numbers"]

Array = NDArray[np.float64]

OPPONENTS = (BASELINE, PLAIN, "finetune")
THRESHOLDS = tuple(k / 50 for k in range(50))  # accuracies, from 0 up
ERROR = 0.05
#: Kendall's W from which the cells are said to rank alike, and up to which they are said not to.
ALIKE, UNLIKE = 0.7, 0.3


class Interquartile(TypedDict):
    """Mean of the middle half of the seeds: see `stats.Interquartile`."""

    n: int
    mean: float | None
    low: float | None
    high: float | None
    reason: Literal["no data", "too few seeds", "no spread"] | None


class Ranked(TypedDict):
    """A strategy with its average rank, and how probable it is to be better than each opponent.

    `accuracy` is averaged over cells, seed by seed; a seed that lacks a cell is left out.
    """

    strategy: str
    rank: Mean
    accuracy: Interquartile
    beats: dict[str, Improvement]


class Agreement(TypedDict):
    """Kendall's W between cells, over those that have results of all strategies; `dropped` cells have not."""

    w: float | None
    case: Literal["not estimable", "alike", "partly", "unlike"]
    cells: int
    dropped: int


class Friedman(TypedDict):
    """Friedman's test over seeds that all strategies have the same rank."""

    p: float | None
    seeds: int
    verdict: Literal["not estimable", "differ", "undecided"]


class ProfilePoint(Share):
    """How often accuracy is above `tau`."""

    tau: float


class Profile(TypedDict):
    """The performance profile of one strategy."""

    strategy: str
    points: list[ProfilePoint]


class Lead(TypedDict):
    """From the `first` accuracy to the `last`, the profile of this strategy is above all others, intervals included."""

    strategy: str
    first: float
    last: float


class Numbers(TypedDict):
    """All `cells` together, controls apart.

    `ranks` begin with the best; `behind` counts those that are shown not to be the best. `left_out` are the strategies
    that cannot run on every problem: a rank among others needs all of them in each cell.
    """

    cells: int
    opponents: list[str]
    left_out: list[str]
    ranks: list[Ranked]
    behind: int
    agreement: Agreement
    test: Friedman
    profiles: list[Profile]
    leads: list[Lead]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None for a single strategy or a single cell."""
    grid, subjects = study.grid, study.subjects
    left_out = [s for s in study.choices if any(grid.left_out(p, s) for p in subjects)]
    planned = [s for s in study.choices if s not in left_out]
    there = [n in grid.sizes_of[p] for p in subjects for n in grid.sizes]
    cells = sum(there)
    x = study.accuracies(planned, subjects).reshape(len(there), len(planned), len(grid.seeds))[there]
    names = [s for k, s in enumerate(planned) if not np.isnan(x[:, k]).all()]
    if len(names) < 2 or cells < 2:
        return None
    x = x[:, [planned.index(s) for s in names]]
    by_name = {s: x[:, k].T for k, s in enumerate(names)}  # (seeds, cells)
    opponents = [s for s in OPPONENTS if s in names]
    ranks = _ranks(x)  # (seeds, strategies)
    winners = stats.winner_sets(-ranks[None])[0].winners  # the first is picked for its luck too, as in any cell
    profiles = {s: stats.performance_profile(by_name[s], THRESHOLDS) for s in study.few if s in names}
    return {
        "cells": cells,
        "opponents": opponents,
        "left_out": left_out,
        "ranks": _ranked(by_name, ranks, opponents),
        "behind": len(names) - len(winners) if winners else 0,
        "agreement": _agreement(x),
        "test": _friedman(ranks),
        "profiles": [_profile(s, shares) for s, shares in profiles.items()],
        "leads": _leads(profiles),
    }


def _ranks(x: Array) -> Array:
    """Return average ranks over the cells of each seed, (seeds, strategies); x is (cells, strategies, seeds)."""
    found = [stats.average_ranks(x[:, :, k]).ranks for k in range(x.shape[2])]
    return np.array([ranks for ranks in found if ranks is not None]).reshape(-1, x.shape[1])


def _ranked(by_name: Mapping[str, Array], ranks: Array, opponents: Sequence[str]) -> list[Ranked]:
    rows: list[Ranked] = [
        {
            "strategy": s,
            "rank": mean_of(column.tolist()),
            "accuracy": _interquartile(x.mean(axis=1)),
            "beats": {opponent: improvement(x, by_name[opponent]) for opponent in opponents if opponent != s},
        }
        for (s, x), column in zip(by_name.items(), ranks.T, strict=True)
    ]
    return sorted(rows, key=lambda row: row["rank"]["mean"] or len(rows))


def _interquartile(accuracies: Array) -> Interquartile:
    found = stats.interquartile_mean(accuracies)
    return {"n": found.n, "mean": found.mean, "low": found.low, "high": found.high, "reason": found.reason}


def _agreement(x: Array) -> Agreement:
    """Return how much the cells rank the strategies alike."""
    counts = (~np.isnan(x)).sum(axis=2)
    means = np.where(counts > 0, np.nan_to_num(x).sum(axis=2) / np.maximum(counts, 1), np.nan)  # (cells, strategies)
    found = stats.average_ranks(means)
    w = found.agreement
    return {
        "w": w,
        "case": "not estimable" if w is None else "alike" if w >= ALIKE else "unlike" if w <= UNLIKE else "partly",
        "cells": found.blocks,
        "dropped": found.dropped,
    }


def _friedman(ranks: Array) -> Friedman:
    """Test whether the strategies differ in rank at all, over seeds."""
    found = stats.average_ranks(-ranks)
    return {
        "p": found.p,
        "seeds": found.blocks,
        "verdict": "not estimable" if found.p is None else "differ" if found.p < ERROR else "undecided",
    }


def _profile(strategy: str, shares: Sequence[stats.Proportion]) -> Profile:
    points: list[ProfilePoint] = [
        {**share_of(share), "tau": tau} for tau, share in zip(THRESHOLDS, shares, strict=True)
    ]
    return {"strategy": strategy, "points": points}


def _leads(profiles: Mapping[str, Sequence[stats.Proportion]]) -> list[Lead]:
    """Return where one strategy exceeds an accuracy more often than all others by more than the intervals."""
    leaders = [_leader({s: shares[k] for s, shares in profiles.items()}) for k in range(len(THRESHOLDS))]
    runs = [(s, list(run)) for s, run in groupby(zip(leaders, THRESHOLDS, strict=True), key=lambda pair: pair[0])]
    return [{"strategy": s, "first": run[0][1], "last": run[-1][1]} for s, run in runs if s is not None]


def _leader(shares: Mapping[str, stats.Proportion]) -> str | None:
    """Return the strategy whose interval lies above those of all others, if there is one and there are others."""
    intervals = sorted(((p.low or 0.0, p.high or 0.0, s) for s, p in shares.items()), reverse=True)
    alone = len(intervals) < 2
    return None if alone or intervals[0][0] <= max(high for _, high, _ in intervals[1:]) else intervals[0][2]

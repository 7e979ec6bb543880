"""All cells together: ranks, the probability of doing better, performance profiles.

A cell is a problem and a number of labels. The seed stays the unit: its cells are averaged before anything is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..stats import (
    Proportion,
    average_ranks,
    mean_interval,
    performance_profile,
    probability_of_improvement,
    winner_sets,
)
from .grid import BASELINE, PLAIN, Grid
from .matrix import accuracies

__all__ = ["chance", "general"]

Json = dict[str, Any]
Array = NDArray[np.float64]

OPPONENTS = (BASELINE, PLAIN, "finetune")
THRESHOLDS = tuple(k / 50 for k in range(50))  # accuracies, from 0 up
ERROR = 0.05
#: Kendall's W from which the cells are said to rank alike, and up to which they are said not to.
ALIKE, UNLIKE = 0.7, 0.3


def general(grid: Grid, shown: Sequence[str]) -> Json | None:
    """Which strategy is better in general, and whether that is a question.

    Parameters
    ----------
    shown
        The strategies whose profiles are drawn.

    Returns
    -------
    dict or None
        `ranks` by strategy, best first, with `beats`, its probabilities against the `opponents`; how many are shown to
        be `behind`; `agreement` between cells with its `case`; `test` that the strategies do not differ; `profiles`,
        and which of them `leads` where, by more than the intervals. None for a single strategy or cell.
    """
    cells = len(grid.problems) * len(grid.sizes)
    every = [*grid.contestants, *([BASELINE] if BASELINE in grid.strategies else [])]
    x = accuracies(grid, every).reshape(cells, len(every), len(grid.seeds)) if every else np.empty((cells, 0, 0))
    names = [s for k, s in enumerate(every) if not np.isnan(x[:, k]).all()]
    x = x[:, [every.index(s) for s in names]]
    if len(names) < 2 or cells < 2:
        return None
    by_name = {s: x[:, k].T for k, s in enumerate(names)}  # (seeds, cells)
    opponents = [s for s in OPPONENTS if s in names]
    beats = _beats(by_name, opponents)
    ranks = _ranks(x)  # (seeds, strategies)
    means = [asdict(mean_interval(column)) for column in ranks.T]
    rows: list[Json] = [{"strategy": s, "rank": means[k], "beats": beats[s]} for k, s in enumerate(names)]
    order = sorted(range(len(names)), key=lambda k: means[k]["mean"] or len(names))
    winners = winner_sets(-ranks[None])[0].winners  # the first is picked for its luck too, as in any cell
    return {
        "cells": cells,
        "opponents": opponents,
        "ranks": [rows[k] for k in order],
        "behind": len(names) - len(winners) if winners else 0,
        **_alike(x, ranks),
        **_profiles(by_name, [s for s in shown if s in names]),
    }


def _ranks(x: Array) -> Array:
    """Average ranks over the cells of each seed, (seeds, strategies); x is (cells, strategies, seeds)."""
    found = [average_ranks(x[:, :, k]).ranks for k in range(x.shape[2])]
    return np.array([ranks for ranks in found if ranks is not None]).reshape(-1, x.shape[1])


def _beats(by_name: Mapping[str, Array], opponents: Sequence[str]) -> dict[str, dict[str, Json]]:
    """How probable each is to be better than each opponent, and on which side of one half its interval lies."""
    return {a: {b: chance(by_name[a], by_name[b]) for b in opponents if b != a} for a in by_name}


def chance(first: ArrayLike, second: ArrayLike) -> Json:
    """How probable the first is to be above the second, and whether that is *likely*, *unlikely* or *even*."""
    found = probability_of_improvement(first, second)
    case = "even"
    if found.low is not None and found.high is not None:
        case = "likely" if found.low > 0.5 else "unlikely" if found.high < 0.5 else "even"
    return {**asdict(found), "case": case}


def _alike(x: Array, ranks: Array) -> Json:
    """Whether the cells rank the strategies alike, and whether, over seeds, the strategies differ in rank at all."""
    counts = (~np.isnan(x)).sum(axis=2)
    means = np.where(counts > 0, np.nan_to_num(x).sum(axis=2) / np.maximum(counts, 1), np.nan)  # (cells, strategies)
    cells, seeds = average_ranks(means), average_ranks(-ranks)
    w = cells.agreement
    case = "not estimable" if w is None else "alike" if w >= ALIKE else "unlike" if w <= UNLIKE else "partly"
    verdict = "not estimable" if seeds.p is None else "differ" if seeds.p < ERROR else "undecided"
    return {
        "agreement": {"w": w, "case": case, "cells": cells.blocks, "dropped": cells.dropped},
        "test": {"p": seeds.p, "seeds": seeds.blocks, "verdict": verdict},
    }


def _profiles(by_name: Mapping[str, Array], shown: Sequence[str]) -> Json:
    """How often each exceeds each accuracy, and where one does so more often by more than the intervals."""
    profiles = {s: performance_profile(by_name[s], THRESHOLDS) for s in shown}
    leaders = [_leader({s: profile[k] for s, profile in profiles.items()}) for k in range(len(THRESHOLDS))]
    runs = [(s, list(run)) for s, run in groupby(zip(leaders, THRESHOLDS, strict=True), key=lambda pair: pair[0])]
    return {
        "profiles": [
            {"strategy": s, "points": [{"tau": tau, **asdict(share)} for tau, share in zip(THRESHOLDS, p, strict=True)]}
            for s, p in profiles.items()
        ],
        "leads": [{"strategy": s, "first": run[0][1], "last": run[-1][1]} for s, run in runs if s is not None],
    }


def _leader(shares: Mapping[str, Proportion]) -> str | None:
    """The strategy whose interval lies above those of all others, if there is one and there are others."""
    known = sorted(((p.low or 0.0, p.high or 0.0, s) for s, p in shares.items()), reverse=True)
    return known[0][2] if len(known) > 1 and known[0][0] > max(high for _, high, _ in known[1:]) else None

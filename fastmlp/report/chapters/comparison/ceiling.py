"""The cells near the ceiling, where points say little: the best network against the baseline, by their errors."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from ....stats import error_ratio
from ...grid import BASELINE
from ...study import InProblem, Study

__all__ = ["CEILING", "NearCeiling", "Ratio", "near_ceiling"]

CEILING = 0.9  # mean accuracy of the baseline from which on errors are told beside points


class Ratio(TypedDict):
    """A ratio of errors and its interval: see `stats.ErrorRatio`."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


class NearCeiling(TypedDict):
    """One cell: the baseline's mean accuracy, the best of the networks minus it, and the ratio of their errors."""

    accuracy: float
    comparison: InProblem
    ratio: Ratio


def near_ceiling(study: Study) -> list[NearCeiling]:
    """Return the cells of distinct trials, controls left out, in which the baseline is near the ceiling."""
    if BASELINE not in study.grid.strategies:
        return []
    best: list[InProblem] = [
        {**study.pairs[n, (p, top), (p, BASELINE)], "problem": p}
        for p in study.ordered
        for n in study.grid.sizes
        if p in study.subjects and (p, n) in study.contests and (top := study.contests[p, n]["top"])
    ]
    cells = [_cell(study, c) for c in study.distinct(best) if c["n"]]
    return [cell for cell in cells if cell["accuracy"] >= CEILING]


def _cell(study: Study, c: InProblem) -> NearCeiling:
    place = study.grid.sizes.index(c["n_target"])
    first, second = (study.curve(c["problem"], s)[:, place] for s in (c["first"], c["second"]))
    found = error_ratio(first, second)
    return {
        "accuracy": float(np.nanmean(second)),
        "comparison": c,
        "ratio": {"mean": found.ratio, "low": found.low, "high": found.high, "n": found.n},
    }

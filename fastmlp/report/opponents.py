"""The best network of each cell against the baseline: in how many cells which is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from .pairs import FAMILIES, Pairs
from .study import InProblem, Study

__all__ = ["Overview", "declared_overview", "overview"]


class Overview(TypedDict):
    """In how many cells the best of the networks is better than the baseline, and in how many worse.

    Controls are left out, and cells in which the two are the same trials are counted once; `repeated` says how many
    others there are.
    """

    cells: int
    repeated: int
    baseline_better: int
    network_better: int


def overview(study: Study, pairs: Pairs, top: Mapping[tuple[str, int], str | None]) -> Overview:
    """Count cells; `top` is the best of the networks by problem and number of labels."""
    cells = [(p, n) for p in study.subjects for n in study.grid.sizes_of[p]]
    compared: list[InProblem] = [
        {**c, "problem": p}
        for p in study.subjects
        for c in pairs.family("baseline", p)
        if c["n"] and c["first"] == top[p, c["n_target"]]
    ]
    distinct = study.distinct(compared)
    verdicts = [c["verdict"] for c in distinct]
    repeated = len(compared) - len(distinct)
    return {
        "cells": len(cells) - repeated,
        "repeated": repeated,
        "baseline_better": verdicts.count("worse"),
        "network_better": verdicts.count("better"),
    }


def declared_overview(study: Study) -> Overview | None:
    """Count cells as if nothing had been tuned; None where nothing was, or without networks."""
    if study.declared is None or not study.grid.contestants:
        return None
    pairs = Pairs(study.declared.grid, study.margin, {"baseline": FAMILIES["baseline"]})
    return overview(study.declared, pairs, _highest_means(study.declared))


def _highest_means(study: Study) -> dict[tuple[str, int], str | None]:
    names, top = study.grid.contestants, dict[tuple[str, int], str | None]()
    for p in study.subjects:
        for n, x in zip(study.grid.sizes, study.accuracies(names, [p])[0], strict=True):
            means = [float(np.nanmean(of_one)) if not np.isnan(of_one).all() else -1.0 for of_one in x]
            top[p, n] = names[int(np.argmax(means))]
    return top

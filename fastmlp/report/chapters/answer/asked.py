"""The lab's question, answered in one line: even or odd, 200 labels, and scratch, frozen or finetune."""

from __future__ import annotations

import math
from typing import Literal, TypedDict

import numpy as np

from ...grid import BASELINE, PLAIN
from ...pairs import Comparison
from ...study import Study

__all__ = ["Asked", "asked"]

PROBLEM, LABELS, STRATEGIES = "parity", 200, (PLAIN, "frozen", "finetune")


class Asked(TypedDict):
    """The answer: who has the highest mean, and how the others stand to it.

    `n_target` is the study's size that is nearest to the `wanted` one. `compared` has the top against each other
    strategy, the top first; `baseline` the top against the baseline, if both ran. The `case` is *best*, better than all
    others; *tied*, better than or tied with them; *undecided*.
    """

    problem: str
    n_target: int
    wanted: int
    strategies: list[str]
    top: str
    accuracy: float
    case: Literal["best", "tied", "undecided"]
    compared: list[Comparison]
    baseline: Comparison | None


def asked(study: Study) -> Asked | None:
    """Return the answer; None where the study did not ask, or no two of the strategies share two seeds."""
    grid = study.grid
    if PROBLEM not in grid.problems or not set(STRATEGIES) <= set(grid.contestants):
        return None
    n = min(grid.sizes, key=lambda size: abs(math.log(size / LABELS)))
    curves = {s: study.curve(PROBLEM, s)[:, grid.sizes.index(n)] for s in STRATEGIES}
    means = {s: float(np.nanmean(x)) for s, x in curves.items() if not np.isnan(x).all()}
    top = max(means, key=lambda s: means[s], default=PLAIN)
    compared = [study.pairs[n, (PROBLEM, top), (PROBLEM, s)] for s in STRATEGIES if s != top]
    if any(c["n"] < 2 for c in compared):
        return None
    verdicts = {c["verdict"] for c in compared}
    return {
        "problem": PROBLEM,
        "n_target": n,
        "wanted": LABELS,
        "strategies": list(STRATEGIES),
        "top": top,
        "accuracy": means[top],
        "case": "best" if verdicts == {"better"} else "tied" if verdicts <= {"better", "tied"} else "undecided",
        "compared": compared,
        "baseline": study.pairs[n, (PROBLEM, top), (PROBLEM, BASELINE)] if BASELINE in grid.strategies else None,
    }

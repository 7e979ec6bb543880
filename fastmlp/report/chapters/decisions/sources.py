"""The regret of choosing a source by a score that is measured before any transfer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from .... import stats
from ...grid import Grid, number
from ...study import Study
from .regret import AdviceRegret, Array, regret_of

__all__ = ["Sources", "sources"]

FEWEST = 3  # sources among which there is a choice
#: Columns, what they are called, and the sign with which higher is nearer.
SCORES = {
    "h_score": ("the highest H-score", 1),
    "log_me": ("the highest LogME", 1),
    "leep": ("the highest LEEP", 1),
    "label_cka": ("the highest CKA with the labels", 1),
    "domain_distance": ("the smallest distance of the inputs", -1),
}

ON_PROBE = ("h_score",)  # which is measured on labelled target examples beyond the n_target: the others are not
TARGET_ITSELF = "same"  # the problem whose source is the target task, with other examples


class Sources(TypedDict):
    """Problems that share a target, and the regret of choosing among their sources by each score or at random.

    `harder` has the same without the source that is the target task itself, if it is among them and others are enough.
    """

    problems: list[str]
    regrets: list[AdviceRegret]
    harder: list[AdviceRegret]


def sources(study: Study) -> Sources | None:
    """Return the regret of fine-tuning from the source that a score ranks first.

    None without fine-tuning, or with fewer than three problems that share a target.
    """
    grid, problems = study.grid, _sharing(study)
    if len(problems) < FEWEST or "finetune" not in grid.strategies:
        return None
    others = [p for p in problems if p != TARGET_ITSELF]
    return {
        "problems": problems,
        "regrets": _regrets(grid, problems),
        "harder": _regrets(grid, others) if FEWEST <= len(others) < len(problems) else [],
    }


def _regrets(grid: Grid, problems: Sequence[str]) -> list[AdviceRegret]:
    """Return what it costs to choose among the sources of problems; sources that a score cannot tell apart share."""
    x = np.stack([_column(grid, problems, n, "accuracy", "finetune") for n in grid.sizes])  # (sizes, sources, seeds)
    regrets: list[AdviceRegret] = []
    for column, (score, sign) in SCORES.items():
        scores = [sign * _column(grid, problems, n, column) for n in grid.sizes]
        if not np.isnan(scores).all():
            found = regret_of(stats.regret(x, np.concatenate([stats.highest_score(s, 1) for s in scores])))
            regrets.append({"advice": f"the source with {score}", "oracle": column in ON_PROBE, **found})
    regrets.append({"advice": "a source at random", "oracle": False, **regret_of(stats.regret(x, None))})
    return regrets


def _sharing(study: Study) -> list[str]:
    """Return the largest group of problems with one target: their trials from scratch are the same ones."""
    groups: dict[str, list[str]] = {}
    for p in study.subjects:
        groups.setdefault(study.targets[p], []).append(p)
    return max(groups.values(), key=len, default=[])


def _column(grid: Grid, problems: Sequence[str], n: int, column: str, strategy: str | None = None) -> Array:
    """Return a column's numbers, (problems, seeds), of one strategy or of the first that has one; NaN elsewhere."""
    x = np.full((len(problems), len(grid.seeds)), np.nan)
    for p, problem in enumerate(problems):
        for s, seed in enumerate(grid.seeds):
            for name in [strategy] if strategy else ["finetune", *grid.strategies]:
                row = grid.trials.get((problem, name, n, seed))
                if row is not None and row["status"] == "ok" and (value := number(row, column)) is not None:
                    x[p, s] = value
                    break
    return x

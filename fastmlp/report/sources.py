"""The regret of choosing a source by a score that is measured before any transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stats import highest_score, regret
from .grid import PLAIN, Grid, number

__all__ = ["source_regrets"]

Json = dict[str, Any]
Array = NDArray[np.float64]

#: Columns, what they are called, and the sign with which higher is nearer.
SCORES = {
    "h_score": ("the highest H-score", 1),
    "log_me": ("the highest LogME", 1),
    "leep": ("the highest LEEP", 1),
    "label_cka": ("the highest CKA with the labels", 1),
    "domain_distance": ("the smallest distance of the inputs", -1),
}


def source_regrets(grid: Grid) -> Json | None:
    """What it costs to fine-tune from the source that a score puts first, among sources for one target.

    Returns
    -------
    dict or None
        `problems`, whose target is the same, and `regrets`, one a score and one for choosing at random. None without
        three such problems and fine-tuning.
    """
    problems = _sharing(grid)
    if len(problems) < 3 or "finetune" not in grid.strategies:
        return None
    x = np.stack([_column(grid, problems, n, "accuracy", "finetune") for n in grid.sizes])  # (sizes, sources, seeds)
    found: list[Json] = []
    for column, (told, sign) in SCORES.items():
        scores = [sign * _column(grid, problems, n, column, None) for n in grid.sizes]
        if not np.isnan(scores).all():
            choice = np.concatenate([highest_score(s, 1) for s in scores])
            found.append({"advice": f"the source with {told}", **_told(x, choice)})
    return {"problems": problems, "regrets": [*found, {"advice": "a source at random", **_told(x, None)}]}


def _told(x: Array, choice: Any) -> Json:
    return {k: v for k, v in asdict(regret(x, choice)).items() if k != "by_cell"}


def _sharing(grid: Grid) -> list[str]:
    """The largest group of problems with one target: their trials from scratch are the same ones."""
    groups: dict[str, list[str]] = {}
    for p in grid.problems:
        row = grid.trials.get((p, PLAIN, grid.sizes[0], grid.seeds[0])) if grid.seeds else None
        if row and row.get("key"):
            groups.setdefault(str(row["key"]), []).append(p)
    return max(groups.values(), key=len, default=[])


def _column(grid: Grid, problems: Sequence[str], n: int, column: str, strategy: str | None) -> Array:
    """A column's numbers, (problems, seeds), of one strategy or of the first that has one; NaN where there is none."""
    x = np.full((len(problems), len(grid.seeds)), np.nan)
    for p, problem in enumerate(problems):
        for s, seed in enumerate(grid.seeds):
            for name in [strategy] if strategy else ["finetune", *grid.strategies]:
                row = grid.trials.get((problem, name, n, seed))
                if row is not None and row["status"] == "ok" and (value := number(row, column)) is not None:
                    x[p, s] = value
                    break
    return x

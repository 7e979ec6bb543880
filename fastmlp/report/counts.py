"""How many trials ended how, by strategy and by cell."""

from __future__ import annotations

import math
from collections import Counter
from typing import TypedDict

from .grid import Grid, number
from .study import Study

__all__ = ["CellCounts", "Counts", "StrategyCounts", "counts"]


class CellCounts(TypedDict):
    """How many trials of a cell ended how."""

    problem: str
    strategy: str
    n_target: int
    ok: int
    diverged: int
    failed: int
    missing: int


class StrategyCounts(TypedDict):
    """How many trials of a strategy ended how; the unstable ones are among those that are ok: see `stability`."""

    strategy: str
    ok: int
    unstable: int
    diverged: int
    failed: int
    missing: int


class ErrorCount(TypedDict):
    """A message of failed trials, and how many had it."""

    message: str
    count: int


class LeftOut(TypedDict):
    """A strategy, and the problems on which it cannot run."""

    strategy: str
    problems: list[str]


class Counts(TypedDict):
    """How many trials ended how: in all, by strategy, and in the cells where one did not end well.

    `left_out` has the strategies that the plan leaves out on some problems, whose source has other classes.
    """

    planned: int
    ok: int
    unstable: int
    diverged: int
    failed: int
    missing: int
    replicates: int
    smaller_sources: int
    by_strategy: list[StrategyCounts]
    lossy: list[CellCounts]
    errors: list[ErrorCount]
    left_out: list[LeftOut]
    train_seconds: float
    tune_seconds: float


def counts(study: Study) -> Counts:
    """Return how many trials ended how; what was planned and has no row is missing."""
    grid = study.grid
    cells = [
        _cell_counts(grid, p, s, n)
        for p in grid.problems
        for s in grid.strategies
        if not grid.left_out(p, s)
        for n in grid.sizes_of[p]
    ]
    failed = (row for row in grid.trials.rows() if row["status"] == "failed")
    errors = Counter(str(row.get("error") or "no message") for row in failed)
    by_strategy: list[StrategyCounts] = []
    for s in grid.strategies:
        mine = [c for c in cells if c["strategy"] == s]
        by_strategy.append(
            {
                "strategy": s,
                "ok": sum(c["ok"] for c in mine),
                "unstable": study.stability["by_strategy"][s],
                "diverged": sum(c["diverged"] for c in mine),
                "failed": sum(c["failed"] for c in mine),
                "missing": sum(c["missing"] for c in mine),
            }
        )
    return {
        "planned": len(cells) * len(grid.seeds),
        "ok": sum(c["ok"] for c in cells),
        "unstable": sum(study.stability["by_strategy"].values()),
        "diverged": sum(c["diverged"] for c in cells),
        "failed": sum(c["failed"] for c in cells),
        "missing": sum(c["missing"] for c in cells),
        "replicates": sum(row["status"] == "ok" for row in study.replicates),
        "smaller_sources": sum(row["status"] == "ok" for row in study.smaller_sources),
        "by_strategy": by_strategy,
        "lossy": [c for c in cells if c["diverged"] or c["failed"]],
        "errors": [{"message": message, "count": count} for message, count in errors.most_common()],
        "left_out": _left_out(grid),
        "train_seconds": _seconds(grid, "train_seconds"),
        "tune_seconds": _seconds(grid, "tune_seconds"),
    }


def _seconds(grid: Grid, column: str) -> float:
    """Return the sum over distinct trials: one that serves several problems ran once."""
    return math.fsum(number(row, column) or 0.0 for row in grid.trials.distinct())


def _left_out(grid: Grid) -> list[LeftOut]:
    found: list[LeftOut] = [
        {"strategy": s, "problems": [p for p in grid.problems if grid.left_out(p, s)]} for s in grid.strategies
    ]
    return [one for one in found if one["problems"]]


def _cell_counts(grid: Grid, problem: str, strategy: str, n: int) -> CellCounts:
    counts = grid.counts(problem, strategy, n)
    return {
        "problem": problem,
        "strategy": strategy,
        "n_target": n,
        "ok": counts["ok"],
        "diverged": counts["diverged"],
        "failed": counts["failed"],
        "missing": counts["missing"],
    }

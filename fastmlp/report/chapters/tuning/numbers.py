"""What tuning chose, by problem, strategy and number of labels."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TypedDict

from ...grid import Row
from ...measures import median_of
from ...study import Study

__all__ = ["Choice", "Numbers", "Tuned", "numbers"]


class Choice(TypedDict):
    """What one strategy chose with one number of labels: medians over seeds.

    `tuned` of `of` trials had enough labels for folds; the others kept the declared settings. `gain` is a mean.
    """

    strategy: str
    n_target: int
    tuned: int
    of: int
    candidates: int | None
    gain: float | None
    tuned_lr: float | None
    tuned_epochs: float | None
    tuned_C: float | None
    tune_seconds: float | None


class Tuned(TypedDict):
    """A problem with the choices of its strategies, sizes rising."""

    name: str
    choices: list[Choice]


class Numbers(TypedDict):
    """The problems on which strategies were tuned, in the order of the plan."""

    problems: list[Tuned]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where nothing was tuned."""
    tuned: list[Tuned] = [{"name": p, "choices": _choices(study, p)} for p in study.grid.problems]
    problems = [p for p in tuned if p["choices"]]
    return {"problems": problems} if problems else None


def _choices(study: Study, problem: str) -> list[Choice]:
    grid = study.grid
    cells = {(s, n): list(grid.ok(problem, s, n).values()) for s in grid.strategies for n in grid.sizes}
    noted = {cell: [row for row in rows if row.get("tuning_note")] for cell, rows in cells.items()}
    return [_choice(s, n, rows) for (s, n), rows in noted.items() if rows]


def _choice(strategy: str, n: int, rows: Sequence[Row]) -> Choice:
    tried = [row for row in rows if row.get("tuning")]
    return {
        "strategy": strategy,
        "n_target": n,
        "tuned": len(tried),
        "of": len(rows),
        "candidates": max((len(row["tuning"]) for row in tried), default=None),
        "gain": _gain(tried),
        "tuned_lr": median_of(rows, "tuned_lr"),
        "tuned_epochs": median_of(rows, "tuned_epochs"),
        "tuned_C": median_of(rows, "tuned_C"),
        "tune_seconds": median_of(rows, "tune_seconds"),
    }


def _gain(rows: Sequence[Row]) -> float | None:
    """Return what the best candidate gained in cross-validation over the declared one, on average.

    It is too good: the best is the highest of several numbers.
    """
    gains = [max(scores) - scores[0] for row in rows if (scores := [v for v in row["tuning"] if v is not None])]
    return fmean(gains) if gains else None

"""Where and with what the study ran, and which trainings cannot be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ...grid import Grid
from ...pairs import Comparison
from ...stability import Stability
from ...study import Study

__all__ = ["Note", "Numbers", "SetAside", "Trusted", "numbers"]

#: Notes of the store to itself, or shown in another chapter.
PRIVATE = {
    "rendered", "schema", "gradient_check", "backend_comparison", "short_batches", "basins", "first_layer",
    "identity", "planned", "workers", "foreign",
}  # fmt: skip


class Note(TypedDict):
    """A name and its value, as text."""

    name: str
    value: str


class Trusted(TypedDict):
    """A strategy: of its finished trainings the share that is `unstable`, of all that ended the share that diverged."""

    strategy: str
    unstable: float
    diverged: float


class SetAside(TypedDict):
    """The comparisons from which nothing is concluded, because a side is unstable often.

    There are `comparisons` of `made`; by the tests alone so many would be `better`, `worse` or `tied`. `cells` counts
    strategies in cells, by all their names.
    """

    cells: int
    comparisons: int
    made: int
    better: int
    worse: int
    tied: int


class Numbers(TypedDict):
    """The notes of the study, what finished and cannot be trusted, by strategy too, and what is not concluded."""

    notes: list[Note]
    stability: Stability
    trusted: list[Trusted]
    set_aside: SetAside


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    notes = {k: v for k, v in study.meta.items() if k not in PRIVATE and not k.startswith("problem:")}
    return {
        "notes": [{"name": k, "value": str(v)} for k, v in notes.items()],
        "stability": study.stability,
        "trusted": [one for s in study.grid.strategies if (one := _trusted(study.grid, study.stability, s))],
        "set_aside": _set_aside([c for _, _, c in study.pairs], len(study.unsteady)),
    }


def _trusted(grid: Grid, stability: Stability, strategy: str) -> Trusted | None:
    """Return how a strategy's trainings ended; None where it has none, or those of another, or nothing has finished."""
    ends = [grid.counts(p, strategy, n) for p, n in grid.cells]
    finished, diverged = (sum(one[status] for one in ends) for status in ("ok", "diverged"))
    rule = grid.rules[strategy]
    if rule["role"] == "twin" or not rule["phases"] or not finished:
        return None
    unstable = stability["by_strategy"][strategy] / finished
    return {"strategy": strategy, "unstable": unstable, "diverged": diverged / (finished + diverged)}


def _set_aside(made: Sequence[Comparison], cells: int) -> SetAside:
    verdicts = [c["by_tests"] for c in made if c["reason"] == "unstable"]
    return {
        "cells": cells,
        "comparisons": len(verdicts),
        "made": sum(c["p_different"] is not None for c in made),
        "better": verdicts.count("better"),
        "worse": verdicts.count("worse"),
        "tied": verdicts.count("tied"),
    }

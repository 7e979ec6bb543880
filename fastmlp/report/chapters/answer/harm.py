"""Negative transfer in every cell: strategies that transfer and are worse than a random start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from ...grid import PLAIN
from ...pairs import Comparison
from ...study import Study

__all__ = ["CellHarm", "Negative", "ProblemHarm", "negative"]

Case = Literal["found", "open", "ruled out", "not tested"]
CASES: tuple[Case, ...] = ("found", "open", "ruled out", "not tested")


class ProblemComparison(Comparison):
    """A comparison with scratch, and the problem it was made on."""

    problem: str


class CellHarm(TypedDict):
    """One cell: how many strategies were tested against scratch, how many are worse, and the case that follows."""

    n_target: int
    tested: int
    worse: int
    case: Case


class ProblemHarm(TypedDict):
    """One problem: its comparisons with scratch, and its cells, one a size."""

    name: str
    differences: list[ProblemComparison]
    cells: list[CellHarm]


class Negative(TypedDict):
    """Every strategy that transfers against scratch, in every cell.

    Of all `tested` comparisons so many are `worse`, `better`, `tied` and `undecided`. `cells` counts the cells of each
    case, and `all_worse` those in which all strategies are worse. `worst` is the largest loss. `scaled_worse` counts
    the cells with negative transfer in which the source's scaler alone makes scratch worse, None if that was not run.
    """

    tested: int
    worse: int
    better: int
    tied: int
    undecided: int
    problems: list[ProblemHarm]
    cells: dict[Case, int]
    all_worse: int
    worst: ProblemComparison | None
    scaled_worse: int | None


def negative(study: Study) -> Negative | None:
    """Test for negative transfer; None without scratch, or without a strategy that transfers."""
    grid = study.grid
    if PLAIN not in grid.strategies or not grid.transferring:
        return None
    problems = [_problem(study, p) for p in grid.problems]
    tested = [d for p in problems for d in p["differences"] if d["p_different"] is not None]
    verdicts = [d["verdict"] for d in tested]
    cells = [cell for p in problems for cell in p["cells"]]
    cases = [cell["case"] for cell in cells]
    return {
        "tested": len(tested),
        "worse": verdicts.count("worse"),
        "better": verdicts.count("better"),
        "tied": verdicts.count("tied"),
        "undecided": verdicts.count("undecided"),
        "problems": problems,
        "cells": {case: cases.count(case) for case in CASES},
        "all_worse": sum(cell["worse"] == cell["tested"] > 0 for cell in cells),
        "worst": min((d for d in tested if d["verdict"] == "worse"), key=lambda d: d["mean"] or 0.0, default=None),
        "scaled_worse": _scaled(study, problems),
    }


def _problem(study: Study, problem: str) -> ProblemHarm:
    grid = study.grid
    differences: list[ProblemComparison] = [
        {**study.pairs[n, (problem, s), (problem, PLAIN)], "problem": problem}
        for n in grid.sizes
        for s in grid.transferring
    ]
    cells = [_cell(n, [d for d in differences if d["n_target"] == n]) for n in grid.sizes]
    return {"name": problem, "differences": differences, "cells": cells}


def _cell(n: int, differences: Sequence[ProblemComparison]) -> CellHarm:
    verdicts = [d["verdict"] for d in differences if d["p_different"] is not None]
    worse = verdicts.count("worse")
    if not verdicts:
        case: Case = "not tested"
    elif worse:
        case = "found"
    else:
        case = "open" if "undecided" in verdicts else "ruled out"
    return {"n_target": n, "tested": len(verdicts), "worse": worse, "case": case}


def _scaled(study: Study, problems: Sequence[ProblemHarm]) -> int | None:
    """Count the cells with negative transfer in which the source's scaler alone makes scratch worse."""
    control = next((control for control, plain in study.grid.scaler_controls if plain == PLAIN), None)
    if control is None:
        return None
    cells = [(p["name"], cell["n_target"]) for p in problems for cell in p["cells"] if cell["case"] == "found"]
    return [study.pairs[n, (p, control), (p, PLAIN)]["verdict"] for p, n in cells].count("worse")

"""Negative transfer, looked for in every cell, and apart from it what it costs to hold weights still.

Transfer is negative where pretrained weights are worse than random ones that may move the same and see their inputs
through the same scaler: the matched control. A strategy that does not train all weights freely may be worse than
scratch although its weights are better than random ones; that is the cost of freezing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from ...grid import PLAIN
from ...study import InProblem, Study

__all__ = [
    "CellHarm",
    "Freezing",
    "Harm",
    "Matched",
    "Negative",
    "ProblemHarm",
    "against_plain",
    "freezing",
    "negative",
]

Case = Literal["found", "open", "ruled out", "not tested"]
CASES: tuple[Case, ...] = ("found", "open", "ruled out", "not tested")


class CellHarm(TypedDict):
    """One cell: how many strategies were tested, how many are worse, and what that is called."""

    n_target: int
    tested: int
    worse: int
    case: Case


class ProblemHarm(TypedDict):
    """One problem: its comparisons, and its cells, one a size."""

    name: str
    differences: list[InProblem]
    cells: list[CellHarm]


class Harm(TypedDict):
    """Strategies against what each is held against, in every cell.

    Of all `tested` comparisons of distinct trials so many are `worse`, `better`, `tied` and `undecided`. `cells` counts
    the cells of each case, and `all_worse` those in which all strategies are worse. `worst` is the largest loss.
    `problems` has the controls too, which are not counted.
    """

    tested: int
    worse: int
    better: int
    tied: int
    undecided: int
    problems: list[ProblemHarm]
    cells: dict[Case, int]
    all_worse: int
    worst: InProblem | None


class Matched(TypedDict):
    """A control, and the strategies that are held against it."""

    control: str
    strategies: list[str]


class Negative(Harm):
    """Every strategy that transfers against its control; `unmatched` are those without one in this study."""

    matched: list[Matched]
    unmatched: list[str]


class Freezing(Harm):
    """Every strategy that does not train all weights freely against scratch.

    `helped` counts the comparisons in which it is worse than scratch although its weights are shown to be better than
    those of its matched control.
    """

    strategies: list[str]
    helped: int


def negative(study: Study) -> Negative | None:
    """Look for negative transfer; None without a strategy that has a matched control."""
    grid = study.grid
    if not grid.matched_controls:
        return None
    controls = dict(grid.matched_controls)
    matched: list[Matched] = [
        {"control": control, "strategies": [s for s, c in controls.items() if c == control]}
        for control in dict.fromkeys(controls.values())
    ]
    unmatched = [s for s in grid.transferring if s not in controls and grid.rules[s]["phases"]]
    return {**_harm(study, grid.matched_controls), "matched": matched, "unmatched": unmatched}


def freezing(study: Study) -> Freezing | None:
    """Look for what freezing costs; None without scratch, or without a strategy that holds weights still."""
    grid, controls = study.grid, dict(study.grid.matched_controls)
    if PLAIN not in grid.strategies or not grid.restrained:
        return None
    harm = _harm(study, [(s, PLAIN) for s in grid.restrained])
    worse = [d for d in _counted(study, harm["problems"]) if d["verdict"] == "worse"]
    helped = [
        d
        for d in worse
        if (control := controls.get(d["first"]))
        and study.pairs[d["n_target"], (d["problem"], d["first"]), (d["problem"], control)]["verdict"] == "better"
    ]
    return {**harm, "strategies": list(grid.restrained), "helped": len(helped)}


def against_plain(study: Study, problem: str) -> list[InProblem]:
    """Return the comparisons with scratch of what transfers to one problem, by size; none without scratch."""
    if PLAIN not in study.grid.strategies:
        return []
    return _compared(study, problem, [(s, PLAIN) for s in study.grid.transferring])


def _harm(study: Study, pairs: Sequence[tuple[str, str]]) -> Harm:
    problems = [_problem(study, p, pairs) for p in study.grid.problems]
    tested = [d for d in _counted(study, problems) if d["p_different"] is not None]
    verdicts = [d["verdict"] for d in tested]
    cells = [cell for p in problems if p["name"] in study.subjects for cell in p["cells"]]
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
    }


def _counted(study: Study, problems: Sequence[ProblemHarm]) -> list[InProblem]:
    """Return the comparisons that count: of distinct trials, on problems that are no controls."""
    return study.distinct(d for p in problems if p["name"] in study.subjects for d in p["differences"])


def _problem(study: Study, problem: str, pairs: Sequence[tuple[str, str]]) -> ProblemHarm:
    differences = _compared(study, problem, pairs)
    cells = [_cell(n, [d for d in differences if d["n_target"] == n]) for n in study.grid.sizes]
    return {"name": problem, "differences": differences, "cells": cells}


def _compared(study: Study, problem: str, pairs: Sequence[tuple[str, str]]) -> list[InProblem]:
    return [
        {**study.pairs[n, (problem, first), (problem, second)], "problem": problem}
        for n in study.grid.sizes
        for first, second in pairs
    ]


def _cell(n: int, differences: Sequence[InProblem]) -> CellHarm:
    verdicts = [d["verdict"] for d in differences if d["p_different"] is not None]
    worse = verdicts.count("worse")
    if not verdicts:
        case: Case = "not tested"
    elif worse:
        case = "found"
    else:
        case = "open" if "undecided" in verdicts else "ruled out"
    return {"n_target": n, "tested": len(verdicts), "worse": worse, "case": case}

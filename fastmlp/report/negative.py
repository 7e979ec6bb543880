"""Negative transfer, looked for in every cell: where what was transferred is worse than what began at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .comparisons import Comparisons
from .grid import PLAIN, Grid

__all__ = ["differences_of", "negative", "transferring"]

Json = dict[str, Any]


def transferring(grid: Grid) -> list[str]:
    """The contestants that start from a pretrained network, as far as their rules are known."""
    return [s for s in grid.contestants if s != PLAIN and grid.rules[s].get("start", "pretrained") == "pretrained"]


def negative(grid: Grid, names: Sequence[str], made: Comparisons) -> Json | None:
    """Look at every strategy that transfers against scratch, in every cell.

    Parameters
    ----------
    names
        The strategies that transfer.
    made
        The comparisons of the plan, with scratch among them.

    Returns
    -------
    dict or None
        `tested` comparisons, and how many of them are `worse`, `better`, `tied`, `undecided`; `problems`, each with its
        `differences` and its `cells`, of which the `case` is *found*, *open*, *ruled out* or *not tested*; how many
        `cells` have which case; in how many `all_worse` are; `worst`, the largest loss; and, where scratch was run with
        the source's scaler too, in how many cells that control is `scaled_worse`. None without scratch or such names.
    """
    if PLAIN not in grid.strategies or not names:
        return None
    differences = [
        {"problem": p, **made[n, (p, s), (p, PLAIN)]} for p in grid.problems for n in grid.sizes for s in names
    ]
    tested = [d for d in differences if d["p_different"] is not None]
    problems = [_problem(grid, p, differences) for p in grid.problems]
    cases = [cell["case"] for p in problems for cell in p["cells"]]
    return {
        "tested": len(tested),
        **{v: sum(d["verdict"] == v for d in tested) for v in ("worse", "better", "tied", "undecided")},
        "problems": problems,
        "cells": {case: cases.count(case) for case in ("found", "open", "ruled out", "not tested")},
        "all_worse": sum(cell["worse"] == cell["tested"] > 0 for p in problems for cell in p["cells"]),
        "worst": min((d for d in tested if d["verdict"] == "worse"), key=lambda d: d["mean"], default=None),
        "scaled_worse": _scaled(grid, problems, made),
    }


def _scaled(grid: Grid, problems: Sequence[Json], made: Comparisons) -> int | None:
    """In how many cells with negative transfer the source's scaler alone makes scratch worse."""
    control = next((control for control, plain in grid.scaler_controls if plain == PLAIN), None)
    if control is None:
        return None
    found = [(p["name"], c["n_target"]) for p in problems for c in p["cells"] if c["case"] == "found"]
    return [made[n, (p, control), (p, PLAIN)]["verdict"] for p, n in found].count("worse")


def differences_of(found: Json | None, problem: str) -> list[Json]:
    """The comparisons with scratch of one problem."""
    return [d for p in (found or {"problems": []})["problems"] if p["name"] == problem for d in p["differences"]]


def _problem(grid: Grid, problem: str, differences: Sequence[Json]) -> Json:
    mine = [d for d in differences if d["problem"] == problem]
    return {
        "name": problem,
        "differences": mine,
        "cells": [{"n_target": n, **_cell([d for d in mine if d["n_target"] == n])} for n in grid.sizes],
    }


def _cell(differences: Sequence[Json]) -> Json:
    """One cell: how many were tested, how many are worse, and what that is called."""
    verdicts = [d["verdict"] for d in differences if d["p_different"] is not None]
    worse = verdicts.count("worse")
    if not verdicts:
        case = "not tested"
    elif worse:
        case = "found"
    else:
        case = "open" if "undecided" in verdicts else "ruled out"
    return {"tested": len(verdicts), "worse": worse, "case": case}

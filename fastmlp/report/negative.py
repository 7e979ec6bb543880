"""Negative transfer, looked for in every cell: where what was transferred is worse than what began at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..stats import negative_transfer, paired_family
from .grid import PLAIN, SOURCE_SCALER, Grid
from .matrix import accuracies
from .rules import rules

__all__ = ["differences_of", "negative", "transferring"]

Json = dict[str, Any]


def transferring(grid: Grid, settings: Mapping[str, Any]) -> list[str]:
    """The contestants that start from a pretrained network, as far as their rules are known."""
    found = rules([s for s in grid.contestants if s != PLAIN], settings)
    return [rule["name"] for rule in found if rule.get("start", "pretrained") == "pretrained"]


def negative(grid: Grid, names: Sequence[str], margin: float) -> Json | None:
    """Compare every strategy that transfers with scratch, in every cell, corrected over all of them together.

    Parameters
    ----------
    names
        The strategies that transfer.

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
    x = accuracies(grid, [PLAIN, *names])  # (problems, sizes, strategies, seeds)
    moved, plain = x[:, :, 1:], np.broadcast_to(x[:, :, :1], x[:, :, 1:].shape)
    seeds = len(grid.seeds)
    found = negative_transfer(moved.reshape(-1, seeds), plain.reshape(-1, seeds), margin=margin)
    asked = [(p, n, s) for p in grid.problems for n in grid.sizes for s in names]
    differences = [
        {"problem": p, "n_target": n, "first": s, "second": PLAIN, "planned": seeds, **asdict(d)}
        for (p, n, s), d in zip(asked, found.differences, strict=True)
    ]
    tested = [d for d in differences if d["p_different"] is not None]
    problems = [_problem(grid, p, differences) for p in grid.problems]
    cases = [cell["case"] for p in problems for cell in p["cells"]]
    return {
        "tested": found.tested,
        **{v: sum(d["verdict"] == v for d in tested) for v in ("worse", "better", "tied", "undecided")},
        "problems": problems,
        "cells": {case: cases.count(case) for case in ("found", "open", "ruled out", "not tested")},
        "all_worse": sum(cell["worse"] == cell["tested"] > 0 for p in problems for cell in p["cells"]),
        "worst": differences[found.found[0]] if found.found else None,
        "scaled_worse": _scaled(grid, problems, margin),
    }


def _scaled(grid: Grid, problems: Sequence[Json], margin: float) -> int | None:
    """In how many cells with negative transfer the source's scaler alone makes scratch worse."""
    control = PLAIN + SOURCE_SCALER
    if control not in grid.strategies:
        return None
    found = [(p["name"], c["n_target"]) for p in problems for c in p["cells"] if c["case"] == "found"]
    x = accuracies(grid, [control, PLAIN])
    places = [(grid.problems.index(p), grid.sizes.index(n)) for p, n in found]
    return sum(d.verdict == "worse" for d in paired_family([tuple(x[place]) for place in places], margin=margin))


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

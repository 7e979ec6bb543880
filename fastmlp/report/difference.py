"""Two studies side by side: what was set, what they ran on, and whether their accuracies are equivalent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from .. import stats
from .grid import flat, paired
from .pairs import Difference, difference_of, is_same
from .study import Study
from .table import Cell, Table, cell, head

__all__ = ["CellDifference", "StudyDifference", "apart", "difference", "side_by_side"]

#: Notes that differ between any two runs, or are shown elsewhere.
NOISE = {"settings", "rendered", "schema", "started", "finished", "command", "jobs"}
NOISE |= {"foreign", "gradient_check", "backend_comparison", "short_batches", "basins", "first_layer"}


class CellDifference(Difference):
    """One strategy in one cell, the first study minus the second."""

    problem: str
    first: str
    n_target: int
    planned: int


class Unlike(TypedDict):
    """A name under which two studies have different values, None where one has nothing."""

    name: str
    first: Any
    second: Any


class StudyDifference(TypedDict):
    """What differs between two studies.

    `cells` are those that both have, corrected together; `apart` those that are not shown to be equivalent; `counts`
    has the verdicts of those `compared` on two seeds or more; in `same` of them all accuracies are the very same;
    `alone` counts the cells that only the first has, and only the second.
    """

    names: list[str]
    margin: float
    settings: list[Unlike]
    environment: list[Unlike]
    cells: list[CellDifference]
    apart: list[CellDifference]
    counts: dict[str, int]
    compared: int
    same: int
    alone: list[int]


def difference(first: Study, second: Study) -> StudyDifference:
    """Compare two studies, cell by cell, on the seeds that both have finished."""
    a, b = first.grid, second.grid
    margin = min(first.margin, second.margin)
    held = [{(p, s, n) for p, s, n, _ in grid.trials} for grid in (a, b)]
    shared = [cell for cell in dict.fromkeys((p, s, n) for p, s, n, _ in a.trials) if cell in held[1]]
    differences = stats.paired_family([paired(a.ok(*c), b.ok(*c)) for c in shared], margin=margin)
    cells = [_cell(c, len(a.seeds), d) for c, d in zip(shared, differences, strict=True)]
    verdicts = [c["verdict"] for c in cells if c["n"] > 1]
    return {
        "names": [str(first.settings["name"]), str(second.settings["name"])],
        "margin": margin,
        "settings": _unlike(flat(first.settings), flat(second.settings)),
        "environment": _unlike(first.meta, second.meta),
        "cells": cells,
        "apart": [c for c in cells if c["verdict"] != "tied" and not is_same(c)],
        "counts": {v: verdicts.count(v) for v in ("tied", "better", "worse", "undecided")},
        "compared": len(verdicts),
        "same": sum(map(is_same, cells)),
        "alone": [len(held[0] - held[1]), len(held[1] - held[0])],
    }


def _cell(place: tuple[str, str, int], planned: int, difference: stats.Difference) -> CellDifference:
    problem, strategy, n_target = place
    return {
        **difference_of(difference),
        "problem": problem,
        "first": strategy,
        "n_target": n_target,
        "planned": planned,
    }


def _unlike(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Unlike]:
    names = [n for n in dict.fromkeys([*a, *b]) if n not in NOISE and not n.startswith("problem:")]
    return [{"name": n, "first": a.get(n), "second": b.get(n)} for n in names if a.get(n) != b.get(n)]


def side_by_side(pairs: Sequence[Unlike]) -> Table:
    """Return what differs between two studies, one row per name."""
    return {
        "columns": [head(text, number=False) for text in ("name", "first", "second")],
        "rows": [[cell("name", p["name"]), _setting(p["first"]), _setting(p["second"])] for p in pairs],
    }


def _setting(value: Any) -> Cell:
    return cell("text", "–") if value is None else cell("setting", value)


def apart(cells: Sequence[CellDifference]) -> Table:
    """Return cells in which two studies are not shown to be equivalent."""
    heads = ("labels", "difference (points)", "95 % interval", "pairs")
    return {
        "columns": [
            *(head(text, number=False) for text in ("problem", "strategy")),
            *map(head, heads),
            head("the first is", number=False),
        ],
        "rows": [
            [
                cell("name", c["problem"]),
                cell("name", c["first"]),
                cell("count", c["n_target"]),
                cell("points", c["mean"]),
                cell("points_interval", c),
                cell("pairs", {"n": c["n"], "planned": c["planned"]}),
                cell("verdict", c),
            ]
            for c in cells
        ],
    }

"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...problems import Problem
from ...table import Table, cell, effect_cell, head, kind_head, name_head
from .harm import Harm
from .pooled import Part, Pooled

__all__ = ["gains", "negative", "panels", "pooled", "pooled_by_problem"]


def negative(data: Harm, order: Sequence[Problem]) -> Table:
    """Return how many strategies are worse than what they are held against in each cell, one row per problem."""
    by_name = {p["name"]: p for p in data["problems"]}
    rows = [[cell("name", p["name"]), *(cell("harm", c) for c in by_name[p["name"]]["cells"])] for p in order]
    sizes = [c["n_target"] for c in data["problems"][0]["cells"]]
    return {"columns": [head("problem", number=False), *(kind_head("labels", n) for n in sizes)], "rows": rows}


def panels(problems: Sequence[Problem], strategies: Sequence[str]) -> Table:
    """Return what small multiples show, one row per problem and size and one column per strategy."""
    return {
        "columns": [head("problem", number=False), head("labels"), *map(name_head, strategies)],
        "rows": [
            [
                cell("name", p["name"]),
                cell("count", p["measures"][strategies[0]][k]["n_target"]),
                *(cell("percent_mean", p["measures"][s][k]["accuracy"]) for s in strategies),
            ]
            for p in problems
            for k in range(len(p["measures"][strategies[0]]) if strategies else 0)
        ],
    }


def pooled(data: Pooled, part: Part) -> Table:
    """Return the difference of each strategy from scratch over some sizes, one row per strategy, a column a problem."""
    return {
        "columns": [head("strategy", number=False), *(name_head(p["name"]) for p in data["problems"])],
        "rows": [
            [cell("name", s), *(effect_cell(p["differences"][part][k]) for p in data["problems"])]
            for k, s in enumerate(data["strategies"])
        ],
    }


def pooled_by_problem(data: Pooled, problem: str) -> Table:
    """Return the difference of each strategy from scratch on one problem, a column for all, few and many labels."""
    (differences,) = (p["differences"] for p in data["problems"] if p["name"] == problem)
    words = {"all": "all sizes", "few": "few labels", "many": "many labels"}
    return {
        "columns": [head("strategy", number=False), *(head(words[part]) for part in data["sizes"])],
        "rows": [
            [cell("name", s), *(effect_cell(differences[part][k]) for part in data["sizes"])]
            for k, s in enumerate(data["strategies"])
        ],
    }


def gains(data: Pooled) -> Table:
    """Return what each strategy gains over scratch on another target task."""
    return {
        "columns": [head("strategy", number=False), head("gain (points)"), head("95 % interval"), head("target tasks")],
        "rows": [
            [cell("name", g["strategy"]), cell("points", g["mean"]), cell("points_interval", g), cell("count", g["n"])]
            for g in data["gains"]
        ],
    }

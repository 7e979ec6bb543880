"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...problems import Problem
from ...table import Table, cell, head, kind_head, name_head
from .harm import Harm

__all__ = ["negative", "panels"]


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

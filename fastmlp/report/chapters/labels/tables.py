"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, head, kind_head, name_head
from .numbers import Equivalences, Worth


def equivalences(of_strategies: Sequence[Equivalences]) -> Table:
    """Return how many times the labels strategies are worth, a row a strategy and a column a size."""
    sizes = [e["n_target"] for e in of_strategies[0]["each"]] if of_strategies else []
    columns = [head("strategy", number=False), head("all sizes")]
    return {
        "columns": [*columns, *(kind_head("labels", round(n)) for n in sizes if n is not None)],
        "rows": [
            [cell("name", e["strategy"]), cell("times", e["overall"]), *(cell("times", x) for x in e["each"])]
            for e in of_strategies
        ],
    }


def worths(problems: Sequence[Worth], strategies: Sequence[str]) -> Table:
    """Return how many times the labels strategies are worth over all sizes, a row a problem and a column a strategy."""
    rows = []
    for p in problems:
        overall = {e["strategy"]: e["overall"] for e in p["equivalences"]}
        rows.append([cell("name", p["name"]), *(cell("times", overall[s]) for s in strategies)])
    return {"columns": [head("problem", number=False), *map(name_head, strategies)], "rows": rows}


def crossings(problems: Sequence[Worth]) -> Table:
    """Return where pairs of strategies cross, a row a pair."""
    heads = ("problem", "first − second", "the lead changes at")
    return {
        "columns": [head(text, number=False) for text in heads],
        "rows": [
            [cell("name", p["name"]), cell("difference", c), cell("crossing", c)]
            for p in problems
            for c in p["crossovers"]
        ],
    }

"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, head, kind_head, name_head
from .numbers import Equivalences, Worth


def equivalences(of_strategies: Sequence[Equivalences]) -> Table:
    """Return label equivalences, one row per strategy and one column per size."""
    by_size = [{x["n_target"]: x for x in e["each"]} for e in of_strategies]  # some may have no trials at some sizes
    sizes = sorted({n for each in by_size for n in each if n is not None})
    columns = [head("strategy", number=False), head("all sizes")]
    return {
        "columns": [*columns, *(kind_head("labels", round(n)) for n in sizes)],
        "rows": [
            [
                *(cell("name", e["strategy"]), cell("times", e["overall"])),
                *(cell("times", each[n]) if n in each else cell("text", "–") for n in sizes),
            ]
            for e, each in zip(of_strategies, by_size, strict=True)
        ],
    }


def worths(problems: Sequence[Worth], strategies: Sequence[str]) -> Table:
    """Return label equivalences over all sizes, one row per problem and one column per strategy."""
    rows = []
    for p in problems:
        overall = {e["strategy"]: e["overall"] for e in p["equivalences"]}
        rows.append([cell("name", p["name"]), *(cell("times", overall[s]) for s in strategies)])
    return {"columns": [head("problem", number=False), *map(name_head, strategies)], "rows": rows}


def crossings(problems: Sequence[Worth]) -> Table:
    """Return where pairs of strategies cross, one row per pair."""
    heads = ("problem", "first − second", "the lead changes at")
    return {
        "columns": [head(text, number=False) for text in heads],
        "rows": [
            [cell("name", p["name"]), cell("difference", c), cell("crossing", c)]
            for p in problems
            for c in p["crossovers"]
        ],
    }

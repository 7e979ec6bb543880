"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, head
from .numbers import Population


def populations(data: Sequence[Population]) -> Table:
    """Return the examples of each target task, and how much the splits of two seeds share."""
    heads = ("examples", "source pool", "held out", "held out by another seed too", "wider, fewest", "wider, most")
    return {
        "columns": [head("problems", number=False), *map(head, heads)],
        "rows": [
            [
                cell("names", one["problems"]),
                *(cell("count", one[name]) for name in ("examples", "source_pool", "held_out")),
                cell("percent", one["shared"]),
                cell("number", one["wider_few"]),
                cell("number", one["wider_many"]),
            ]
            for one in data
        ],
    }

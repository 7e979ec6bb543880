"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, effect_cell, head
from .numbers import Row


def prepared(rows: Sequence[Row]) -> Table:
    """Return accuracy after each way to prepare, and the difference, one row per size and strategy."""
    heads = ("prepared alike, %", "only made small, %", "difference (points)")
    return {
        "columns": [head("labels"), head("strategy", number=False), *map(head, heads)],
        "rows": [
            [
                cell("count", row["n_target"]),
                cell("name", row["strategy"]),
                cell("percent_mean", row["alike"]),
                cell("percent_mean", row["naive"]),
                effect_cell(row["difference"]),
            ]
            for row in rows
        ],
    }

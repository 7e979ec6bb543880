"""Tables of the chapter."""

from __future__ import annotations

from ...table import Table, cell, head
from .peers import ShapeRows


def peers(shape: ShapeRows) -> Table:
    """Return training times of fastmlp and other libraries, one row per library."""
    heads = ("time of a training", "times fastmlp’s", "share of the peak", "accuracy, %", "first training")
    return {
        "columns": [head("library", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", r["name"]),
                cell("seconds", r["seconds"]),
                cell("scientific", r["times"]),
                cell("percent0", r["share"]),
                cell("plain_points", r["accuracy"]),
                cell("seconds", r["first"]),
            ]
            for r in shape["peers"]
        ],
    }

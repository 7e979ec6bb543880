"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, head
from .numbers import Ledger, PowerRow

NAMES = {"rest": "what was not varied alone", "total": "all together", "weights": "initial weights"}


def ledger(data: Ledger) -> Table:
    """Return components of variance, one row per purpose."""
    heads = ("standard deviation (points)", "95 % interval", "share of variance", "seeds", "replicates")
    return {
        "columns": [head("what varies", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", NAMES.get(c["name"], c["name"])),
                cell("deviation", c["variance"]),
                cell("deviations", c),
                cell("percent0", c["share"]),
                cell("count", c["seeds"]),
                cell("count", c["replicates"]),
            ]
            for c in data["parts"]
        ],
    }


def power(rows: Sequence[PowerRow]) -> Table:
    """Return the smallest detectable difference, one row per size."""
    return {
        "columns": [head("labels"), head("smallest difference (points)")],
        "rows": [
            [cell("count", r["n_target"]), cell("plain_points", _possible(r["smallest"]["difference"]))] for r in rows
        ],
    }


def _possible(difference: float | None) -> float | None:
    """Return a difference of accuracies, or None where none could be so large."""
    return None if difference is None or difference > 1 else difference

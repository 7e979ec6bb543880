"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...counts import CellCounts, Counts
from ...table import Table, cell, head


def counts(data: Counts) -> Table:
    """Return how many trials ended how, one row per strategy."""
    statuses = ("ok", "diverged", "failed", "missing")
    rows = [
        [
            cell("name", c["strategy"]),
            *(cell("count", n) for n in (c["ok"], c["diverged"], c["failed"], c["missing"])),
        ]
        for c in data["by_strategy"]
    ]
    total = (data["ok"], data["diverged"], data["failed"], data["missing"])
    return {
        "columns": [head("strategy", number=False), *map(head, statuses)],
        "rows": [*rows, [cell("text", "all"), *(cell("count", n) for n in total)]],
    }


def lossy(cells: Sequence[CellCounts]) -> Table:
    """Return the cells in which a trial diverged or failed."""
    columns = [head("strategy", number=False), head("problem", number=False)]
    return {
        "columns": [*columns, *map(head, ("labels", "ok", "diverged", "failed", "missing"))],
        "rows": [
            [
                cell("name", c["strategy"]),
                cell("name", c["problem"]),
                *(cell("count", n) for n in (c["n_target"], c["ok"], c["diverged"], c["failed"], c["missing"])),
            ]
            for c in cells
        ],
    }


def listing(pairs: Sequence[Mapping[str, Any]], kind: str = "text") -> Table:
    """Return names and values: settings, versions."""
    return {
        "columns": [head("name", number=False), head("value", number=False)],
        "rows": [[cell("name", p["name"]), cell(kind, p["value"])] for p in pairs],
    }

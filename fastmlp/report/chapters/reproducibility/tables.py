"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...counts import CellCounts, Counts
from ...stability import Stability
from ...table import Table, cell, head
from .numbers import Trusted


def counts(data: Counts) -> Table:
    """Return how many trials ended how, one row per strategy."""
    statuses = ("ok", "unstable", "diverged", "failed", "missing")
    rows = [
        [
            cell("name", c["strategy"]),
            *(cell("count", n) for n in (c["ok"], c["unstable"], c["diverged"], c["failed"], c["missing"])),
        ]
        for c in data["by_strategy"]
    ]
    total = (data["ok"], data["unstable"], data["diverged"], data["failed"], data["missing"])
    return {
        "columns": [head("strategy", number=False), *map(head, statuses)],
        "rows": [*rows, [cell("text", "all"), *(cell("count", n) for n in total)]],
    }


def trusted(strategies: Sequence[Trusted]) -> Table:
    """Return the share of trainings that are unstable and that diverged, one row per strategy."""
    return {
        "columns": [head("strategy", number=False), head("unstable"), head("diverged")],
        "rows": [
            [cell("name", one["strategy"]), cell("percent", one["unstable"]), cell("percent", one["diverged"])]
            for one in strategies
        ],
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


def unstable(data: Stability) -> Table:
    """Return the cells with unstable trainings."""
    names = [head(text, number=False) for text in ("strategy", "problem")]
    heads = ("labels", "last batch", "unstable", "of", "their accuracy", "of the others")
    return {
        "columns": [*names, *map(head, heads)],
        "rows": [
            [
                cell("name", c["strategy"]),
                cell("name", c["problem"]),
                *(cell("count", n) for n in (c["n_target"], c["last_batch"], c["unstable"], c["ok"])),
                *(cell("percent", share) for share in (c["accuracy"], c["accuracy_of_others"])),
            ]
            for c in data["cells"]
        ],
    }


def falls(data: Stability) -> Table:
    """Return where a strategy is worse with more labels than with fewer."""
    names = [head(text, number=False) for text in ("strategy", "problem")]
    heads = ("fewer labels", "more labels", "last batch", "unstable", "difference (points)", "95 % interval", "pairs")
    return {
        "columns": [*names, *map(head, heads)],
        "rows": [
            [
                cell("name", c["strategy"]),
                cell("name", c["problem"]),
                *(cell("count", n) for n in (c["fewer"], c["n_target"], c["last_batch"], c["unstable"])),
                cell("points", c["mean"]),
                cell("points_interval", c),
                cell("pairs", {"n": c["n"], "planned": c["planned"]}),
            ]
            for c in data["falls"]
        ],
    }


def listing(pairs: Sequence[Mapping[str, Any]], kind: str = "text") -> Table:
    """Return names and values: settings, versions."""
    return {
        "columns": [head("name", number=False), head("value", number=False)],
        "rows": [[cell("name", p["name"]), cell(kind, p["value"])] for p in pairs],
    }

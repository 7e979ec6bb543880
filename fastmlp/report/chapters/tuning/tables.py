"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, head
from .numbers import Choice


def tuning(choices: Sequence[Choice]) -> Table:
    """Return what tuning chose, one row per strategy and size."""
    heads = ("labels", "tuned", "candidates", "learning rate", "epochs", "C", "gain in folds (points)", "time")
    return {
        "columns": [head("strategy", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", c["strategy"]),
                cell("count", c["n_target"]),
                cell("pairs", {"n": c["tuned"], "planned": c["of"]}),
                cell("count", c["candidates"]),
                cell("number", c["tuned_lr"]),
                cell("number", c["tuned_epochs"]),
                cell("number", c["tuned_C"]),
                cell("points", c["gain"]),
                cell("seconds", c["tune_seconds"]),
            ]
            for c in choices
        ],
    }

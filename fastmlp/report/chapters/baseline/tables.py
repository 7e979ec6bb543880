"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...measures import CellMeasures
from ...table import Table, cell, head


def measures(cells: Sequence[CellMeasures]) -> Table:
    """Return all measures of one strategy, a row a size."""
    heads = ("accuracy, %", "macro F1, %", "AUC, %", "calibration error, %", "log-loss", "seeds")
    return {
        "columns": [head("labels"), *map(head, heads)],
        "rows": [
            [
                cell("count", c["n_target"]),
                cell("percent_mean", c["accuracy"]),
                cell("percent_mean", c["macro_f1"]),
                cell("fine_percent_mean", c["auc"]),
                cell("percent_mean", c["ece"]),
                cell("mean", c["log_loss"]),
                cell("pairs", {"n": c["ok"], "planned": c["ok"] + c["diverged"] + c["failed"] + c["missing"]}),
            ]
            for c in cells
        ],
    }

"""Tables of the chapter."""

from __future__ import annotations

from ...table import Table, cell, head, name_head
from .numbers import GradientCheck, ShortBatches
from .worked import Worked


def checks(worked: Worked) -> Table:
    """Return the gradient of the worked network against central differences, one row per parameter."""
    heads = ("by the formula", "by moving it", "difference")
    return {
        "columns": [head("parameter", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", c["parameter"]),
                cell("fixed", c["gradient"]),
                cell("fixed", c["slope"]),
                cell("number", c["error"]),
            ]
            for c in worked["checks"]
        ],
    }


def gradient(check: GradientCheck) -> Table:
    """Return the gradient check of the study's network, one row per weight matrix or bias."""
    return {
        "columns": [head("part", number=False), *map(head, ("parameters", "checked", "relative error"))],
        "rows": [
            [
                cell("name", p["name"]),
                cell("count", p["parameters"]),
                cell("count", p["checked"]),
                cell("number", p["error"]),
            ]
            for p in check["parts"]
        ],
    }


def short_batches(data: ShortBatches) -> Table:
    """Return the mean accuracy by number of labels and choice for a short batch, one row per number of labels."""
    return {
        "columns": [head("labels", number=False), *map(name_head, data["choices"])],
        "rows": [
            [cell("labels", n), *(cell("percent_mean", mean) for mean in means)]
            for n, *means in zip(data["sizes"], *data["accuracies"], strict=True)
        ],
    }

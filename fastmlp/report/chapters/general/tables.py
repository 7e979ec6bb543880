"""Tables of the chapter."""

from __future__ import annotations

from ...table import Table, cell, head, name_head
from .numbers import Numbers

EVERY = 5  # of the thresholds of a profile, its table shows every fifth


def ranks(data: Numbers) -> Table:
    """Return average ranks, best first, accuracy, and the probability to be better than each opponent."""
    opponents = data["opponents"]
    return {
        "columns": [
            head("strategy", number=False),
            *map(head, ("average rank", "accuracy, %")),
            *map(name_head, opponents),
        ],
        "rows": [
            [
                cell("name", row["strategy"]),
                cell("rank", row["rank"]),
                cell("percent_range", row["accuracy"]),
                *(cell("chance", row["beats"].get(opponent)) for opponent in opponents),
            ]
            for row in data["ranks"]
        ],
    }


def profiles(data: Numbers) -> Table:
    """Return how often each strategy exceeds an accuracy, one row per accuracy."""
    lines = data["profiles"]
    taus = [point["tau"] for point in lines[0]["points"]] if lines else []
    return {
        "columns": [head("accuracy above"), *(name_head(line["strategy"]) for line in lines)],
        "rows": [
            [cell("percent0", tau), *(cell("chance", line["points"][k]) for line in lines)]
            for k, tau in enumerate(taus)
            if k % EVERY == 0
        ],
    }

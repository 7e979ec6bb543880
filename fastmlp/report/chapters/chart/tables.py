"""The evidence behind the chart."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Column, Table, cell, effect_cell, head
from .numbers import Branch

__all__ = ["chart_evidence"]

HEADS = {"head": "its head works", "fits": "fits", "fits not": "does not fit", "unknown": "not known"}


def chart_evidence(branches: Sequence[Branch]) -> Table:
    """Return how far each strategy is from the baseline at each end, a column an end; a dash where it has not run."""
    ends = [(branch["question"], end) for branch in branches for end in branch["ends"]]
    names = list(dict.fromkeys(s for _, end in ends for s in end["strategies"]))
    columns: list[Column] = [head(f"{HEADS[question]}, {end['labels']}") for question, end in ends]
    return {
        "columns": [head("strategy", number=False), *columns],
        "rows": [
            [
                cell("name", s),
                *(
                    effect_cell(end["from_baseline"][end["strategies"].index(s)] if s in end["strategies"] else None)
                    for _, end in ends
                ),
            ]
            for s in names
        ],
    }

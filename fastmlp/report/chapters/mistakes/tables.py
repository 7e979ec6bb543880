"""The most frequent mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Cell, Table, cell, head
from .numbers import TOP, Mistake, ProblemMistakes

__all__ = ["mistaken"]


def mistaken(problems: Sequence[ProblemMistakes]) -> Table:
    """Return the class that is known least and the most frequent mistakes, a row for each problem and strategy."""
    heads = [f"mistake {k + 1}" for k in range(TOP)]
    return {
        "columns": [
            head("problem", number=False),
            head("labels"),
            head("strategy", number=False),
            head("known least"),
            *map(head, heads),
        ],
        "rows": [
            [
                cell("name", one["name"]),
                cell("count", one["n_target"]),
                cell("name", row["strategy"]),
                cell("known", {"true": row["hardest"], "share": row["right"]}),
                *(_mistake(row["mistakes"], k) for k in range(TOP)),
            ]
            for one in problems
            for row in one["rows"]
        ],
    }


def _mistake(mistakes: Sequence[Mistake], k: int) -> Cell:
    return cell("mistake", mistakes[k]) if k < len(mistakes) else cell("count", None)

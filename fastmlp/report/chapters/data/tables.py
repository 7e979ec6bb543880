"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...grid import FACTS, PARTS
from ...problems import Problem
from ...table import Table, cell, head
from .numbers import Inputs


def split(facts: Mapping[str, int | None]) -> Table:
    """Return the sizes of the parts of the split."""
    return {
        "columns": [head("part", number=False), head("examples")],
        "rows": [[cell("text", text), cell("count", facts[k])] for k, text in PARTS.items() if k in facts],
    }


def inputs(data: Sequence[Inputs]) -> Table:
    """Return how far target inputs are from the inputs that the source's scaler was fitted on, one row per problem."""
    heads = (
        *("constant in the source", "of these, varying in the target", "ignored", "largest shift of a mean"),
        *("largest spread", "largest input", "outside the source’s range"),
    )
    return {
        "columns": [head("problem", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", x["name"]),
                cell("count", x["constant_in_source"]),
                cell("count", x["constant_in_source_only"]),
                cell("count", x["ignored"]),
                cell("number2", x["largest_mean_shift"]),
                cell("number2", x["largest_spread_ratio"]),
                cell("number2", x["largest_input"]),
                cell("percent", x["outside_source_range"]),
            ]
            for x in data
        ],
    }


def splits(problems: Sequence[Problem]) -> Table:
    """Return data and split, one row per problem."""
    return {
        "columns": [head("problem", number=False), *map(head, FACTS.values())],
        "rows": [[cell("name", p["name"]), *(cell("count", p["facts"][k]) for k in FACTS)] for p in problems],
    }

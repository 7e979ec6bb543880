"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...grid import FACTS, PARTS
from ...problems import Problem
from ...table import Table, cell, head


def split(facts: Mapping[str, int | None]) -> Table:
    """Return the sizes of the parts of the split."""
    return {
        "columns": [head("part", number=False), head("examples")],
        "rows": [[cell("text", text), cell("count", facts[k])] for k, text in PARTS.items() if k in facts],
    }


def splits(problems: Sequence[Problem]) -> Table:
    """Return data and split, a row a problem."""
    return {
        "columns": [head("problem", number=False), *map(head, FACTS.values())],
        "rows": [[cell("name", p["name"]), *(cell("count", p["facts"][k]) for k in FACTS)] for p in problems],
    }

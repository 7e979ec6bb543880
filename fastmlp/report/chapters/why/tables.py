"""Tables of the chapter."""

from __future__ import annotations

from ...table import Table, cell, effect_cell, head, name_head
from .numbers import Numbers


def kept_or_not(data: Numbers) -> Table:
    """Return what each way gains over scratch with the fewest labels: a row per problem, a column per way."""
    return {
        "columns": [head("problem", number=False), *map(name_head, data["ways"])],
        "rows": [[cell("name", one["name"]), *map(effect_cell, one["comparisons"])] for one in data["kept"]],
    }

"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, effect_cell, head
from .numbers import Protocol, Series


def layers(series: Sequence[Series]) -> Table:
    """Return accuracy by the number of layers, one row per series."""
    depths = sorted({point["k"] for one in series for point in one["points"]})
    rows = []
    for one in series:
        at = {point["k"]: point for point in one["points"]}
        cells = [cell("percent_mean", at[k]) if k in at else cell("count", None) for k in depths]
        rows.append([cell("name", f"{one['family']}-k"), cell("name", one["problem"]), *cells])
    columns = [head("family", number=False), head("problem", number=False)]
    return {"columns": [*columns, *(head(f"k = {k}") for k in depths)], "rows": rows}


def protocol(data: Protocol) -> Table:
    """Return Yosinski's differences, one row per depth."""
    heads = ("base B − BnB", "BnB − AnB", "BnB+ − base B", "AnB − random")
    return {
        "columns": [head("layers copied"), *map(head, heads)],
        "rows": [
            [
                cell("count", row["k"]),
                *map(effect_cell, (row["fragile"], row["specific"], row["recovered"], row["beyond_random"])),
            ]
            for row in data["rows"]
        ],
    }

"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...table import Table, cell, head
from .peers import ShapeRows


def peers(shape: ShapeRows) -> Table:
    """Return training times of fastmlp and other libraries, one row per library."""
    heads = ("time of a training", "times fastmlp’s", "share of the peak", "accuracy, %", "first training")
    return {
        "columns": [head("library", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", r["name"]),
                cell("seconds", r["seconds"]),
                cell("scientific", r["times"]),
                cell("percent0", r["share"]),
                cell("plain_points", r["accuracy"]),
                cell("seconds", r["first"]),
            ]
            for r in shape["peers"]
        ],
    }


def ratios(shapes: Sequence[ShapeRows]) -> Table:
    """Return how many times as long as fastmlp other libraries take, one row per shape and number of cores."""
    libraries = list(dict.fromkeys(r["name"] for shape in shapes for r in shape["peers"] if not r["ours"]))
    heads = ("cores", "fastmlp", "share of the peak", *libraries)
    rows = []
    for shape in shapes:
        by_name = {r["name"]: r for r in shape["peers"]}
        ours = next(r for r in shape["peers"] if r["ours"])
        times = [by_name[name]["times"] if name in by_name else None for name in libraries]
        rows.append(
            [
                cell("text", shape["description"]),
                cell("count", shape["cores"]),
                cell("seconds", ours["seconds"]),
                cell("percent0", ours["share"]),
                *(cell("scientific", t) for t in times),
            ]
        )
    return {"columns": [head("training", number=False), *map(head, heads)], "rows": rows}

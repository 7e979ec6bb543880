"""The aggregated cells behind a table or a figure, as CSV with all their digits, and commands that go behind them."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .filters import FORMATS, printable

__all__ = ["commands_behind", "csv_of"]

Json = Mapping[str, Any]

AGAIN = "fastmlp study study.toml --out again"


def csv_of(data: Json) -> str:
    """A table as CSV: one column for each number that a cell holds, not rounded; what is not there is empty."""
    kinds = [_kind([row[k] for row in data["rows"]]) for k in range(len(data["columns"]))]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    heads = [_head(column["head"]) for column in data["columns"]]
    writer.writerow(
        [f"{head} {part}".strip() for head, kind in zip(heads, kinds, strict=True) for part in PARTS.get(kind, ("",))]
    )
    for row in data["rows"]:
        writer.writerow([value for c, kind in zip(row, kinds, strict=True) for value in _values(c, kind)])
    return target.getvalue()


def commands_behind(problems: Sequence[str], strategies: Sequence[str] = ()) -> list[str]:
    """Shell commands that print the rows behind a table, in the folder of the study, and that compute them again.

    Parameters
    ----------
    problems, strategies
        Whose rows; all of them where there are none, or where a name would need the quotes of CSV.
    """
    show = "fastmlp export . --format csv"
    wanted = [_among(column, names) for column, names in ((1, problems), (3, strategies)) if names]
    plain = not any(set(name) & set(',"\\\r\n') for name in (*problems, *strategies))
    if wanted and plain:
        show += f" | awk -F, {shlex.quote('NR == 1 || ' + ' && '.join(wanted))}"
    return [show, AGAIN]


def _among(column: int, names: Sequence[str]) -> str:
    tests = " || ".join(f'${column} == "{printable(name)}"' for name in names)
    return f"({tests})" if len(names) > 1 else tests


#: What a cell of a kind holds, in columns of their own.
PARTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("percent_short", "mean_short"), ("mean", "low", "high", "n")),
    "times": ("times", "low", "high", "case"),
    "crossing": ("n_target", "low", "high", "case"),
    "deviations": ("low", "high"),
    **dict.fromkeys(("percent_mean", "fine_percent_mean", "mean", "rank"), ("mean", "low", "high", "n")),
    "chance": ("share", "low", "high", "n"),
    "cost": ("mean", "low", "high", "n", "cells"),
    "harm": ("worse", "tested", "case"),
    "soon": ("steps", "reached", "n"),
    "tally": ("agrees", "contradicted", "undecided"),
    "points_interval": ("low", "high"),
    "range": ("median", "low", "high"),
    "pairs": ("n", "planned"),
    "difference": ("first", "second"),
    "effect": ("mean", "low", "high", "n", "verdict"),
}
SINGLE: dict[str, Callable[[Any], object]] = {
    "verdict": FORMATS["verdict"],
    "by_layer": lambda value: "; ".join("" if m["mean"] is None else str(m["mean"]) for m in value),
    "names": "; ".join,
    "winners": lambda value: "; ".join(value["winners"]),
    "setting": FORMATS["setting"],
}


def _kind(cells: Sequence[Json]) -> str:
    """The kind of a column: that of its first cell that holds something."""
    return next((str(c["kind"]) for c in cells if c["value"] is not None), "text")


def _values(cell: Json, kind: str) -> list[object]:
    value = cell["value"]
    if value is None or cell["kind"] != kind:
        return [value, *[""] * (len(PARTS.get(kind, ("",))) - 1)]
    if kind in PARTS:
        return [value.get(part) for part in PARTS[kind]]
    return [SINGLE[kind](value) if kind in SINGLE else value]


def _head(cell: Json) -> str:
    if cell["kind"] == "curve":
        return f"{cell['value']['strategy']}, {cell['value']['n_target']} labels"
    if isinstance(cell["value"], str) or cell["kind"] not in FORMATS:
        return str(cell["value"])
    return FORMATS[cell["kind"]](cell["value"]).replace(",", "")  # thousands are for readers, not for programs

"""Tables as data: columns, and rows of cells that know their kind.

`format.show` makes a cell text, and each format's macros make it markup. The first cell of a row is its header. The
table behind a figure is made from the numbers that the figure is drawn from.
"""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from .format import KINDS, printable
from .pairs import Difference

__all__ = [
    "Cell",
    "Column",
    "Table",
    "cell",
    "commands_behind",
    "csv_of",
    "effect_cell",
    "head",
    "kind_head",
    "name_head",
    "shade",
]

AGAIN = "fastmlp study study.toml --out again"
#: Points of accuracy behind the best of a column at which the shade of a cell changes, from 4, the best, to 0.
POINTS_BEHIND = (0.01, 0.02, 0.05, 0.10)


class Cell(TypedDict):
    """A value, its kind (see `format.KINDS`), and how dark its ground is, from 0 to 4."""

    kind: str
    value: Any
    shade: NotRequired[int]


class Column(TypedDict):
    """The head of a column, and whether numbers stand in it."""

    head: Cell
    number: bool


class Table(TypedDict):
    """As many cells in each row as there are columns."""

    columns: list[Column]
    rows: list[list[Cell]]


def cell(kind: str, value: Any, shade: int | None = None) -> Cell:
    """Make a cell, to be shown as its kind says."""
    return {"kind": kind, "value": value} if shade is None else {"kind": kind, "value": value, "shade": shade}


def head(text: str, *, number: bool = True) -> Column:
    """Head a column of numbers, or of words."""
    return {"head": cell("text", text), "number": number}


def name_head(name: str) -> Column:
    """Head a column of numbers about one strategy or problem."""
    return kind_head("name", name)


def kind_head(kind: str, value: Any, *, number: bool = True) -> Column:
    """Head a column by something that has a kind, such as a number of labels."""
    return {"head": cell(kind, value), "number": number}


def shade(value: float | None, best: float, steps: Sequence[float] = POINTS_BEHIND) -> int | None:
    """Return how dark a cell is: the nearer the best, the darker; None where there is no value."""
    return None if value is None else sum(best - value < step for step in steps)


def effect_cell(comparison: Difference | None) -> Cell:
    """Make a cell of a difference in points with the sign of its verdict; a dash where it was not compared."""
    if comparison is None or comparison["mean"] is None:
        return cell("count", None)
    return cell("effect", comparison)


def csv_of(table: Table) -> str:
    """Return a table as CSV: one column for each number that a cell holds, not rounded; what is missing is empty."""
    kinds = [_kind_of([row[k] for row in table["rows"]]) for k in range(len(table["columns"]))]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    heads = [_csv_head(column["head"]) for column in table["columns"]]
    writer.writerow(
        [
            f"{text} {part}".strip()
            for text, kind in zip(heads, kinds, strict=True)
            for part in KINDS[kind].parts or ("",)
        ]
    )
    for row in table["rows"]:
        writer.writerow([value for c, kind in zip(row, kinds, strict=True) for value in _csv_values(c, kind)])
    return target.getvalue()


def commands_behind(problems: Sequence[str], strategies: Sequence[str] = ()) -> list[str]:
    """Return shell commands that print the rows behind a table, in the study's folder, and that compute them again.

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


def _kind_of(cells: Sequence[Cell]) -> str:
    """Return the kind of a column: that of its first cell that holds something."""
    return next((c["kind"] for c in cells if c["value"] is not None), "text")


def _csv_values(c: Cell, column: str) -> list[object]:
    kind, value = KINDS[column], c["value"]
    if value is None or c["kind"] != column:
        return [value, *[""] * (len(kind.parts) - 1)]
    return [value.get(part) for part in kind.parts] or [kind.as_csv(value)]


def _csv_head(c: Cell) -> str:
    if c["kind"] == "curve":
        return f"{c['value']['strategy']}, {c['value']['n_target']} labels"
    show = KINDS[c["kind"]].show
    if isinstance(c["value"], str) or show is None:
        return str(c["value"])
    return show(c["value"]).replace(",", "")  # thousands are for readers, not for programs

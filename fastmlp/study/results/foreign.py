"""Results that were computed elsewhere, from a frame of any library: checked against the plan of a study."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ...checks import is_real, is_whole
from ...errors import InvalidInput, UnknownName, shown
from ...measures import MEASURES
from ..store.foreign import MARK, ForeignResult

Cell = tuple[str, int, int]  # a problem, a seed, a number of labels
PLACE = ("problem", "n_target", "seed")
LONGEST = 60  # characters of a name
SHARES = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "auc", "ece")


def check_method(name: object) -> str:
    """Return the name under which a method is shown: what the user calls it, and the mark.

    Raises
    ------
    InvalidInput
        If it is no text, is empty or too long, or cannot be printed.
    """
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST:
        raise InvalidInput(f"name is {shown(name)}; it must be text of 1 to {LONGEST} characters that can be printed")
    return f"{name.strip().removesuffix(MARK)}{MARK}"


def foreign_results(
    method: str, frame: object, cells: Collection[Cell], own: Collection[str] = ()
) -> list[ForeignResult]:
    """Return the rows of a frame as results of a method.

    Parameters
    ----------
    method
        Its name, with the mark.
    frame
        A ``DataFrame`` of pandas or polars, a ``Table`` of pyarrow, a dict of columns or a list of dicts: one row for
        each cell and seed, with `n_target`, `seed`, `accuracy` and, if they were measured, others of `MEASURES`. A
        study of one problem needs no column `problem`.
    cells
        Those of the study.
    own
        Names of the study's own measures.

    Raises
    ------
    InvalidInput
        If a column is missing or unknown, a row is of no cell of the study or comes twice, or a value is no measure;
        with the row's number, from 0.
    """
    problems = sorted({problem for problem, _, _ in cells})
    default = {"problem": problems[0]} if len(problems) == 1 else {}
    found: dict[Cell, ForeignResult] = {}
    for place, row in enumerate(_rows_of(frame)):
        result = _result(method, default | dict(row), f"row {place}", own)
        cell = result.problem, result.seed, result.n_target
        if cell not in cells:
            raise InvalidInput(f"row {place} is of {_said(cell)}, which is no cell of the study")
        if cell in found:
            raise InvalidInput(f"row {place} is of {_said(cell)}, as a row before it is")
        found[cell] = result
    if not found:
        raise InvalidInput("frame has no rows")
    return list(found.values())


def _rows_of(frame: Any) -> Iterable[Mapping[str, Any]]:
    """Return the rows of a frame as dicts."""
    if isinstance(frame, Mapping):
        columns = {name: list(values) for name, values in frame.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise InvalidInput(f"frame has columns of {sorted({len(v) for v in columns.values()})} values")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for method, arguments in (
        ("to_pylist", ()),
        ("to_dicts", ()),
        ("to_dict", ("records",)),
    ):  # pyarrow, polars, pandas
        if hasattr(frame, method):
            rows: list[Mapping[str, Any]] = getattr(frame, method)(*arguments)
            return rows
    if isinstance(frame, list | tuple) and all(isinstance(row, Mapping) for row in frame):
        return frame
    raise InvalidInput(f"frame is {shown(frame)}; it must be a frame, a dict of columns or a list of dicts")


def _result(method: str, row: Mapping[str, Any], where: str, own: Collection[str]) -> ForeignResult:
    known = (*MEASURES, *own)
    for name in row:
        if name not in PLACE and name not in known:
            raise UnknownName("column", name, (*PLACE, *known))
    for name in (*PLACE, "accuracy"):
        if name not in row:
            raise InvalidInput(f"{where} has no {name}; it has {', '.join(map(str, row))}")
    for name in ("n_target", "seed"):
        if not is_whole(row[name]):
            raise InvalidInput(f"{where}: {name} is {shown(row[name])}; it must be a whole number")
    measures = {name: _measure(name, row[name], where) for name in known if row.get(name) is not None}
    return ForeignResult(method, str(row["problem"]), int(row["n_target"]), int(row["seed"]), measures)


def _measure(name: str, value: object, where: str) -> float:
    least, most = (0.0 if name in MEASURES else -math.inf), (1.0 if name in SHARES else math.inf)
    if not is_real(value) or not least <= value <= most or math.isinf(value):
        bound = "from 0 to 1, not in percent" if name in SHARES else "of at least 0" if least == 0 else "that is finite"
        raise InvalidInput(f"{where}: {name} is {shown(value)}; it must be a number {bound}")
    return float(value)


def _said(cell: Cell) -> str:
    problem, seed, n_target = cell
    return f"problem {problem!r}, n_target {n_target}, seed {seed}"

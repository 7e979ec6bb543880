"""Read a table, whatever it is, and settle what is missing in it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ...errors import InvalidInput, LabelError, NotFiniteError, UnknownName
from ...files import check_path, entry_at
from ...inputs import find_sentinels
from .array_files import matrix, of_arrays, read_npy, read_npz
from .csv_files import read_csv
from .datasets import is_dataset, read_dataset
from .frames import is_frame, read_frame
from .parquet_files import read_parquet
from .table import MISSING, Table, Wanted

# By the ending of a file's name
READERS: Mapping[str, Callable[[Path, Wanted], Table]] = MappingProxyType(
    {
        ".csv": read_csv,
        ".tsv": read_csv,
        ".txt": read_csv,
        ".parquet": read_parquet,
        ".pq": read_parquet,
        ".npz": read_npz,
        ".npy": read_npy,
    }
)
CELLS = 2**20  # that are looked at together
REMEDY = (
    'missing = "mean" fills it with the mean of the rows that are trained on, missing = "drop" leaves such rows out'
)


def read_table(
    data: Any, wanted: Wanted | None = None, *, y: Any = None, remedy: str | None = None, whole: bool = True
) -> Table:
    """Return a table of numbers, with labels if they are wanted.

    Memory is that of the numbers and little more; ``.npy`` files stay where they are.

    Parameters
    ----------
    data
        The path of a file in CSV, Parquet, ``.npz`` or ``.npy``; a frame of any library, a dict of columns; an array
        (n, features); a pair of such an array and labels; a dataset of PyTorch.
    wanted
        Which columns are what; of columns without names, only their number is.
    y : (n,)
        Labels of an array, if they are not in it.
    remedy
        What is said to a missing value that is refused; None: what may be done about it in settings.
    whole
        Whether a column without any number is refused, and one with a number such as -9999 earns a warning.

    Raises
    ------
    InvalidInput
        If it is no table, or a value is missing or no number: with file, row and column.
    MissingLibrary
        If a library is needed that cannot be imported.
    """
    asked = wanted or Wanted()
    if asked.missing not in MISSING:
        raise UnknownName("way with missing values", asked.missing, MISSING)
    settled = _settled(_read(data, asked, y), asked, remedy or REMEDY)
    if whole:
        _look_at_columns(settled)
    return settled


def _read(data: Any, wanted: Wanted, y: Any) -> Table:
    if isinstance(data, str | os.PathLike):
        return _read_file(check_path("table", data), wanted)
    if is_frame(data):
        return read_frame(data, wanted)
    if isinstance(data, tuple) and len(data) == 2 and y is None:
        data, y = data
    if is_dataset(data):
        return read_dataset(data, wanted)
    return of_arrays("the array", matrix(data), y, None, None, wanted)


def _read_file(path: Path, wanted: Wanted) -> Table:
    kind = entry_at(path)
    if kind != "file":
        raise InvalidInput(f"{path}: {'there is no such file' if kind is None else f'is a {kind}; a file is needed'}")
    if path.suffix.lower() not in READERS:
        raise InvalidInput(f"{path}: is of no known kind; names of tables end in {', '.join(READERS)}")
    return READERS[path.suffix.lower()](path, wanted)


def _settled(table: Table, wanted: Wanted, remedy: str) -> Table:
    """Refuse what is infinite, and leave out, keep or refuse what is missing."""
    gaps = np.zeros(len(table.X), np.bool_)  # rows in which a number is missing
    step = max(1, CELLS // table.X.shape[1])
    for start in range(0, len(gaps), step):
        part = table.X[start : start + step]
        missing = np.isnan(part)
        if (wild := ~np.isfinite(part) & ~missing).any():
            row, column = np.argwhere(wild)[0]
            raise NotFiniteError(f"{_at(table, start + row, column)} is {part[row, column]}; finite numbers are needed")
        gaps[start : start + step] = missing.any(axis=1)
    if gaps.any() and wanted.missing == "refuse":
        row = int(gaps.argmax())
        column = int(np.isnan(table.X[row]).argmax())
        many = f", like one or more values in {gaps.sum()} of {len(gaps)} rows" if gaps.sum() > 1 else ""
        raise NotFiniteError(f"{_at(table, row, column)} is missing{many}; {remedy}")
    kept = _labelled(table, wanted) & ~(gaps & (wanted.missing == "drop"))
    if not kept.any():
        raise InvalidInput(f"{table.name}: something is missing in each of {len(kept)} rows")
    return table if kept.all() else _typed(table.rows(kept))


def _labelled(table: Table, wanted: Wanted) -> Any:
    """Return which rows have a label and a group, (n,); refuse those that have none, unless they are left out."""
    kept = np.ones(len(table.X), np.bool_)
    for what, column in (("label", table.labels), ("group", table.groups)):
        if column is None or column.dtype != object:
            continue
        none = np.array([value is None for value in column])
        if none.any() and wanted.missing == "refuse":
            row = f"{table.name}: {table.place(int(none.argmax()))}"
            raise LabelError(
                f'{row} has no {what}, like {none.sum()} of {len(none)} rows; missing = "drop" leaves them out'
            )
        kept &= ~none
    return kept


def _typed(table: Table) -> Table:
    """Return a table whose labels and groups have their type again, after those that were missing are gone."""
    labels, groups = (None if column is None else np.array(column.tolist()) for column in (table.labels, table.groups))
    return replace(table, labels=labels, groups=groups)


def _at(table: Table, row: int, column: int) -> str:
    return f"{table.name}: {table.place(int(row))}, {table.column(int(column))}"


def _look_at_columns(table: Table) -> None:
    """Refuse a column without a number, and warn of numbers such as -9999 that may stand for missing values."""
    step = max(1, CELLS // table.X.shape[1])
    empty = np.logical_and.reduce(
        [np.isnan(table.X[start : start + step]).all(axis=0) for start in range(0, len(table.X), step)]
    )
    if empty.any():
        raise NotFiniteError(f"{table.name}: {table.column(int(empty.argmax()))} holds no number; leave it out")
    if table.X.nbytes > CELLS * 64:  # the check takes as much memory as the table
        return
    with np.errstate(invalid="ignore"):
        found = find_sentinels(np.nan_to_num(table.X, nan=0.0) if np.isnan(table.X).any() else table.X)
    for column, value, n in found[:3]:
        warnings.warn(
            f"{table.name}: {table.column(column)} is {value:g} in {n} of {len(table.X)} rows, far from all its other "
            "values: if that stands for a missing value, leave those cells empty, because here it is a number",
            stacklevel=4,
        )

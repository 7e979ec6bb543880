"""The rows of a study by column, in blocks on the disk that are read on demand.

A row of a large study holds a hundred numbers, and most uses need few columns of all rows. So columns are written to a
temporary file in blocks, and the blocks read last are cached: memory does not grow with the number of rows.

A copy of the store by SQLite's backup is not used instead: reading one column of a wide row reads the whole row.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import isnan, nan
from typing import Any, overload
from weakref import finalize

from msgspec import json

from ...files import temporary_file
from .schema import COLUMNS, NESTED

BLOCK = 256  # rows
NUMBERS = ("REAL", "INTEGER")
ONCE = ("key", "frozen_before", "frozen_after")  # words that no two rows share
LONG = {name for name, kind in COLUMNS.items() if kind in NESTED or name in ONCE}
SHORT_KEPT, LONG_KEPT = 2048, 8  # blocks; a short one takes 2 kB, a long one up to half a megabyte


class Table(Sequence[Mapping[str, Any]]):
    """Rows with all of their columns, as they were when the table was made.

    Parameters
    ----------
    rows
        The values of each row, in the order of the columns; lists as JSON text.
    columns
        Their kinds by name.
    """

    def __init__(self, rows: Iterable[Iterable[Any]], columns: Mapping[str, str] = COLUMNS) -> None:
        self.columns = columns
        self._file = temporary_file()
        finalize(self, self._file.close)
        self._numbers = {name: number for number, name in enumerate(columns)}
        self._offsets = array("Q", [0])  # where blocks begin, column by column; each ends where the next begins
        self._short: dict[tuple[str, int], Sequence[Any]] = {}
        self._words: dict[str, str] = {}
        self._long: dict[tuple[str, int], Sequence[Any]] = {}
        self._length = 0
        remaining = iter(rows)
        while some := list(islice(remaining, BLOCK)):
            for kind, values in zip(columns.values(), zip(*some, strict=True), strict=True):
                written = _written(kind, values)
                self._offsets.append(self._offsets[-1] + self._file.write(written))
            self._length += len(some)
        self._file.flush()

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._length

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        """Return a row, or some."""
        found = range(self._length)[place]
        return Row(self, found) if isinstance(found, int) else [Row(self, each) for each in found]

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return (Row(self, place) for place in range(self._length))

    def value(self, name: str, place: int) -> Any:
        """Return the value of a column in a row."""
        number, within = divmod(place, BLOCK)
        kept = self._long if name in LONG else self._short
        found = (kept.get((name, number)) or self._block(name, number))[within]
        match self.columns[name]:
            case "REAL":
                return None if isnan(found) else found
            case "INTEGER":
                return None if isnan(found) else int(found)
            case "TEXT":
                return found
        return found and json.decode(found)

    def _block(self, name: str, number: int) -> Sequence[Any]:
        kept, most = (self._long, LONG_KEPT) if name in LONG else (self._short, SHORT_KEPT)
        block = kept[name, number] = self._read(name, number)
        if len(kept) > most:
            del kept[next(iter(kept))]
        return block

    def _read(self, name: str, number: int) -> Sequence[Any]:
        place = number * len(self.columns) + self._numbers[name]
        offset, end = self._offsets[place : place + 2]
        written = os.pread(self._file.fileno(), end - offset, offset)
        if self.columns[name] in NUMBERS:
            return array("d", written)
        values: list[Any] = json.decode(written)
        return values if name in LONG else [self._words.setdefault(v, v) for v in values]


def _written(kind: str, values: Sequence[Any]) -> bytes:
    """Return the bytes of a block; a missing number becomes NaN, which the store never holds."""
    if kind in NUMBERS:
        return array("d", [nan if value is None else value for value in values]).tobytes()
    return json.encode(values)


class Row(Mapping[str, Any]):
    """One row of a table."""

    __slots__ = ("_place", "_table")

    def __init__(self, table: Table, place: int) -> None:
        self._table = table
        self._place = place

    def __getitem__(self, name: str) -> Any:
        """Return the value of the row in a column."""
        return self._table.value(name, self._place)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of columns."""
        return iter(self._table.columns)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._table.columns)

"""A study's rows by column, on the disk, in blocks that are read when they are asked for.

A row of a large study holds a hundred numbers, and whoever looks at all rows looks at few columns. So the columns are
cut into blocks in a temporary file, and of those that were read the latest are kept: however many rows there are, they
take little memory.
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
    """Rows with all of `records.COLUMNS`, as they were when the table was made.

    Parameters
    ----------
    rows
        The values of each row, in the order of the columns; lists as JSON text.
    """

    def __init__(self, rows: Iterable[Iterable[Any]]) -> None:
        self._file = temporary_file()
        finalize(self, self._file.close)
        self._places: dict[tuple[str, int], tuple[int, int]] = {}  # offset and length of a column's block
        self._short: dict[tuple[str, int], Sequence[Any]] = {}
        self._words: dict[str, str] = {}
        self._long: dict[tuple[str, int], Sequence[Any]] = {}
        self._length = 0
        remaining = iter(rows)
        while some := list(islice(remaining, BLOCK)):
            for (name, kind), values in zip(COLUMNS.items(), zip(*some, strict=True), strict=True):
                written = _written(kind, values)
                self._places[name, self._length // BLOCK] = self._file.tell(), len(written)
                self._file.write(written)
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
        """Go through the rows."""
        return (Row(self, place) for place in range(self._length))

    def value(self, name: str, place: int) -> Any:
        """Return what a column holds in a row."""
        number, within = divmod(place, BLOCK)
        kept = self._long if name in LONG else self._short
        found = (kept.get((name, number)) or self._block(name, number))[within]
        match COLUMNS[name]:
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
        offset, length = self._places[name, number]
        written = os.pread(self._file.fileno(), length, offset)
        if COLUMNS[name] in NUMBERS:
            return array("d", written)
        values: list[Any] = json.decode(written)
        return values if name in LONG else [self._words.setdefault(v, v) for v in values]


def _written(kind: str, values: Sequence[Any]) -> bytes:
    """Return the bytes of a block; a number that is not there is NaN, which the store does not hold."""
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
        """Return what the row holds in a column."""
        return self._table.value(name, self._place)

    def __iter__(self) -> Iterator[str]:
        """Go through the columns."""
        return iter(COLUMNS)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(COLUMNS)

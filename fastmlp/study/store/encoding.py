"""Records as rows of the store's tables: values in the order of the columns, lists as JSON text.

SQLite has no lists, and would keep NaN as nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import msgspec

from .schema import NESTED, RECORDS, Record

Row = tuple[Any, ...]  # the key, then a value for each column

ENCODER = msgspec.json.Encoder(enc_hook=float)  # for NumPy's numbers; many times as fast as json's on lists of floats
VALUES = {table: itemgetter("key", *columns) for table, columns in RECORDS.items()}
NESTED_PLACES = {
    table: [place for place, kind in enumerate(columns.values(), 1) if kind in NESTED]
    for table, columns in RECORDS.items()
}
NUMBERS = {
    table: itemgetter(*(place for place, kind in enumerate(columns.values(), 1) if kind in {"REAL", "INTEGER"}))
    for table, columns in RECORDS.items()
}


def row_of(table: str, record: Record) -> Row:
    """Return a record as a row of its table.

    Raises
    ------
    ValueError
        If it has a value without a column, or a number that is not finite.
    """
    columns = RECORDS[table]
    if len(record) > 1 + len(columns):
        homeless = [name for name in record if name not in columns and name != "key"]
        raise ValueError(f"{', '.join(homeless)}: measured, and {table} has no such column; see store/schema.py")
    values = VALUES[table](record)
    if not math.isfinite(sum(filter(None, NUMBERS[table](values)))):  # one of them, or their sum
        check_finite(table, values)
    row = list(values)
    for place in NESTED_PLACES[table]:
        if row[place] is not None:
            row[place] = nested(row[place])
    return tuple(row)


def nested(value: object) -> str:
    """Return a list of numbers, or of pairs of them, as JSON.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = ENCODER.encode(value).decode()
    if "null" in text:  # which is what msgspec makes of NaN and infinity, too
        json.dumps(value, allow_nan=False, default=float)
    return text


def check_finite(table: str, row: Iterable[object]) -> None:
    """Raise a ValueError that names the first value which SQLite would keep as nothing."""
    key, *values = row
    for name, value in zip(RECORDS[table], values, strict=True):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} of trial {key} is {value}; SQLite would keep it as nothing")


def alike(kind: str, one: Any, other: Any) -> bool:
    """Whether two texts of a kind of column hold the same numbers; another encoder may have written one of them."""
    both = one is not None and other is not None
    return kind in NESTED and both and msgspec.json.decode(one) == msgspec.json.decode(other)

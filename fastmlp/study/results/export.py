"""Export a study's table as CSV, JSON lines or Parquet: one row per trial, in the plan's order."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ...errors import MissingLibrary, StoreError, UnknownName
from ...files import reason, temporary_file
from ..store.reader import reading
from ..store.schema import COLUMNS, NESTED, TABLE, Record

FORMATS = ("csv", "jsonl", "parquet")
# A spreadsheet runs text that begins so as a formula: OWASP ASVS 1.2.10.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
ROWS = 1000  # at a time
PIECE = 65536  # bytes


def export(folder: Path, form: str) -> Generator[bytes, None, None]:
    """Generate the bytes of a file with a study's table.

    It is written to a temporary file first, because the consumer may be slow, and a running study cannot commit while
    its records are read.

    Parameters
    ----------
    folder
        The study's.
    form
        ``csv``, without the lists of losses and the like; ``jsonl`` or ``parquet``, with them.

    Raises
    ------
    UnknownName
        If there is no such format.
    MissingLibrary
        If Parquet is asked for and pyarrow is not installed.
    StoreError
        If there is no study in the folder, or no room for the temporary file.
    """
    writers = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}
    if form not in writers:
        raise UnknownName("format", form, FORMATS)
    with temporary_file() as file:
        with reading(folder) as reader:
            kinds = {name: kind for name, kind in reader.columns.items() if form != "csv" or kind not in NESTED}
            try:
                writers[form](reader.rows(kinds), file, kinds)
            except OSError as error:
                raise StoreError(f"temporary file: cannot be written: {reason(error)}") from error
        file.seek(0)
        yield from iter(lambda: file.read(PIECE), b"")


def write_csv(rows: Iterable[Record], file: BinaryIO, kinds: Mapping[str, str] = TABLE) -> None:
    """Write CSV: numbers as the shortest text that reads back the same, missing values as empty fields."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(kinds)
    table.writerows([guarded(row[name]) for name in kinds] for row in rows)
    text.detach()  # writes the rest of the buffer and leaves the file open


def guarded(value: object) -> object:
    """Return a value as a spreadsheet may see it: text that looks like a formula gets an apostrophe."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # `csv` would write it without quotes, and readers take it for the end of a line
    return f"'{text}" if value.startswith(FORMULA) else text


def write_jsonl(rows: Iterable[Record], file: BinaryIO, _: Mapping[str, str] = COLUMNS) -> None:
    """Write one JSON object per line."""
    file.writelines(json.dumps(row, allow_nan=False).encode() + b"\n" for row in rows)


def write_parquet(rows: Iterable[Record], file: BinaryIO, kinds: Mapping[str, str] = COLUMNS) -> None:
    """Write Parquet, some rows at a time."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingLibrary("pyarrow", "pip install pyarrow") from error
    numbers = pa.list_(pa.float64())
    types = {"TEXT": pa.string(), "REAL": pa.float64(), "INTEGER": pa.int64(), "LIST": numbers}
    types["PAIRS"] = pa.list_(numbers)
    schema = pa.schema([(name, types[kind]) for name, kind in kinds.items()])
    with parquet.ParquetWriter(file, schema) as writer:
        remaining = iter(rows)
        while some := list(islice(remaining, ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(some, schema))

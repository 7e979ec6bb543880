"""A study as a table for others: CSV, JSON lines, Parquet. One row a trial, in the plan's order."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

from ...errors import MissingLibrary, UnknownName
from ..store.reader import reading
from ..store.schema import COLUMNS, TABLE, Record

FORMATS = ("csv", "jsonl", "parquet")
# A spreadsheet takes text that begins so for a formula, and runs it: OWASP ASVS 1.2.10.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
ROWS = 1000  # at a time
PIECE = 65536  # bytes


def export(folder: Path, form: str) -> Generator[bytes, None, None]:
    """Go through a study's table as bytes of a file.

    It is written to a temporary file first: whoever takes the bytes may be slow, and a running study cannot commit
    while its records are read.

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
        If there is no study in the folder.
    """
    writers: dict[str, Callable[[Iterable[Record]], Iterator[bytes]]]
    writers = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}
    if form not in writers:
        raise UnknownName("format", form, FORMATS)
    with TemporaryFile() as file:
        with reading(folder) as reader:
            file.writelines(writers[form](reader.rows(TABLE if form == "csv" else COLUMNS)))
        file.seek(0)
        yield from iter(lambda: file.read(PIECE), b"")


def as_csv(rows: Iterable[Record]) -> Iterator[bytes]:
    """Write CSV: numbers as the shortest text that reads back the same, what is not there as nothing."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(TABLE)
    for row in rows:
        table.writerow([guarded(row[name]) for name in TABLE])
        if text.tell() > PIECE:
            yield _drain(text)
    yield _drain(text)


def guarded(value: object) -> object:
    """Return a value as a spreadsheet may see it: text that looks like a formula gets an apostrophe."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # which `csv` would leave without quotes, and readers take for the end of a line
    return f"'{text}" if value.startswith(FORMULA) else text


def as_jsonl(rows: Iterable[Record]) -> Iterator[bytes]:
    """Write one JSON object a line."""
    for row in rows:
        yield json.dumps(row, allow_nan=False).encode() + b"\n"


def as_parquet(rows: Iterable[Record]) -> Iterator[bytes]:
    """Write Parquet."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingLibrary("pyarrow", "pip install pyarrow") from error
    numbers = pa.list_(pa.float64())
    kinds = {"TEXT": pa.string(), "REAL": pa.float64(), "INTEGER": pa.int64(), "LIST": numbers}
    kinds["PAIRS"] = pa.list_(numbers)
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    buffer = io.BytesIO()
    with parquet.ParquetWriter(buffer, schema) as writer:
        remaining = iter(rows)
        while some := list(islice(remaining, ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(some, schema))
    yield buffer.getvalue()


def _drain(text: io.StringIO) -> bytes:
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written.encode()

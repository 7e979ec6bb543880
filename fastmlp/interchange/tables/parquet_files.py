"""Tables in Parquet, by pyarrow: a few columns of a row group at a time, straight to where their numbers belong.

Its reader of batches keeps what it has read for as long as the file is open, and so takes twice the memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidInput, MissingLibrary
from .cells import Labels, numbers
from .table import Table, Wanted, choose

if TYPE_CHECKING:
    from ...layout import Floats

CELLS = 2**21  # that are read together: some columns of a row group
NARROW = {"float", "halffloat", "int8", "uint8", "int16", "uint16", "bool"}  # exact in float32


def read_parquet(path: Path, wanted: Wanted) -> Table:
    """Read a table; its features are in float32 if all of them are exact there.

    Raises
    ------
    InvalidInput
        If it is no such table, or a cell is neither a number nor missing.
    MissingLibrary
        If pyarrow cannot be imported.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MissingLibrary("pyarrow", "pip install fastmlp[parquet] brings it; CSV needs no library") from error
    try:
        with parquet.ParquetFile(path) as file:
            return _read(file, path, wanted)
    except InvalidInput:
        raise
    except Exception as error:  # pyarrow's own, of half a dozen kinds
        raise InvalidInput(f"{path}: cannot be read as Parquet: {error}") from error


def _read(file: Any, path: Path, wanted: Wanted) -> Table:
    schema, n = file.schema_arrow, file.metadata.num_rows
    chosen = choose(schema.names, wanted, str(path))
    names = [schema.names[place] for place in chosen.features]
    narrow = all(str(schema.field(name).type) in NARROW for name in names)
    X = np.empty((n, len(names)), np.float32 if narrow else np.float64)
    labels, groups, start = Labels(), Labels(), 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        step = max(1, CELLS // max(1, end - start))
        for first in range(0, len(names), step):
            part = names[first : first + step]
            columns = file.read_row_group(group, columns=part, use_threads=False)
            for k, name in enumerate(part, first):
                _fill(X[start:end, k], columns.column(name), f"{path}: row ", start, name)
        for column, which in ((labels, wanted.label), (groups, wanted.group)):
            if which is not None:
                column.add(file.read_row_group(group, columns=[which]).column(which).to_pylist())
        start = end
    return Table(
        str(path),
        X,
        None if wanted.label is None else labels.array(),
        tuple(names),
        None if wanted.group is None else groups.array(),
    )


def _fill(out: Floats, column: Any, row: str, start: int, name: str) -> None:
    """Put the numbers of a column into an array, NaN for what is missing."""
    from pyarrow import types

    kind = column.type
    if types.is_floating(kind) or (types.is_integer(kind) and not column.null_count):
        out[:] = column.to_numpy()
        return

    def refuse(place: int, what: str) -> InvalidInput:
        return InvalidInput(
            f"{row}{start + place}, column {name!r}: {what}; name the columns that are no features to be ignored"
        )

    out[:] = numbers(column.to_pylist(), refuse)

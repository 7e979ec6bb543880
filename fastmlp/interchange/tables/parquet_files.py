"""Tables in Parquet, by pyarrow: a few columns of a row group at a time, straight to where their numbers belong.

Its reader of batches keeps what it has read for as long as the file is open, and so takes twice the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import InvalidInput, MissingLibrary, ShapeError
from .cells import Labels, no_number, numbers
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


class Column(NamedTuple):
    """A column of a file, and the place in it if it holds lists of numbers, as embeddings are kept."""

    name: str
    place: int | None = None


def _read(file: Any, path: Path, wanted: Wanted) -> Table:
    there = list(_columns(file))
    chosen = choose([name for name, _ in there], wanted, str(path))
    features = [there[place][1] for place in chosen.features]
    names = tuple(there[place][0] for place in chosen.features)
    kinds = [file.schema_arrow.field(column.name).type for column in features]
    narrow = all(str(getattr(kind, "value_type", kind)) in NARROW for kind in kinds)
    X = np.empty((file.metadata.num_rows, len(features)), np.float32 if narrow else np.float64)
    labels, groups, start = Labels(), Labels(), 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        _read_features(X[start:end], features, partial(file.read_row_group, group, use_threads=False), path, start)
        for column, which in ((labels, wanted.label), (groups, wanted.group)):
            if which is not None:
                column.add(file.read_row_group(group, columns=[which]).column(which).to_pylist())
        start = end
    return Table(
        str(path),
        X,
        None if wanted.label is None else labels.array(),
        names,
        None if wanted.group is None else groups.array(),
    )


def _columns(file: Any) -> Iterator[tuple[str, Column]]:
    """Go through what may be a feature, a label or a group: a column ``e`` of lists is ``e[0]``, ``e[1]`` and so on."""
    from pyarrow import types

    for found in file.schema_arrow:
        if not (types.is_list(found.type) or types.is_large_list(found.type) or types.is_fixed_size_list(found.type)):
            yield found.name, Column(found.name)
            continue
        first = (
            file.read_row_group(0, columns=[found.name]).column(found.name)[:1].to_pylist()
            if file.num_row_groups
            else []
        )
        for place in range(len(first[0] or ()) if first else 0):
            yield f"{found.name}[{place}]", Column(found.name, place)


def _read_features(out: Floats, features: Sequence[Column], read: Callable[..., Any], path: Path, start: int) -> None:
    """Read the features of a row group, which begins with a row, into an array (rows, features)."""
    row = f"{path}: row "
    plain = [(k, column.name) for k, column in enumerate(features) if column.place is None]
    step = max(1, CELLS // max(1, len(out)))
    for first in range(0, len(plain), step):
        part = plain[first : first + step]
        columns = read(columns=[name for _, name in part])
        for k, name in part:
            _fill(out[:, k], columns.column(name), row, start, name)
    for name in dict.fromkeys(column.name for column in features if column.place is not None):
        mine = [(k, c.place) for k, c in enumerate(features) if c.name == name and c.place is not None]
        rows = _lists(read(columns=[name]).column(name), out.dtype, row, start, name)
        out[:, [k for k, _ in mine]] = rows[:, [place for _, place in mine]]


def _lists(column: Any, dtype: np.dtype[Any], row: str, start: int, name: str) -> Floats:
    """Return a column of lists of one length as an array (rows, length)."""
    from pyarrow import compute

    lengths = compute.list_value_length(column).fill_null(0).to_numpy()
    if len(odd := np.flatnonzero(lengths != lengths[0])):
        place = int(odd[0])
        raise ShapeError(
            f"{row}{start + place}, column {name!r}: holds {lengths[place]} numbers, and those before it {lengths[0]}"
        )
    flat = np.empty(int(lengths.sum()), dtype)
    _fill(flat, compute.list_flatten(column), row, start, name)
    return flat.reshape(len(lengths), int(lengths[0]))


def _fill(out: Floats, column: Any, row: str, start: int, name: str) -> None:
    """Put the numbers of a column into an array, NaN for what is missing."""
    from pyarrow import types

    kind = column.type
    if types.is_floating(kind) or (types.is_integer(kind) and not column.null_count):
        out[:] = column.to_numpy()
        return

    def refuse(place: int, what: str) -> InvalidInput:
        return no_number(f"{row}{start + place}", name, what)

    out[:] = numbers(column.to_pylist(), refuse)

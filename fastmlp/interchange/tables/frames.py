"""Frames of any library, through narwhals, and columns by name in a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidInput, MissingLibrary, ShapeError, shown
from .cells import Labels, no_number, numbers
from .table import Table, Wanted, choose

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_frame(data: Any) -> bool:
    """Whether an object has columns by name: a frame of some library, or a dict of columns."""
    return isinstance(data, Mapping) or hasattr(data, "__dataframe__") or hasattr(data, "__arrow_c_stream__")


def read_frame(data: Any, wanted: Wanted) -> Table:
    """Return a frame, or a dict of columns, as a table; numbers in float32 if all are, else in float64.

    Raises
    ------
    InvalidInput
        If a column is not there, or a cell is neither a number nor missing.
    MissingLibrary
        If the frame is of a kind that only pyarrow can read, and that cannot be imported.
    """
    name = f"the {type(data).__module__.partition('.')[0]} {type(data).__name__}"
    if isinstance(data, Mapping):
        name, names, column, n = "the dict", [*data], data.__getitem__, _length(data)
    else:
        frame = _narwhals(data)
        names, n = list(frame.columns), len(frame)

        def column(which: str) -> Any:
            return _series(frame[which])

    if odd := [which for which in names if not isinstance(which, str)]:
        raise InvalidInput(f"{name}: has a column {shown(odd[0])}; names of columns are text")
    return _read(name, names, column, n, wanted)


def _read(name: str, names: Sequence[str], column: Callable[[str], Any], n: int, wanted: Wanted) -> Table:
    chosen = choose(names, wanted, name)
    features = tuple(names[place] for place in chosen.features)
    narrow = all(getattr(column(which), "dtype", None) == np.float32 for which in features)
    X = np.empty((n, len(features)), np.float32 if narrow else np.float64)
    for k, which in enumerate(features):
        X[:, k] = _numbers(column(which), name, which)
    labels, groups = (None if which is None else _labels(column(which)) for which in (wanted.label, wanted.group))
    return Table(name, X, labels, features, groups)


def _narwhals(data: Any) -> Any:
    """Return narwhals' frame of any library's."""
    import narwhals

    try:
        return narwhals.from_native(data, eager_only=True)
    except TypeError:
        pass
    try:
        import pyarrow as pa
        from pyarrow import interchange
    except ImportError as error:
        raise MissingLibrary("pyarrow", f"it reads a {type(data).__name__}: pip install fastmlp[parquet]") from error
    is_stream = hasattr(data, "__arrow_c_stream__")
    return narwhals.from_native(pa.table(data) if is_stream else interchange.from_dataframe(data), eager_only=True)


def _series(series: Any) -> Any:
    """Return a column as an array of numbers if it is one, else as a list."""
    import narwhals

    kind = series.dtype
    if kind.is_float() or (kind.is_integer() and not series.null_count()):
        return series.to_numpy()
    if kind.is_numeric() and series.null_count():
        return series.cast(narwhals.Float64).to_numpy()
    return series.to_list()


def _numbers(values: Any, name: str, column: str) -> NDArray[Any]:
    """Return a column as numbers, NaN for what is missing."""
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        return array

    def refuse(place: int, what: str) -> InvalidInput:
        return no_number(f"{name}: row {place}", column, what)

    return numbers(list(values), refuse)


def _labels(values: Any) -> NDArray[Any]:
    collected = Labels()
    collected.add(values.tolist() if isinstance(values, np.ndarray) else list(values))
    return collected.array()


def _length(columns: Mapping[str, Sequence[Any]]) -> int:
    """Return the length that all columns of a dict have."""
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise ShapeError(f"the dict has columns of {len(lengths)} lengths; one is needed")
    return lengths.pop()

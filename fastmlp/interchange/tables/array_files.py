"""Tables in NumPy's own files: arrays by name in an ``.npz`` file, one array in an ``.npy`` file, which is mapped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidInput, ShapeError
from ...files import refusing
from ...inputs import real_array
from ...npz import read_array
from .cells import Labels
from .table import Table, Wanted, choose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats

INPUTS, LABELS, NAMES = "X", "y", "features"  # arrays of an .npz file


def read_npz(path: Path, wanted: Wanted) -> Table:
    """Read X (n, features) and the array of the labels; y unless another is named. Nothing is unpickled.

    An array ``features`` holds the names of the features, if there is one.

    Raises
    ------
    InvalidInput
        If it holds something else.
    """
    from zipfile import ZipFile  # which importing fastmlp does not wait for

    try:
        with ZipFile(path) as archive:
            there = {member.removesuffix(".npy") for member in archive.namelist()}
            X = matrix(read_array(archive, INPUTS))
            label = wanted.label or (LABELS if LABELS in there else None)
            labels, groups = (name and read_array(archive, name) for name in (label, wanted.group))
            names = tuple(map(str, read_array(archive, NAMES).tolist())) if NAMES in there else None
    except InvalidInput as error:
        raise type(error)(f"{path}: {error}") from error
    except Exception as error:  # half a file raises almost anything
        raise InvalidInput(f"{path}: cannot be read as an .npz file: {error}") from error
    return of_arrays(str(path), X, labels, names, groups, wanted)


def read_npy(path: Path, wanted: Wanted) -> Table:
    """Map a file of features (n, features); label and group are paths of other ``.npy`` files, from the same folder.

    Raises
    ------
    InvalidInput
        If one holds something else.
    """
    labels, groups = (name and _load(path.parent / name) for name in (wanted.label, wanted.group))
    X = _load(path, mapped=True)
    try:
        X = matrix(X)
    except InvalidInput as error:
        raise type(error)(f"{path}: {error}") from error
    return of_arrays(str(path), X, labels, None, groups, wanted)


def _load(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    if path.suffix != ".npy":
        raise InvalidInput(f"{path}: beside an .npy file, labels and groups are the names of .npy files")
    with refusing(path, "cannot be read as an .npy file"):
        try:
            array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        except EOFError as error:
            raise InvalidInput(f"{path}: cannot be read as an .npy file: {error}") from error
    return array


def matrix(X: Any) -> Floats:
    """Return inputs (n, features) in float32 if they are, else in float64; what is there already is not copied.

    Raises
    ------
    InvalidInput
        If they are no such numbers.
    """
    x = real_array(X)
    if x.ndim != 2:
        remedy = "; X.reshape(len(X), -1) makes it so" if x.ndim > 2 else ""
        raise ShapeError(f"X has shape {x.shape}; (n, features) is needed{remedy}")
    if not x.size:
        raise ShapeError(f"X has shape {x.shape}; at least one row and one feature are needed")
    narrow = x.dtype.kind == "f" and x.dtype.itemsize <= 4
    return np.ascontiguousarray(x, dtype=np.float32 if narrow else np.float64)


def of_arrays(
    name: str, X: Floats, labels: Any, features: tuple[str, ...] | None, groups: Any, wanted: Wanted
) -> Table:
    """Return the table of some arrays, of whose features those are kept that are wanted.

    Raises
    ------
    InvalidInput
        If lengths disagree, or features are named that have no names.
    """
    if features is not None and len(features) != X.shape[1]:
        raise ShapeError(f"{name}: there are {len(features)} names of features, and X has shape {X.shape}")
    if features is None and wanted.ignore:
        raise InvalidInput(f"{name}: its features have no names, so {wanted.ignore[0]!r} cannot be ignored")
    columns = (wanted.label or "y", labels), (wanted.group or "groups", groups)
    for what, column in columns:
        if column is not None and np.shape(column) != (len(X),):
            raise ShapeError(
                f"{name}: {what} has shape {np.shape(column)}; X has {len(X)} rows, so ({len(X)},) is needed"
            )
    if features is not None and (wanted.features or wanted.ignore):
        chosen = choose(features, Wanted(features=wanted.features, ignore=wanted.ignore), name)
        X, features = X[:, chosen.features], tuple(features[place] for place in chosen.features)
    y, g = (None if column is None else _labels(column) for _, column in columns)
    return Table(name, X, y, features, g)


def _labels(column: Any) -> NDArray[Any]:
    """Return labels of one kind, (n,); None among them is missing."""
    array = np.asarray(column)
    if array.dtype.kind in "iub":
        return array
    collected = Labels()
    collected.add(array.tolist())
    return collected.array()

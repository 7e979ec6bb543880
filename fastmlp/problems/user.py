"""Read a user's own task from an ``.npz`` file with arrays X (n, features) and y (n,).

A task is named by a hash of its data. So random draws, and with them results, do not depend on where the file is or how
it is compressed, and problems with one target share their splits and their trials from scratch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from math import prod
from pathlib import Path
from stat import S_ISREG
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, LabelError, NotFiniteError, ShapeError
from ..inputs import NUMBERED, integer_labels, real_array
from .task import Task

if TYPE_CHECKING:
    from zipfile import ZipFile

    from numpy.typing import NDArray

    from ..layout import Ints

LARGEST = 2**32  # bytes of an array in memory
HUGE = 1e300  # differences of greater inputs may be infinite
HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], tuple[Any, ...]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


_sent: dict[tuple[str, bool], Task] = {}


def keep_task(task: Task) -> None:
    """Keep a task that was read on another machine, so that `read_task` finds it here by its hash."""
    _sent.setdefault((task.name, task.one_unit), task)


def read_task(path: Path, *, one_unit: bool = False, known: str | None = None) -> Task:
    """Read a task. Nothing in the file is unpickled, and a file that has not changed is read once.

    Parameters
    ----------
    path
        An ``.npz`` file, written by `numpy.savez`: X (n, features), real numbers; y (n,), labels from 0 to k - 1.
    one_unit
        As for `Task`.
    known
        Its hash, if that is known. A task that was sent here is then not read.

    Raises
    ------
    InvalidInput
        If there is no such file, or it holds something else; a `ShapeError`, `LabelError` or `NotFiniteError` if that
        is what is wrong with the arrays.
    """
    if known and (task := _sent.get((known, one_unit))):
        return task
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # the latter for a name with a NUL in it
        raise InvalidInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not S_ISREG(state.st_mode):
        raise InvalidInput(f"{path}: is no file")
    return _read(path, (state.st_mtime_ns, state.st_size), one_unit)


@lru_cache(maxsize=16)  # trials ask for the same tasks again and again; a file that was changed has another stamp
def _read(path: Path, _stamp: tuple[int, int], one_unit: bool) -> Task:  # noqa: FBT001 (part of the cache's key)
    from zipfile import ZipFile  # which importing fastmlp does not wait for

    try:
        with ZipFile(path) as archive:
            X, y = _array(archive, "X"), _array(archive, "y")
        X, y = _inputs(X), _labels(y, len(X))
    except InvalidInput as error:
        raise type(error)(f"{path}: {error}") from error
    except Exception as error:  # half a file raises almost anything
        raise InvalidInput(f"{path}: cannot be read as an .npz file: {error}") from error
    for array in (X, y):
        array.flags.writeable = False  # many trials share it
    seen = sha256(f"{X.shape}".encode())
    seen.update(X.data)
    seen.update(y.data)
    return Task(seen.hexdigest()[:32], X, y, one_unit)


def _array(archive: ZipFile, name: str) -> NDArray[Any]:
    """Read an array, after checking its header: it may claim a size that does not fit into memory."""
    there = sorted(member.removesuffix(".npy") for member in archive.namelist())
    if name not in there:
        raise InvalidInput(f"has no array {name!r}; it holds {', '.join(map(repr, there)) or 'nothing'}")
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as file:
        shape, _, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        remedy = f"save np.asarray({name}, dtype='float64') instead"
        raise InvalidInput(f"{name} holds Python objects, and reading those may run anything; {remedy}")
    if prod(shape) * dtype.itemsize > member.file_size or prod(shape) * 8 > LARGEST:
        size = f"{member.file_size} bytes of it are there, and at most {LARGEST} can be used"
        raise ShapeError(f"{name} says that its shape is {shape}, of {dtype}; {size}")
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _inputs(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return inputs as contiguous float64."""
    X = real_array(X)
    if X.ndim != 2:
        remedy = "; X.reshape(len(X), -1) makes it so" if X.ndim > 2 else ""
        raise ShapeError(f"X has shape {X.shape}; (n, features) is needed{remedy}")
    if not X.size:
        raise ShapeError(f"X has shape {X.shape}; at least one example and one feature are needed")
    inputs = np.ascontiguousarray(X, dtype=np.float64)
    if not (fine := np.abs(inputs) < HUGE).all():
        row, column = np.argwhere(~fine)[0]
        raise NotFiniteError(f"X[{row}, {column}] is {X[row, column]}; finite numbers below {HUGE:g} are needed")
    return inputs


def _labels(y: NDArray[Any], n: int) -> Ints:
    """Return labels as int64."""
    y = integer_labels(y, n)
    found = np.unique(y)
    if len(found) < 2:
        raise LabelError(f"all {n} labels in y are {found[0]}; two or more classes are needed")
    if (wrong := found != np.arange(len(found))).any():
        place = int(wrong.argmax())
        raise LabelError(
            f"y has {len(found)} different labels, so they must be 0 to {len(found) - 1}, "
            f"but there is {found[place]} and no {place}; {NUMBERED}"
        )
    return y.astype(np.int64)

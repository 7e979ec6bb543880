"""Read a user's own task from an ``.npz`` file with arrays X (n, features) and y (n,).

A task is named by a hash of its data. So random draws, and with them results, do not depend on where the file is or how
it is compressed, and problems with one target share their splits and their trials from scratch.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, LabelError, NotFiniteError, ShapeError
from ..inputs import NUMBERED, integer_labels, real_array
from ..npz import read_array
from .task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

HUGE = 1e300  # differences of greater inputs may be infinite

_sent: dict[tuple[str, bool], Task] = {}


def keep_task(task: Task) -> None:
    """Keep a task that was read on another machine, so that `read_task` finds it here by its hash."""
    _sent.setdefault((task.name, task.one_unit), task)


def read_task(path: Path, *, one_unit: bool = False, known: str | None = None, group: str | None = None) -> Task:
    """Read a task. Nothing in the file is unpickled, and a file that has not changed is read once.

    Parameters
    ----------
    path
        An ``.npz`` file, written by `numpy.savez`: X (n, features), real numbers; y (n,), labels from 0 to k - 1.
    one_unit
        As for `Task`.
    known
        Its hash, if that is known. A task that was sent here is then not read.
    group
        The name of an array (n,) that says which examples belong together; the hash is then of that too.

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
    return _read(path, (state.st_mtime_ns, state.st_size), one_unit, group)


@lru_cache(maxsize=16)  # trials ask for the same tasks again and again; a file that was changed has another stamp
def _read(
    path: Path,
    _stamp: tuple[int, int],
    one_unit: bool,  # noqa: FBT001 (part of the cache's key)
    group: str | None,
) -> Task:
    from zipfile import ZipFile  # which importing fastmlp does not wait for

    try:
        with ZipFile(path) as archive:
            X, y = read_array(archive, "X"), read_array(archive, "y")
            given = None if group is None else read_array(archive, group)
        X, y = _inputs(X), _labels(y, len(X))
        groups = None if given is None else number_groups(given, len(y), str(group))
    except InvalidInput as error:
        raise type(error)(f"{path}: {error}") from error
    except Exception as error:  # half a file raises almost anything
        raise InvalidInput(f"{path}: cannot be read as an .npz file: {error}") from error
    for array in (X, y):
        array.flags.writeable = False  # many trials share it
    seen = sha256(f"{X.shape}".encode())
    seen.update(X.data)
    seen.update(y.data)
    if groups is not None:
        seen.update(groups.tobytes())
    return Task(seen.hexdigest()[:32], X, y, one_unit, groups)


def number_groups(values: NDArray[Any], n: int, name: str) -> Ints:
    """Return which group each example is of, (n,), in whole numbers from 0.

    Raises
    ------
    ShapeError, NotFiniteError
        If there is not one value for each example, or it is missing.
    """
    if values.shape != (n,):
        raise ShapeError(f"{name} has shape {values.shape}; ({n},) is needed, the group of each example")
    if values.dtype.kind == "f" and not (there := np.isfinite(values)).all():
        raise NotFiniteError(f"{name}[{there.argmin()}] is {values[there.argmin()]}; each example needs a group")
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


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

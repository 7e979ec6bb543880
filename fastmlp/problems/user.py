"""Read a user's own task from a table: see `fastmlp.interchange.tables`.

A task is named by a hash of its data. So random draws, and with them results, do not depend on where the file is or how
it is written, and problems with one target share their splits and their trials from scratch.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, NotFiniteError
from ..files import write_whole
from .task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..interchange.tables import Table, Wanted

HUGE = 1e300  # differences of greater inputs may be infinite
ROWS = 4096  # that are looked at together

_sent: dict[tuple[str, bool], Task] = {}


def keep_task(task: Task) -> None:
    """Keep a task that was read on another machine, so that `read_task` finds it here by its hash."""
    _sent.setdefault((task.name, task.one_unit), task)


def read_task(path: Path, *, one_unit: bool = False, known: str | None = None, wanted: Wanted | None = None) -> Task:
    """Read a task. Nothing in the file is run, and a file that has not changed is read once.

    Parameters
    ----------
    path
        A table in a file: see `fastmlp.interchange.tables.read_table`.
    one_unit
        As for `Task`.
    known
        Its hash, if that is known. A task that was sent here is then not read.
    wanted
        Which columns are what.

    Raises
    ------
    InvalidInput
        If there is no such file, or it holds something else; a `ShapeError`, `LabelError` or `NotFiniteError` if that
        is what is wrong with the numbers.
    """
    if known and (task := _sent.get((known, one_unit))):
        return task
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # the latter for a name with a NUL in it
        raise InvalidInput(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not S_ISREG(state.st_mode):
        raise InvalidInput(f"{path}: is no file")
    return _read(path, (state.st_mtime_ns, state.st_size), one_unit, wanted)


@lru_cache(maxsize=16)  # trials ask for the same tasks again and again; a file that was changed has another stamp
def _read(path: Path, _stamp: tuple[int, int], one_unit: bool, wanted: Wanted | None) -> Task:  # noqa: FBT001 (a key)
    from ..interchange.tables import read_table  # which importing fastmlp does not wait for

    return task_of(read_table(path, wanted), one_unit=one_unit)


def task_of(table: Table, *, one_unit: bool = False) -> Task:
    """Return a table with labels as a task, whose labels are numbered in the order of their classes.

    Raises
    ------
    LabelError, NotFiniteError
        If it has no labels, or only one, or inputs too great to be subtracted.
    """
    classes, y = table.classes()
    groups = None if table.groups is None else np.unique(table.groups, return_inverse=True)[1].astype(np.int64)
    X = np.ascontiguousarray(table.X, dtype=np.float64)
    _refuse_huge(X, table)
    for array in (X, y):
        array.flags.writeable = False  # many trials share it
    seen = sha256(f"{X.shape}".encode())
    seen.update(X.data)
    seen.update(y.data)
    if groups is not None:
        seen.update(groups.tobytes())
    plain = np.array_equal(classes, np.arange(len(classes)))
    called = () if plain else tuple(map(str, classes.tolist()))
    return Task(seen.hexdigest()[:32], X, y, one_unit, groups, called, table.features)


def write_task(task: Task, path: Path, wanted: Wanted) -> None:
    """Write a task to an ``.npz`` file, from which `read_task` reads the same one, label and group by their names.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    labels = np.array(task.classes)[task.y] if task.classes else task.y
    arrays: dict[str, Any] = {"X": task.X, wanted.label or "y": labels}
    if wanted.group is not None and task.groups is not None:
        arrays[wanted.group] = task.groups
    if task.features is not None:
        arrays["features"] = np.array(task.features)
    content = BytesIO()
    np.savez(content, **arrays)
    write_whole(path, [content.getvalue()])


def _refuse_huge(X: NDArray[np.float64], table: Table) -> None:
    for start in range(0, len(X), ROWS):
        part = X[start : start + ROWS]
        if (huge := np.abs(part) >= HUGE).any():
            row, column = np.argwhere(huge)[0]
            raise NotFiniteError(
                f"{table.name}: {table.place(int(start + row))}, {table.column(int(column))} is {part[row, column]}; "
                f"finite numbers below {HUGE:g} are needed"
            )

"""Data of the reader's own: a task in an ``.npz`` file, with arrays X (n, features) and y (n,), and what may be wrong.

A task is named by a hash of its data. So the draws that depend on it, and with them results, do not depend on where the
file lies or how it is compressed, and problems with one target share their splits and their trials from scratch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from math import ceil, prod
from pathlib import Path
from stat import S_ISREG
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, LabelError, NotFiniteError, ShapeError
from ..inputs import NUMBERED, integer_labels, real_array
from .facts import in_both
from .split import Sizes
from .task import Task

if TYPE_CHECKING:
    from zipfile import ZipFile

    from numpy.typing import NDArray

    from ..layout import Ints
    from .task import Problem

LARGEST = 2**32  # bytes of an array in memory
HUGE = 1e300  # differences of greater inputs may be infinite
LAB = Sizes()
# What each part may take of the target examples at the most: if the source pool is one of the parts, and if it is not
SHARES = {True: {"heldout": 0.28, "pool": 0.28, "probe": 0.06}, False: {"heldout": 0.45, "pool": 0.45, "probe": 0.1}}
IN_EACH = 2  # examples of a class that each part is due: a part is within two of its share, so it has one
SOURCE_EACH = 5  # examples of a class of the source: one of them for judging what was pretrained

HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], tuple[Any, ...]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_task(path: Path, *, one_unit: bool = False) -> Task:
    """Read a task; nothing in the file is unpickled, and a file that is as it was is read once.

    Parameters
    ----------
    path
        An ``.npz`` file, as `numpy.savez` writes it: X (n, features) of real numbers, y (n,) of labels 0 to k - 1.
    one_unit
        As for `Task`.

    Raises
    ------
    InvalidInput
        If there is no such file, or it holds something else: a `ShapeError`, `LabelError` or `NotFiniteError` where
        that is what is wrong with the arrays.
    """
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
    """Read an array, after a look at what its header promises: it may promise more than there is memory."""
    there = sorted(member.removesuffix(".npy") for member in archive.namelist())
    if name not in there:
        raise InvalidInput(f"has no array {name!r}; it holds {', '.join(map(repr, there)) or 'nothing'}")
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as file:
        shape, _, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        raise InvalidInput(f"{name} holds Python objects, and reading those may run anything; save an array of numbers")
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


def sizes_for(target: Task, *, shared: bool, **said: int | None) -> Sizes:
    """Return the sizes of a split: what is said, and for the rest the lab's, or what so many examples allow.

    A part is larger than the lab's where the rarest class asks for it.

    Parameters
    ----------
    target
        What is divided.
    shared
        Whether the source pool is one of the parts.
    said
        Sizes that are decided, by the names of `Sizes`.

    Examples
    --------
    >>> task = Task("small", np.zeros((1000, 2)), np.arange(1000) % 4)
    >>> sizes_for(task, shared=True, heldout=400)
    Sizes(heldout=400, pool=280, probe=60)
    """
    n = len(target.y)
    due = ceil(IN_EACH * n / np.bincount(target.y).min())
    most = {part: int(share * n) for part, share in SHARES[shared].items()}
    parts = {part: said.get(part) or min(most[part], max(getattr(LAB, part), due)) for part in most}
    return Sizes(**parts)


def check_own(problem: Problem) -> None:
    """See that two tasks make a problem, and that each part of its split has every class.

    Raises
    ------
    ShapeError
        If the tasks have different features, are shared and not of one length, or are too small for the split.
    LabelError
        If a class is too rare.
    InvalidInput
        If all target examples are among the source's without being shared, so that nothing is held out.
    """
    source, target, sizes = problem.source, problem.target, problem.sizes
    if source.X.shape[1] != target.X.shape[1]:
        raise ShapeError(f"the source has {source.X.shape[1]} features, the target {target.X.shape[1]}")
    if problem.shared and len(source.y) != len(target.y):
        lengths = f"the source has {len(source.y)} examples, the target {len(target.y)}"
        raise ShapeError(f"{lengths}; with shared = true row i of both is one example")
    if not problem.shared and in_both(source, target) == len(target.y):
        remedy = "leave them out, or say shared = true if row i of both is one example"
        raise InvalidInput(f"all {len(target.y)} target examples are in the source, so none is held out; {remedy}")
    needed = sizes.heldout + sizes.pool + sizes.probe + problem.shared * source.n_classes
    if needed > len(target.y):
        rest = f" and at least {source.n_classes} for the source pool" if problem.shared else ""
        parts = f"heldout {sizes.heldout}, pool {sizes.pool}, probe {sizes.probe}{rest}"
        raise ShapeError(f"the split asks for {needed} examples, {parts}; the target has {len(target.y)}")
    _check_classes(source, target, sizes)


def _check_classes(source: Task, target: Task, sizes: Sizes) -> None:
    """Refuse classes that are too rare."""
    for part in SHARES[True]:
        counts, size = np.bincount(target.y), getattr(sizes, part)
        share = counts.min() * size / len(target.y)
        if share < IN_EACH:
            due = f"with {part} = {size} its share is {share:.2g}, and {IN_EACH} are needed"
            raise LabelError(f"class {counts.argmin()} has {counts.min()} of {len(target.y)} target examples; {due}")
    counts = np.bincount(source.y)
    if counts.min() < SOURCE_EACH:
        raise LabelError(
            f"class {counts.argmin()} has {counts.min()} of {len(source.y)} source examples; {SOURCE_EACH} are needed"
        )

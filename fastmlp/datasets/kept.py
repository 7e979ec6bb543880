"""The data that this machine keeps, a file a set: ``$FASTMLP_DATA``, or a folder where users' data belong.

A file is an ``.npz`` with X (n, features), y (n,), the lengths of its parts, and a note of where it came from and of
what it holds: a file that was changed is refused. It is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..files import entry_at, prepare_folder, write_whole
from ..npz import read_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

NOTE = "about.json"
LARGEST_NOTE = 100_000  # bytes
EPOCH = (1980, 1, 1, 0, 0, 0)  # of all members, so that the same data are the same bytes


@dataclass(frozen=True, eq=False)
class Arrays:
    """A data set.

    Parameters
    ----------
    X : (n, features)
        Inputs, in the type in which they are kept.
    y : (n,)
        Labels from 0 on.
    parts
        How many examples each part has, in the order in which they stand: those for training, those for testing.
    origin
        Where they came from: the file, and its hash.
    """

    X: NDArray[Any]
    y: Ints
    parts: tuple[int, ...]
    origin: dict[str, str]

    @cached_property
    def content_hash(self) -> str:
        """The hash of what the data set holds, wherever it came from."""
        seen = sha256(f"{self.X.shape} {self.X.dtype} {self.y.dtype} {list(self.parts)}".encode())
        seen.update(np.ascontiguousarray(self.X).data)
        seen.update(np.ascontiguousarray(self.y).data)
        return seen.hexdigest()

    def part(self, number: int) -> tuple[NDArray[Any], Ints]:
        """Return inputs and labels of one part; of the only one, if there is no second."""
        start = sum(self.parts[: min(number, len(self.parts) - 1)])
        rows = slice(start, start + self.parts[min(number, len(self.parts) - 1)])
        return self.X[rows], self.y[rows]


def data_folder() -> Path:
    """Return the folder where data sets are kept, whether it is there or not."""
    if chosen := os.environ.get("FASTMLP_DATA"):
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("fastmlp", appauthor=False)


def path_of(name: str) -> Path:
    """Return the file of a data set, whether it is there or not."""
    return data_folder() / f"{name}.npz"


def is_kept(name: str) -> bool:
    """Whether this machine has a data set; a file that is damaged counts, and is refused when it is read."""
    return entry_at(path_of(name)) is not None


def write(name: str, arrays: Arrays) -> Path:
    """Keep a data set, and return its file.

    Raises
    ------
    InvalidInput, StoreError
        If the folder cannot be written to, or the disk is full; what was there is left as it was.
    """
    from zipfile import ZipFile, ZipInfo

    note = {"sha256": arrays.content_hash, **arrays.origin}
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for member, array in (("X", arrays.X), ("y", arrays.y), ("parts", np.asarray(arrays.parts, np.int64))):
            with archive.open(ZipInfo(f"{member}.npy", EPOCH), "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
        archive.writestr(ZipInfo(NOTE, EPOCH), json.dumps(note, indent=1))
    path = prepare_folder(data_folder()) / f"{name}.npz"
    write_whole(path, [buffer.getvalue()])
    return path


def read(name: str) -> Arrays:
    """Return a data set that this machine has; a file that has not changed is read once.

    Raises
    ------
    InvalidInput
        If it is not here, with the command that brings it; if its file is damaged or was changed.
    """
    path = path_of(name)
    if not is_kept(name):
        raise InvalidInput(f"data set {name!r} is not in {path.parent}; `fastmlp data get {name}` brings it")
    try:
        state = path.stat()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from error
    return _read(name, path, (state.st_mtime_ns, state.st_size))


def hash_of(name: str) -> str:
    """Return the hash of a data set, or ``nothing`` if this machine does not have it.

    Raises
    ------
    InvalidInput
        If its file is damaged or was changed.
    """
    return read(name).content_hash if is_kept(name) else "nothing"


@lru_cache(maxsize=8)  # every seed asks for the same sets
def _read(name: str, path: Path, _stamp: tuple[int, int]) -> Arrays:
    from zipfile import ZipFile

    remedy = f"`fastmlp data get {name}` brings it anew"
    try:
        with ZipFile(path) as archive:
            X, y, parts = (read_array(archive, member) for member in ("X", "y", "parts"))
            with archive.open(NOTE) as file:
                note = json.loads(file.read(LARGEST_NOTE))
        arrays = Arrays(X, y, tuple(parts.tolist()), {key: str(note[key]) for key in ("file", "file_sha256")})
        found, known = arrays.content_hash, note["sha256"]
    except Exception as error:  # half a file raises almost anything
        raise InvalidInput(f"{path}: cannot be read as a data set: {error}; {remedy}") from error
    if found != known:
        raise InvalidInput(f"{path}: was changed: its data have the hash {found[:12]}, not {known[:12]}; {remedy}")
    for array in (arrays.X, arrays.y):
        array.flags.writeable = False  # many trials share it
    return arrays

"""Labelled pictures and texts: a user's folder or table, or a data set by name, and what a baseline sees of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbones.pictures import find_pictures
from ..backbones.preparation import Preparation
from ..datasets import read
from ..errors import InvalidInput, LabelError
from ..files import entry_at, read_bytes, read_columns, stamps_of
from .digits import digits
from .task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

#: What the baseline sees of pictures in files: 16 x 16 pixels of three channels.
THUMBNAIL = Preparation(size=16, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
FEWEST = 2  # texts of a class


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled examples, as they are before anything is done to them.

    Parameters
    ----------
    inputs
        Columns (n, side * side), paths of pictures, or texts.
    y : (n,)
        Labels.
    classes
        What they are called.
    digest
        Hash of inputs and labels.
    pixels
        What the baseline sees, (n, features); of texts nothing.
    copies, unreadable
        How many files repeat an earlier one; what is wrong with those that were left out.
    """

    inputs: Any = field(repr=False)
    y: Ints = field(repr=False)
    classes: tuple[str, ...]
    digest: str
    pixels: NDArray[np.float64] | None = field(default=None, repr=False)
    copies: int = 0
    unreadable: tuple[str, ...] = ()

    def task(self) -> Task:
        """Return the task that its baseline learns: pixels, or for texts the number of the row."""
        X = np.arange(len(self.y), dtype=np.float64)[:, None] if self.pixels is None else self.pixels
        return Task(self.digest, X, self.y)


def labelled_pictures(target: str) -> Labelled:
    """Return pictures: those of a data set in `PICTURES`, of a folder, or of a CSV file with columns path and label.

    Raises
    ------
    InvalidInput, LabelError
        As `find_pictures`, or if a data set is not on this machine.
    """
    return PICTURES[target]() if target in PICTURES else _of_files(Path(target).absolute(), _stamp(Path(target)))


def labelled_texts(target: str) -> Labelled:
    """Return texts: those of a data set in `TEXTS`, or of a CSV file with columns text and label.

    Raises
    ------
    InvalidInput, LabelError
        If they cannot be read, or there are fewer than two classes of two texts.
    """
    return TEXTS[target]() if target in TEXTS else _of_table(Path(target).absolute(), _stamp(Path(target)))


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file, or a file in a folder, is changed: those are read anew."""
    if entry_at(path) is None:
        raise InvalidInput(f"{path}: no such folder or file of labelled examples")
    return stamps_of(path)


@lru_cache(maxsize=4)
def _of_files(path: Path, _: tuple[int, ...]) -> Labelled:
    found = find_pictures(path)
    hashed = sha256(found.y.tobytes())
    for file in found.paths:
        hashed.update(sha256(read_bytes(file, InvalidInput)).digest())
    pixels = THUMBNAIL(list(found.paths)).reshape(len(found.paths), -1).astype(np.float64)
    return Labelled(
        found.paths, found.y, found.classes, hashed.hexdigest()[:32], pixels, found.copies, found.unreadable
    )


def _of_columns(X: NDArray[Any], y: Ints, whitest: float) -> Labelled:
    """Return pictures that are columns of pixels."""
    columns = np.ascontiguousarray(X.reshape(len(X), -1) / whitest, dtype=np.float64)
    hashed = sha256(columns.tobytes() + np.ascontiguousarray(y).tobytes())
    return Labelled(columns, y, tuple(map(str, range(int(y.max()) + 1))), hashed.hexdigest()[:32], columns)


@lru_cache(maxsize=1)
def _digits() -> Labelled:
    return _of_columns(digits().X, digits().y, 16.0)


@lru_cache(maxsize=1)
def _images(name: str, part: int) -> Labelled:
    return _of_columns(*read(name).part(part), 255.0)


@lru_cache(maxsize=1)
def _newsgroups() -> Labelled:
    """Return posts to every other group, ten of them."""
    data = read("newsgroups-texts")
    kept = np.flatnonzero(data.y % 2)
    texts = [text.decode(errors="ignore") for text in data.X[kept, 0]]  # the last character may have been cut
    return _of_texts(texts, data.y[kept] // 2, tuple(f"group {group}" for group in np.unique(data.y[kept])))


def _of_texts(texts: list[str], y: Ints, classes: tuple[str, ...]) -> Labelled:
    hashed = sha256("\0".join(texts).encode() + np.ascontiguousarray(y).tobytes())
    return Labelled(texts, y, classes, hashed.hexdigest()[:32])


@lru_cache(maxsize=4)
def _of_table(path: Path, _: tuple[int, ...]) -> Labelled:
    rows = read_columns(path, ["text", "label"], "cannot be read as a table of texts")
    found = [(text, label) for _, (text, label) in rows if text.strip()]
    counts = {label: sum(label == other for _, other in found) for label in sorted({label for _, label in found})}
    if len(counts) < 2:
        raise LabelError(f"{path}: has {len(counts)} classes with texts ({', '.join(counts)}); two are needed")
    if few := [label for label, count in counts.items() if count < FEWEST]:
        raise LabelError(f"{path}: has fewer than {FEWEST} texts of {', '.join(few)}")
    classes = tuple(counts)
    return _of_texts([text for text, _ in found], np.array([classes.index(label) for _, label in found]), classes)


PICTURES: Mapping[str, Callable[[], Labelled]] = MappingProxyType(
    {"digits": _digits, "mnist": lambda: _images("mnist", 0), "fashion": lambda: _images("fashion", 1)}
)
TEXTS: Mapping[str, Callable[[], Labelled]] = MappingProxyType({"newsgroups": _newsgroups})

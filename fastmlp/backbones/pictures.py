"""A user's folder of pictures: files and labels, checked before anything is trained."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput, LabelError
from ..files import check_path, entry_at, read_bytes, read_columns, refusing
from .preparation import read_picture, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..layout import Ints

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
OF_SYSTEMS = {"Thumbs.db", "desktop.ini"}  # which file managers leave in folders of pictures
FEWEST = 2  # pictures of a class


@dataclass(frozen=True, eq=False)
class Pictures:
    """Files of pictures with labels.

    Parameters
    ----------
    paths
        Of the files that can be read.
    y : (n,)
        Place of each label in `classes`.
    classes
        Their names, in alphabetical order.
    unreadable
        What is wrong with each file that cannot be read, with its path.
    copies
        How many files hold the very bytes of an earlier one: on both sides of a split, they are a leak.
    """

    paths: tuple[Path, ...]
    y: Ints
    classes: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    copies: int = 0


def find_pictures(place: str | Path) -> Pictures:
    """Find pictures in a folder with one folder for each class, or in a CSV file with columns ``path`` and ``label``.

    Each file is opened and decoded once. What cannot be read is left out with one warning, which counts and names; and
    so is a file that is no picture by its name, or in no folder of a class.

    Parameters
    ----------
    place
        A folder or a file; paths in a file are relative to its folder.

    Raises
    ------
    InvalidInput, LabelError
        If there is no such place, the file lacks a column, or there are fewer than two classes of two pictures that can
        be read.
    """
    path = check_path("target", place)
    kind = entry_at(path)
    if kind is None:
        raise InvalidInput(f"{path}: no such folder or file of pictures")
    named, strays = _of_folders(path) if kind == "folder" else (_of_table(path), [])
    if strays:
        warnings.warn(f"{path}: {len(strays)} files are left out: {some(strays)}", stacklevel=2)
    readable, unreadable = [], []
    for file, label in named:
        try:
            read_picture(file)
        except InvalidInput as error:
            unreadable.append(str(error))
        else:
            readable.append((file, label))
    if unreadable:
        warnings.warn(
            f"{len(unreadable)} of {len(named)} pictures cannot be read and are left out: {some(unreadable)}",
            stacklevel=2,
        )
    _check_classes(path, [label for _, label in readable])
    classes = tuple(sorted({label for _, label in readable}))
    return Pictures(
        tuple(file for file, _ in readable),
        np.array([classes.index(label) for _, label in readable], dtype=np.int64),
        classes,
        tuple(unreadable),
        len(readable) - len({sha256(read_bytes(file, InvalidInput)).digest() for file, _ in readable}),
    )


def pictures_in(folder: Path) -> list[Path]:
    """Return the files of a folder, and of those in it, that are pictures by their names.

    Raises
    ------
    InvalidInput
        If there are none, or the folder cannot be listed.
    """
    found = [file for file in _files_in(folder) if file.suffix.lower() in SUFFIXES]
    if not found:
        raise InvalidInput(f"{folder}: holds no files named as pictures are ({', '.join(sorted(SUFFIXES))})")
    return found


def _files_in(folder: Path) -> list[Path]:
    with refusing(folder, "cannot be listed"):
        files = folder.rglob("*.*")
        return sorted(file for file in files if not file.name.startswith(".") and entry_at(file) == "file")


def _of_folders(path: Path) -> tuple[list[tuple[Path, str]], list[str]]:
    """Return pictures with the names of their folders, and what is wrong with files that are not taken for pictures."""
    named, strays = [], []
    for file in _files_in(path):
        is_picture, label = file.suffix.lower() in SUFFIXES, file.relative_to(path).parts[0]
        if is_picture and file.parent != path:
            named.append((file, label))
        elif is_picture:
            strays.append(f"{file} lies in no folder of a class")
        elif file.parent != path and file.name not in OF_SYSTEMS:
            strays.append(f"{file} is no picture by its name")
    return named, strays


def _of_table(path: Path) -> list[tuple[Path, str]]:
    found = []
    for line, (picture, label) in read_columns(path, ["path", "label"], "cannot be read"):
        if not picture or not label:
            raise InvalidInput(f"{path}: line {line} lacks a path or a label")
        found.append((path.parent / picture, label))
    return found


def _check_classes(path: Path, labels: Sequence[str]) -> None:
    counts = {label: labels.count(label) for label in sorted(set(labels))}
    if len(counts) < 2:
        found = f"all pictures are of class {', '.join(counts)}" if counts else "there are no pictures in folders"
        raise LabelError(f"{path}: {found}; two classes are needed")
    if few := [label for label, count in counts.items() if count < FEWEST]:
        raise LabelError(f"{path}: has fewer than {FEWEST} pictures of {', '.join(few)}")

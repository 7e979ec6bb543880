"""Find the submissions in a folder, by the conventions of nbgrader and otter, or as plain files."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from ...errors import InvalidInput
from ...files import entry_at, refusing
from ..notebook import to_notebook, to_percent
from ..starter import LONGEST, cells
from ..submission import read_text

SUFFIXES = (".ipynb", ".py")


@dataclass(frozen=True)
class Found:
    """One submission.

    Parameters
    ----------
    name
        The student: the name of a folder, or of a file.
    file
        Its path, from the folder that is graded.
    suffix
        ``.py`` or ``.ipynb``.
    text
        What it holds; nothing if it cannot be read.
    problem
        Why it cannot.
    """

    name: str
    file: str
    suffix: str
    text: str
    problem: str = ""


def find(folder: Path) -> list[Found]:
    """Return the submissions in a folder, by name.

    A file is a submission, called as it is; so is each folder, which may hold the file in a folder for the assignment,
    as nbgrader's ``submitted/STUDENT/ASSIGNMENT`` does. Of several files in a folder the one that was last changed
    counts, starter files aside. A zip archive, as otter exports, counts as the folder that it holds.

    Raises
    ------
    InvalidInput
        If the folder is none, or cannot be read.
    """
    if entry_at(folder) != "folder":
        raise InvalidInput(f"{folder}: is no folder")
    with refusing(folder, "cannot be read"):
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = []
    for entry in entries:
        if entry.is_symlink():
            found.append(Found(entry.name, entry.name, "", "", "a link, which is not followed"))
        elif entry.is_dir():
            found.append(_in_folder(entry, folder))
        elif entry.suffix == ".zip":
            found.append(_in_archive(entry))
        elif entry.suffix in SUFFIXES:
            found.append(_read(entry, entry.stem, folder))
    return found


def _in_folder(place: Path, folder: Path) -> Found:
    try:
        paths = _files(place)
    except InvalidInput as error:
        return Found(place.name, place.name, "", "", str(error))
    files = [_read(path, place.name, folder) for path in paths]
    worked_on = [file for file in files if file.problem or file.text not in _starters()] or files
    return worked_on[-1] if worked_on else Found(place.name, place.name, "", "", "no .py and no .ipynb file")


def _files(place: Path) -> list[Path]:
    """Return the files of a folder that may be a submission, the one that was last changed at the end."""
    found = []
    with refusing(place, "cannot be read"):
        for path in place.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
            if path.suffix in SUFFIXES and not hidden and not path.is_symlink() and path.is_file():
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found)]


def _read(path: Path, name: str, folder: Path) -> Found:
    place = str(path.relative_to(folder))
    try:
        return Found(name, place, path.suffix, read_text(path))
    except InvalidInput as error:
        return Found(name, place, path.suffix, "", str(error))


def _in_archive(path: Path) -> Found:
    """Read the first notebook of an archive, or its first Python file, without unpacking anything."""
    try:
        with zipfile.ZipFile(path) as archive:
            for suffix in SUFFIXES:
                for member in sorted(archive.namelist()):
                    if member.endswith(suffix) and not member.rpartition("/")[2].startswith("."):
                        with archive.open(member) as file:
                            data = file.read(LONGEST + 1)
                        if len(data) > LONGEST:
                            return Found(path.stem, path.name, suffix, "", f"{member}: too long")
                        return Found(path.stem, path.name, suffix, data.decode("utf-8-sig"))
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        return Found(path.stem, path.name, "", "", f"{type(error).__name__}: {error}")
    return Found(path.stem, path.name, "", "", "no .py and no .ipynb file")


def _starters() -> set[str]:
    return {to_percent(cells()), to_notebook(cells())}

"""Look at files, read them and write them: the one place where a refusal of the file system becomes one line.

Whatever the operating system refuses, such as a name that is too long or a folder without permission, is raised as the
`FastmlpError` that the caller chooses. Files are written whole or not at all. Calls that are not essential, such as a
flush that a network drive does not support, may fail. The user's umask decides who may read.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from tempfile import TemporaryFile
from typing import BinaryIO, Literal

from .errors import FastmlpError, InvalidInput, StoreError, shown

Refusal = Callable[[str], FastmlpError]  # makes the exception, of the line that says what happened

LONGEST_CELL = 10**6  # characters of a cell of a CSV file
NAME_KEPT = 40  # characters of a file's name that the name of its temporary file begins with
CANNOT_FLUSH = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # the file system has no such call


def check_path(name: str, value: object) -> Path:
    """Return a path that an argument names.

    Raises
    ------
    InvalidInput
        If it is not a path, or is empty: ``Path("")`` would mean the current folder.
    """
    if not isinstance(value, str | os.PathLike) or not (text := os.fspath(value)) or not isinstance(text, str):
        raise InvalidInput(f"{name} is {shown(value)}; it must be a path")
    return Path(text)


@contextmanager
def refusing(path: str | Path, what: str, refusal: Refusal = InvalidInput) -> Iterator[None]:
    """Turn a refusal of the operating system within the block into ours: the path, what failed and why.

    Parameters
    ----------
    path, what
        For the message, such as ``cannot be read``.
    refusal
        Makes the exception that is raised.
    """
    try:
        yield
    except FastmlpError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in a name; before Python 3.13, links in a circle
        raise refusal(f"{path}: {what}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return why the operating system refused, without numbers and names."""
    return getattr(error, "strerror", None) or str(error)


def entry_at(path: Path, refusal: Refusal = InvalidInput) -> Literal["file", "folder", "device"] | None:
    """Return the kind of entry at a path, links followed; None if there is none.

    Raises
    ------
    refusal
        If the operating system does not say: no permission, a name that is too long.
    """
    with refusing(path, "cannot be looked at", refusal):
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
    return "folder" if S_ISDIR(mode) else "file" if S_ISREG(mode) else "device"


def read_bytes(path: Path, refusal: Refusal = StoreError, most: int = -1) -> bytes:
    """Return what a file holds, or its first `most` bytes.

    Raises
    ------
    refusal
        If it cannot be read.
    """
    with refusing(path, "cannot be read", refusal), path.open("rb") as file:
        return file.read(most)


def read_columns(
    path: Path, names: Sequence[str], what: str = "cannot be read as a table"
) -> list[tuple[int, list[str]]]:
    """Return columns of a CSV file with a header: of each row its last line, and its cells; nothing is "".

    Parameters
    ----------
    names
        Of the columns.
    what
        Cannot be done, if it cannot.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or lacks a column.
    """
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        with refusing(path, what), path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            if lacking := [name for name in names if name not in columns]:
                raise InvalidInput(f"{path}: has the columns {', '.join(columns)}; {lacking[0]!r} is needed")
            return [(rows.line_num, [row[name] or "" for name in names]) for row in rows]
    except csv.Error as error:
        raise InvalidInput(f"{path}: {what}: {error}") from error
    finally:
        csv.field_size_limit(limit)


def hash_of_file(path: Path, refusal: Refusal = InvalidInput) -> str:
    """Return 32 hexadecimal digits of the SHA-256 of what a file holds, which is never in memory as a whole.

    Raises
    ------
    refusal
        If it cannot be read.
    """
    with refusing(path, "cannot be read", refusal), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def files_in(folder: Path, refusal: Refusal = InvalidInput) -> list[Path]:
    """Return the files of a folder by name, those of its own folders not among them.

    Raises
    ------
    refusal
        If it cannot be read.
    """
    with refusing(folder, "cannot be read", refusal):
        return sorted(path for path in folder.iterdir() if path.is_file())


def stamps_of(path: Path, refusal: Refusal = InvalidInput) -> tuple[int, ...]:
    """Return what changes when a file, or a file in a folder, is changed: times and sizes."""
    with refusing(path, "cannot be read", refusal):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        return tuple(number for file in files for number in (file.stat().st_mtime_ns, file.stat().st_size))


def absolute(path: Path, refusal: Refusal = InvalidInput) -> Path:
    """Return a path from the root, without links.

    Raises
    ------
    refusal
        If it cannot be known, as when the current folder has been deleted.
    """
    with refusing(path, "cannot be found", refusal):
        return path.resolve()


def prepare_folder(out: str | Path) -> Path:
    """Make a folder if it does not exist, and check that files can be written to it.

    Raises
    ------
    InvalidInput
        If it is a file, or cannot be made or written.
    """
    folder = Path(out)
    if entry_at(folder) not in {None, "folder"}:
        raise InvalidInput(f"{folder}: is a file; a study needs a folder")
    with refusing(folder, "cannot be written to"):
        folder.mkdir(parents=True, exist_ok=True)
    _check_writable(folder)
    return folder


def prepare_file(out: Path) -> Path:
    """Check that a file can be written in an existing folder; return its path, or for a link that of its target.

    Raises
    ------
    InvalidInput
        If it is a folder, or its own cannot be written.
    """
    if entry_at(out) == "folder":
        raise InvalidInput(f"{out}: is a folder; a file is needed")
    with refusing(out, "cannot be looked at"):
        place = out.resolve() if out.is_symlink() else out
    _check_writable(place.parent)
    return place


def _check_writable(folder: Path) -> None:
    with refusing(folder, "cannot be written to"), TemporaryFile(dir=folder):
        pass


def temporary_file() -> BinaryIO:
    """Return a new file without a name, which is deleted when it is closed.

    Raises
    ------
    StoreError
        If the folder for temporary files has no room, or there is none.
    """
    with refusing("temporary file", "cannot be made", StoreError):
        return TemporaryFile()


def write_whole(path: Path, chunks: Iterable[bytes], refusal: Refusal = StoreError) -> None:
    """Write a file under a temporary name, flush it to the disk, and then rename it.

    Parameters
    ----------
    path
        Where the file belongs; a reader sees the old file or the new one, at any time.
    chunks
        Its bytes, one piece after the other.

    Raises
    ------
    refusal
        If the disk is full or the folder gone; what was there before is left as it was.
    """
    with refusing(path, "cannot be written", refusal):
        temporary = path.with_name(f".{path.name[:NAME_KEPT]}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:  # a new file, with the mode that the umask leaves
            try:
                file.writelines(chunks)
                file.flush()
                _flush_to_disk(file.fileno())
                temporary.replace(path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise refusal(f"{path}: {reason(error)}{'; what was there is kept' if _is_there(path) else ''}") from error


def delete_files(folder: Path, named: re.Pattern[str]) -> None:
    """Delete a folder's files whose names begin so, and the folder if that was all; what cannot be deleted stays."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if named.match(path.name):
                path.unlink()
        folder.rmdir()


def _flush_to_disk(descriptor: int) -> None:
    """Wait until a file is on the disk, where the file system can say so."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_FLUSH:
            raise


def _is_there(path: Path) -> bool:
    with suppress(OSError, ValueError):
        path.stat()
        return True
    return False

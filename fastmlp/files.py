"""A folder to write to, and files in it, each written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile

from .errors import InvalidInput, StoreError


def prepare_folder(out: str | Path) -> Path:
    """Make the folder if need be, and see that files can be written to it.

    Raises
    ------
    InvalidInput
        If it is a file, or cannot be made or written.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder}: is a file; a study needs a folder")
    _see_writable(folder, make=True)
    return folder


def prepare_file(out: Path) -> Path:
    """See that a file can be written, in a folder that is there.

    Raises
    ------
    InvalidInput
        If it is a folder, or its own cannot be written.
    """
    if out.is_dir():
        raise InvalidInput(f"{out}: is a folder; a file is needed")
    _see_writable(out.parent, make=False)
    return out


def _see_writable(folder: Path, *, make: bool) -> None:
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # the latter for a name with a NUL in it
        raise InvalidInput(f"{folder}: cannot be written to: {getattr(error, 'strerror', None) or error}") from error


def write_whole(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file under another name, see it safe on the disk, and only then give it its own.

    Parameters
    ----------
    path
        Its place; whoever reads there meanwhile sees the old file or the new one.
    chunks
        Its bytes, one piece after the other.

    Raises
    ------
    StoreError
        If the disk is full or the folder gone; what was there before is left as it was.
    """
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.writelines(chunks)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        kept = "; what was there is kept" if path.exists() else ""
        raise StoreError(f"{path}: {error.strerror or error}{kept}") from error

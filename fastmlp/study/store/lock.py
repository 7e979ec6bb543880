"""One study at a time in a folder, held by the operating system's lock on a file.

The lock goes with the process that holds it, however it ends, so there is no stale lock to clean up; the file stays,
and its text only says who holds the lock while it is held.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from ...errors import MissingLibrary, StoreError, StoreLocked

try:
    import fcntl
except ImportError as error:
    raise MissingLibrary("fcntl", "studies run on Linux and macOS; on Windows, within WSL") from error

FILE = "study.lock"
PATIENCE = 0.3  # seconds; longer than `holder` ever takes, shorter than anyone would notice


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises
    ------
    StoreLocked
        If another process holds it; the message names it.
    StoreError
        If the lock file cannot be opened.
    """
    path = folder / FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    try:
        _acquire(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def see_free(folder: Path) -> None:
    """Refuse a folder where another study is at work: for asking early, before anything slow; `hold` is what counts.

    Raises
    ------
    StoreLocked
        With the name of the holder.
    """
    if (who := holder(folder)) is not None:
        raise StoreLocked(f"{folder}: another study is at work here: {who}")


def _acquire(descriptor: int, path: Path) -> None:
    deadline = monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > deadline:
                raise StoreLocked(f"{path.parent}: another study is at work here: {_text(descriptor)}") from None
            sleep(0.02)
        else:
            return


def holder(folder: Path) -> str | None:
    """Return who is at work in the folder, or None."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _text(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _text(descriptor: int) -> str:
    return os.pread(descriptor, 300, 0).decode(errors="replace") or "an unnamed process"

"""One study at a time in a folder, held by the operating system's lock on a file.

The lock goes with the process that holds it, however it ends, so there is no stale lock to clean up; the file stays,
and its text only says who holds the lock while it is held. The text is for messages: a study runs without it.

The library filelock is not used because it cannot ask for the holder without taking the lock, and because where a file
system has no locks it falls back to a marker file that outlives a killed process.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from ...errors import MissingLibrary, StoreError, StoreLocked
from ...files import reason, refusing

try:
    import fcntl
except ImportError as error:
    raise MissingLibrary("fcntl", "studies run on Linux and macOS; on Windows, within WSL") from error

FILE = "study.lock"
RETRY_SECONDS = 0.3  # longer than `holder` takes, and too short to notice


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises
    ------
    StoreLocked
        If another process holds it; the message names it.
    StoreError
        If the lock file cannot be opened, or the file system has no locks.
    """
    path = folder / FILE
    with refusing(path, "cannot be opened", StoreError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)  # less the umask
    try:
        _acquire(descriptor, path)
        try:
            _write_holder(descriptor, f"process {os.getpid()} on {socket.gethostname()}")
            yield
        finally:
            _write_holder(descriptor, "")
    finally:
        os.close(descriptor)


def _write_holder(descriptor: int, text: str) -> None:
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def check_free(folder: Path) -> None:
    """Refuse a folder where another study is running, before anything slow is done; only `hold` is reliable.

    Raises
    ------
    StoreLocked
        With the name of the holder.
    """
    if (who := holder(folder)) is not None:
        raise StoreLocked(f"{folder}: another study is running here: {who}")


def _acquire(descriptor: int, path: Path) -> None:
    deadline = monotonic() + RETRY_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > deadline:
                raise StoreLocked(f"{path.parent}: another study is running here: {_text(descriptor)}") from None
            sleep(0.02)
        except OSError as error:
            remedy = "two studies at once could damage the store; use a folder on another file system"
            raise StoreError(f"{path}: cannot be locked: {reason(error)}; {remedy}") from error
        else:
            return


def holder(folder: Path) -> str | None:
    """Return the holder of the folder's lock; None if there is none, or if it cannot be determined."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _text(descriptor)
    except OSError:  # the file system has no locks
        return None
    else:
        return None
    finally:
        os.close(descriptor)


def _text(descriptor: int) -> str:
    with suppress(OSError):
        return os.pread(descriptor, 300, 0).decode(errors="replace") or "an unnamed process"
    return "an unnamed process"

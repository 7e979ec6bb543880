"""A temporary folder that is gone when its owner is: at once if the owner can still do it, else with the next run."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

LOCK = "owner"


@contextmanager
def workshop() -> Iterator[Path]:
    """Give a folder of one's own, with those of dead owners swept away first.

    An owner holds a lock on a file inside, which the system lets go when the owner dies, however it does.
    """
    home = Path(tempfile.gettempdir()) / f"fastmlp-gate-{os.geteuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        raise PermissionError(f"{home} is not this user's own folder")
    with (home / LOCK).open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)  # nobody sweeps a folder before its owner has locked it
        sweep(home)
        folder = Path(tempfile.mkdtemp(dir=home))
        lock = locked(folder)
        assert lock is not None
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(home: Path) -> None:
    """Remove the folders whose owners are dead."""
    for folder in home.iterdir():
        if folder.is_dir() and (lock := locked(folder)) is not None:
            with lock:
                shutil.rmtree(folder, ignore_errors=True)


def locked(folder: Path) -> IO[str] | None:
    """Lock a folder; None if its owner lives."""
    with suppress(FileNotFoundError):
        lock = (folder / LOCK).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock
    return None

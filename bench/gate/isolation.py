"""What keeps runs apart: a scratch folder for each run, and commands that end with it.

The folder is removed by its owner, or by the next run if the owner was killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..child import die_with_parent

LOCK = "owner"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give this process a folder of its own, after removing those of dead processes.

    The owner holds a lock on a file inside, which the system releases when the owner dies.
    """
    home = Path(tempfile.gettempdir()) / f"fastmlp-gate-{os.geteuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        raise PermissionError(f"{home} is not this user's own folder")
    with (home / LOCK).open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)  # so that no folder is removed before its owner has locked it
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
    """Remove the folders of dead processes."""
    for folder in home.iterdir():
        if folder.is_dir() and (lock := locked(folder)) is not None:
            with lock:
                shutil.rmtree(folder, ignore_errors=True)


def locked(folder: Path) -> IO[str] | None:
    """Lock a folder; return None if its owner lives."""
    with suppress(FileNotFoundError):
        lock = (folder / LOCK).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock
    return None


class CommandError(Exception):
    """A command failed or was stopped; the message ends with its output."""


class Commands:
    """Commands run by threads of this process, which can be stopped all at once."""

    def __init__(self) -> None:
        self.running: set[subprocess.Popen[str]] = set()
        self.stopped = False

    def run(self, *command: str) -> None:
        """Run a command.

        Raises
        ------
        CommandError
            If it fails.
        """
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  it makes one system call
        ) as process:  # fmt: skip
            self.running.add(process)
            if self.stopped:
                process.kill()
            said, _ = process.communicate()
            self.running.discard(process)
        if process.returncode:
            raise CommandError(f"{' '.join(command[:4])}: {said.strip()[-2000:]}")

    def stop(self) -> None:
        """Kill the running commands, and let no other begin."""
        self.stopped = True
        for process in list(self.running):
            with suppress(ProcessLookupError):
                process.kill()

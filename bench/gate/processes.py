"""Processes that do not outlive this one, however it ends."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1
LIBRARY = ctypes.CDLL(None)  # found before any fork: a child of a process with threads had better not look for it


class CommandError(Exception):
    """A command failed, or was stopped; the message ends with what it said."""


def die_with_parent() -> None:
    """Have the kernel, if it is Linux, end this process when the thread that started it ends.

    Called between fork and exec it holds for the program, too, which need not know of it.
    """
    if sys.platform == "linux":
        LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Commands:
    """Commands that run on threads of this process, and that can all be stopped at once."""

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
        """End those that run; let no other begin."""
        self.stopped = True
        for process in list(self.running):
            with suppress(ProcessLookupError):
                process.kill()

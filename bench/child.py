"""Child processes that end with this one, and those that answer requests with lines of JSON."""

from __future__ import annotations

import ctypes
import json
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

PR_SET_PDEATHSIG = 1
LIBRARY = ctypes.CDLL(None)  # found before any fork: a child of a process with threads must not look for it

# Environment variables for one thread.
ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class ChildEnded(Exception):
    """A child ended, or hung and was killed; the message says which."""


def die_with_parent() -> None:
    """Ask Linux to kill this process when the thread that started it ends.

    Called between fork and exec, it applies to the new program.
    """
    if sys.platform == "linux":
        LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Closing:
    """A context manager that closes at the end."""

    def close(self) -> None:
        """End what was begun."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class JsonChild(Closing):
    """A process that reads a line for each request, and answers with a line of JSON.

    Parameters
    ----------
    command
        What to run.
    environment
        All of its environment variables.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, preexec_fn=die_with_parent,  # noqa: PLW1509  it makes one system call
            bufsize=0, start_new_session=True,
        )  # fmt: skip

    def send(self, line: str) -> None:
        """Send a request; `receive` returns the answers in the same order."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # `receive` will report it
            self.process.stdin.write(line.encode() + b"\n")

    def receive(self, seconds: float) -> dict[str, Any]:
        """Return the next answer.

        Raises
        ------
        ChildEnded
            If there is none within the time, or the process has ended.
        """
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            self.process.kill()
            self.process.wait()
            raise ChildEnded(f"no answer within {seconds:.0f} s")
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise ChildEnded(f"its process ended ({self.process.wait()})")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Kill the process: it holds nothing that a kill could spoil."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

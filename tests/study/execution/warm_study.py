"""Studies that start warm: forks of a process that has imported what a fresh one would import.

Imports are nine tenths of a study that is stopped when it has hardly begun, and only hundreds of such studies find a
race. What happens between a signal and the end is that of a fresh start: the forks have no thread but their own, and
they end as the command line does. Workers on Dask start afresh.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import NoReturn
from unittest.mock import patch

from fastmlp.cli import main
from fastmlp.report import render
from fastmlp.study.execution import executors, scheduler, worker_processes
from fastmlp.study.execution.worker import serve

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([
    *(__name__, "pytest"),  # the second is what forks take for their main module
    *("fastmlp.study.run", "fastmlp.study.execution.dask_cluster", "fastmlp.cli.commands.study"),
    *("scipy.ndimage", "scipy.spatial.distance", "scipy.stats", "sklearn.covariance", "sklearn.linear_model"),
    *("sklearn.datasets", "threadpoolctl", "distributed"),
])  # fmt: skip


class WarmStudy:
    """`fastmlp` on some arguments, in a process of its own.

    Parameters
    ----------
    words
        The arguments.
    file
        Where it says what it says.
    grace
        How long trainings may take to end after a signal, in seconds.
    workers
        How many processes its trials run in, however short it is; with 0, they run in threads, however long it is.
    """

    def __init__(self, words: list[str], file: Path, grace: float, workers: int) -> None:
        self._file = file
        self._process = FORKS.Process(target=_run, args=(words, str(file), grace, workers))
        self._process.start()

    @property
    def said(self) -> str:
        """What it has said until now."""
        return self._file.read_text(encoding="utf-8") if self._file.exists() else ""

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process.pid
        os.kill(self._process.pid, number)

    def wait(self, seconds: float) -> int | None:
        """Return its exit code, below zero after a signal of the system's; None if it has not ended by then."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self) -> None:
        """Kill it, if it has not ended."""
        self._process.kill()
        self._process.join()


class WarmWorker:
    """A worker process that is forked before it is wanted: what is asked of a `subprocess.Popen` there."""

    def __init__(self) -> None:
        (requests, ours), (theirs, responses) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _serve(requests, responses)
        os.close(requests)
        os.close(responses)
        self.stdin, self.stdout = os.fdopen(ours, "wb"), os.fdopen(theirs, "rb")
        self._code: int | None = None
        self._waiting = threading.Lock()

    def kill(self) -> None:
        """Kill it, if it has not been waited for."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = 0.0) -> int:
        """Wait for its end, and return its exit code."""
        with self._waiting:
            if self._code is None:
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return self._code


def _serve(requests: int, responses: int) -> NoReturn:
    """Be a worker."""
    try:
        os.setpgid(0, 0)
        os.dup2(requests, 0)
        os.dup2(responses, 1)
        os.closerange(3, 1024)  # as long as one process has the other end of a pipe, that does not end
        standard_input = os.fdopen(0, "rb")
        sys.path[:] = pickle.load(standard_input)  # as `COMMAND` does
        serve(standard_input)
    finally:
        os._exit(1)


def _run(words: list[str], file: str, grace: float, workers: int) -> None:
    """Be a study; its report has tests of its own and would take longer."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    said = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.modules["__main__"] = ModuleType("__main__")  # pytest's would be imported by Dask's workers
    waiting = [WarmWorker() for _ in range(workers)]
    started = SimpleNamespace(**vars(subprocess) | {"Popen": lambda *_, **__: waiting.pop()})
    with (
        patch.object(worker_processes, "subprocess", started),
        patch.object(render, "render_report", lambda _, out: [(out / f"report.{n}").touch() for n in ("html", "md")]),
        patch.object(scheduler, "GRACE_SECONDS", grace),
        patch.object(executors, "MIN_TRIALS_FOR_PROCESSES", 0 if workers else sys.maxsize),
    ):
        sys.exit(main(words))

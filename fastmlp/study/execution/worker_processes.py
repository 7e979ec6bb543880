"""Groups run in worker processes: each has an interpreter lock to itself, so small trials too use every core.

A trial of the book is a millisecond of kernels, which threads share well, in four of Python, which they do not. So a
long study gives each of its threads a process, sends it one group after the other, and waits. A process is started by
a command line and not by `multiprocessing`, which would import the user's script once more. If it dies, another one
runs what it has not handed back.

Libraries are measured beside it by ``python -m bench.scale processes``, and do not hold what this does: with
`concurrent.futures` and with joblib's loky, one worker that is killed breaks every future of its executor, those of
healthy workers included; their workers outlive a study that is killed; a future hands its records back at its end, and
hears of no stop before; and their queues need POSIX semaphores.
"""

from __future__ import annotations

import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BufferedReader
from types import TracebackType
from typing import BinaryIO, Self, cast

from ..store.outcome import Outcome
from ..store.schema import Group
from .deaths import WorkerDied, after_death
from .worker import CONTINUE, STOP, RunGroup

POLL_SECONDS = 0.05  # between two checks of whether to stop
EXIT_SECONDS = 1.0  # that a process which has closed its stdout may take to exit
COMMAND = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from fastmlp.study.execution.worker import serve; serve(sys.stdin.buffer)"
)


class WorkerProcesses:
    """A function that runs groups, called in worker processes: one for each calling thread, started by its first call.

    Parameters
    ----------
    run_group
        The function. It can be pickled.
    """

    def __init__(self, run_group: RunGroup) -> None:
        self.run_group = run_group
        self.processes: list[WorkerProcess] = []
        self._of_thread = threading.local()
        self._starting = threading.Lock()
        self._closed = False

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials until there are no more or `stopped` returns true.

        A trial at which one process after the other dies has failed.

        Raises
        ------
        WorkerDied
            If the study has ended.
        """
        while True:
            done: set[str] = set()
            try:
                for outcome in self._process().run(group, stopped):
                    done.update(outcome.keys())
                    yield outcome
            except WorkerDied as error:
                if stopped():
                    return
                if self._closed:
                    raise
                group, failed = after_death(group, done, error)
                yield from failed
                if group.is_empty():
                    return
            else:
                return

    def _process(self) -> WorkerProcess:
        """Return this thread's process, a new one if it has none that lives."""
        process: WorkerProcess | None = getattr(self._of_thread, "process", None)
        if process is None or process.ended:
            with self._starting:
                if self._closed:
                    raise WorkerDied("a process", "is not started any more: the study has ended")
                process = self._of_thread.process = WorkerProcess(self.run_group)
                self.processes.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._starting:
            self._closed = True
        for process in self.processes:
            process.close()


class WorkerProcess:
    """One worker process, as its parent sees it.

    Parameters
    ----------
    run_group
        The function that it calls.
    """

    def __init__(self, run_group: RunGroup) -> None:
        # A process group of its own: the terminal's signals go to the study, which sends the worker a request
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self.name = f"process {self.process.pid}"
        self.requests = cast("BinaryIO", self.process.stdin)
        self.responses = cast("BufferedReader", self.process.stdout)
        self.ended = self._stop_sent = False
        self._in_use = threading.Lock()
        self._preamble: tuple[object, ...] = (sys.path, run_group)

    def run(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials; see `WorkerProcesses`."""
        with self._in_use:
            try:
                self._send(*self._preamble, group)
                self._preamble, self._stop_sent = (), False
                while outcome := self._receive(stopped):
                    yield outcome._replace(worker=self.name)
                    self._send(CONTINUE)  # which fails if the process has died of the trial after these
            except (OSError, EOFError) as error:
                raise self._gone(f"ended at work, with code {self._exit_code()}") from error
            except pickle.UnpicklingError as error:
                self.process.kill()  # it may live on
                raise self._gone("sent an invalid response") from error

    def _gone(self, how: str) -> WorkerDied:
        self.ended = True
        return WorkerDied(self.name, how)

    def _receive(self, stopped: Callable[[], bool]) -> Outcome | None:
        """Wait for what has been done since; None at the end of the group."""
        while not self._is_readable(POLL_SECONDS):
            if stopped() and not self._stop_sent:
                self._send(STOP)
                self._stop_sent = True
        try:
            response: Outcome | None = pickle.load(self.responses)  # noqa: S301 (from a process of our own)
        except Exception as error:  # an invalid pickle raises almost anything, half a one too
            has_ended = self._is_readable(0) and not self.responses.peek(1)
            raise (EOFError if has_ended else pickle.UnpicklingError) from error
        if not isinstance(response, Outcome | None):
            raise pickle.UnpicklingError
        return response

    def _is_readable(self, seconds: float) -> bool:
        return bool(select.select([self.responses], [], [], seconds)[0])

    def _exit_code(self) -> int:
        """Return the exit code of a process that has closed its stdout; if it does not exit, it is killed."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(EXIT_SECONDS)
        self.process.kill()
        return self.process.wait()

    def _send(self, *values: object) -> None:
        for value in values:
            pickle.dump(value, self.requests)
        self.requests.flush()

    def close(self) -> None:
        """Kill it; it holds nothing that is not here."""
        self.process.kill()
        self.process.wait()
        with self._in_use:  # the thread that waited for it has had its error
            for pipe in (self.requests, self.responses):
                with suppress(OSError):
                    pipe.close()

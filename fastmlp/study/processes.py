"""Work in processes of its own: each has an interpreter lock to itself, so small trials too use every core.

A trial of the book is a millisecond of kernels, which threads share well, in four of Python, which they do not. So a
long study gives each of its threads a process, hands it one group after the other, and waits. A process is started by
command line and not by `multiprocessing`, which would import the user's script once more. It takes requests on its
stdin, and ends when that ends: nobody needs to be told that a study was killed.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from types import TracebackType
from typing import BinaryIO, Self, cast

from ..errors import FastmlpError
from .runner import Work, limit_threads, one_thread_each
from .store.records import Group, Outcome, failed_outcome
from .trial import load_libraries

WORTH_PROCESSES = 2000  # trials; with fewer, processes take longer to start than they save
TICK = 0.05  # seconds between two looks at whether to stop
ENDING = 1.0  # seconds that a process which goes by itself may take
STOP = None  # a request: end the group under way between two trials
START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from fastmlp.study.processes import serve; serve(sys.stdin.buffer)"
)


class ProcessEndedError(FastmlpError):
    """A process that was at work is gone: killed, out of memory, or ended because it answered what is no answer."""


@contextmanager
def shared_out(work: Work, jobs: int, trials: int) -> Iterator[Work]:
    """Yield what does groups in as many threads: the work itself, or the same work in a process for each thread.

    Parameters
    ----------
    work
        Can be pickled.
    jobs
        How many threads will call it.
    trials
        How many there are to do.
    """
    if jobs == 1 or trials < WORTH_PROCESSES:
        load_libraries()
        yield work
    else:
        with Processes(work) as processes:
            yield processes


class Processes:
    """Work done elsewhere: a process for each thread that asks, started when it first does.

    Parameters
    ----------
    work
        What each of them does.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.mine = threading.local()
        self.started: list[Process] = []

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Outcome:
        """Have a group's trials done, until there are no more or `stopped` says so.

        Raises
        ------
        ProcessEndedError
            If the process dies on it, or answers what is no answer; the next group gets a new one.
        """
        process: Process | None = getattr(self.mine, "process", None)
        if process is None or process.ended:
            process = self.mine.process = Process(self.work)
            self.started.append(process)
        return process.ask(group, stopped)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.started:
            process.close()


class Process:
    """One of them.

    Parameters
    ----------
    work
        What it does.
    """

    def __init__(self, work: Work) -> None:
        # A process group of its own: what the terminal sends goes to the study, and the study tells the others
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self.requests, self.answers = cast("BinaryIO", self.process.stdin), cast("BinaryIO", self.process.stdout)
        self.asking = threading.Lock()
        self.ended = False
        self.first: tuple[object, ...] = (sys.path, work)

    def ask(self, group: Group, stopped: Callable[[], bool]) -> Outcome:
        """Have a group's trials done; see `Processes`."""
        told = False
        with self.asking:
            try:
                self._send(*self.first, group)
                self.first = ()
                while not select.select([self.answers], [], [], TICK)[0]:
                    if stopped() and not told:
                        self._send(STOP)
                        told = True
                return self._receive()
            except (OSError, pickle.UnpicklingError) as error:
                self.ended = True
                raise ProcessEndedError(f"process {self.process.pid} ended at work, with code {self._end()}") from error

    def _receive(self) -> Outcome:
        try:
            outcome: Outcome = pickle.load(self.answers)  # noqa: S301 (from a process of our own)
        except Exception as error:
            raise pickle.UnpicklingError("this is no answer") from error  # half a pickle raises almost anything
        return outcome

    def _end(self) -> int:
        """Return the code that a process ends with by itself, or by a kill if it lives on."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(ENDING)
        self.process.kill()
        return self.process.wait()

    def _send(self, *values: object) -> None:
        for value in values:
            pickle.dump(value, self.requests)
        self.requests.flush()

    def close(self) -> None:
        """End it; it holds nothing that is not here."""
        self.process.kill()
        self.process.wait()
        with self.asking:  # whoever asked has been told
            for pipe in (self.requests, self.answers):
                with suppress(OSError):
                    pipe.close()


def serve(requests: BinaryIO) -> None:
    """Do the work that comes first among the requests on every group that comes after it; a process's whole life."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what somebody prints is no answer
    work: Work = pickle.load(requests)  # noqa: S301 (from the process that started this one)
    groups: SimpleQueue[Group] = SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(requests, groups, stop), daemon=True).start()
    load_libraries()
    with one_thread_each():
        limit_threads()
        while True:
            pickle.dump(_answer(work, groups.get(), stop.is_set), answers)
            answers.flush()


def _listen(requests: BinaryIO, groups: SimpleQueue[Group], stop: threading.Event) -> None:
    with suppress(EOFError, OSError):
        while True:
            group = pickle.load(requests)  # noqa: S301 (as above)
            if group is STOP:
                stop.set()
            else:
                groups.put(group)
    signal.raise_signal(signal.SIGKILL)  # whoever asked is gone; a trial under way is for nobody


def _answer(work: Work, group: Group, stopped: Callable[[], bool]) -> Outcome:
    try:
        return work(group, stopped)
    except Exception as error:  # noqa: BLE001 - what it was goes into the records
        return failed_outcome(group, error)

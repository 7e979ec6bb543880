"""Work in processes of its own: each has an interpreter lock to itself, so small trials too use every core.

A trial of the book is a millisecond of kernels, which threads share well, in four of Python, which they do not. So a
long study gives each of its threads a process, hands it one group after the other, and waits. A process is started by
command line and not by `multiprocessing`, which would import the user's script once more. It takes requests on its
stdin, and ends when that ends: nobody needs to be told that a study was killed. It answers in parts, each when it is
asked to go on: of two in the pipe, one would be read ahead of, and `select` would not see it. If it dies, another one
takes up what it has not handed back.
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
from queue import Queue
from time import monotonic
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from ...errors import FastmlpError
from ..store.schema import Group, Outcome, failed_outcome
from ..trial.run import load_libraries
from .scheduler import Work, limit_threads, one_thread_each

WORTH_PROCESSES = 2000  # trials; with fewer, processes take longer to start than they save
TICK = 0.05  # seconds between two looks at whether to stop
ENDING = 1.0  # seconds that a process which goes by itself may take
PART = 0.5  # seconds of work that a part of an answer is of; so much is lost with a process that is killed
DEATHS = 3  # of processes, one after the other, with nothing handed back between them, until a group's rest has failed
STOP, MORE = "stop", "more"  # requests: end the group under way between two trials; go on with it
START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from fastmlp.study.execution.processes import serve; serve(sys.stdin.buffer)"
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
        self.starting = threading.Lock()
        self.closed = False

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Have a group's trials done, until there are no more or `stopped` says so.

        Raises
        ------
        ProcessEndedError
            If process after process dies on what is left of it, or answers what is no answer.
        """
        while True:
            done: set[str] = set()
            try:
                for outcome in self._process().ask(group, stopped):
                    done.update(outcome.keys())
                    yield outcome
            except ProcessEndedError as error:
                if stopped():
                    return
                if self.closed:
                    raise
                group = after_death(group, done)
                if group.deaths == DEATHS:
                    raise ProcessEndedError(f"{error}, like {group.deaths - 1} before it") from error
            else:
                return

    def _process(self) -> Process:
        """Return this thread's process, a new one if it has none that lives."""
        process: Process | None = getattr(self.mine, "process", None)
        if process is None or process.ended:
            with self.starting:
                if self.closed:
                    raise ProcessEndedError("the study has ended")
                process = self.mine.process = Process(self.work)
                self.started.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.starting:
            self.closed = True
        for process in self.started:
            process.close()


def after_death(group: Group, done: set[str]) -> Group:
    """Return what to ask the next process for, after one has died and these keys were handed back.

    What it was at work on comes last: if that is what kills, the others are done before it does so again.
    """
    left = group.without(done)
    return left._replace(trials=(*left.trials[1:], *left.trials[:1]), deaths=1 if done else group.deaths + 1)


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
        self.ended = self.told = False
        self.first: tuple[object, ...] = (sys.path, work)

    def ask(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Have a group's trials done; see `Processes`."""
        with self.asking:
            try:
                self._send(*self.first, group)
                self.first, self.told = (), False
                while part := self._answer(stopped):
                    self._send(MORE)
                    yield from part
            except (OSError, pickle.UnpicklingError) as error:
                self.ended = True
                raise ProcessEndedError(f"process {self.process.pid} ended at work, with code {self._end()}") from error

    def _answer(self, stopped: Callable[[], bool]) -> list[Outcome]:
        """Wait for the next part of an answer; the last is empty."""
        while not select.select([self.answers], [], [], TICK)[0]:
            if stopped() and not self.told:
                self._send(STOP)
                self.told = True
        try:
            part: list[Outcome] = pickle.load(self.answers)  # noqa: S301 (from a process of our own)
        except Exception as error:
            raise pickle.UnpicklingError("this is no answer") from error  # half a pickle raises almost anything
        return part

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
    asked: Queue[Any] = Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(requests, asked, stop), daemon=True).start()
    load_libraries()
    with one_thread_each():
        limit_threads()
        while True:
            for part in _answers(work, asked.get(), stop.is_set):
                pickle.dump(part, answers)
                answers.flush()
                if part:
                    asked.get()  # more


def _listen(requests: BinaryIO, asked: Queue[Any], stop: threading.Event) -> None:
    try:
        while True:
            request = pickle.load(requests)  # noqa: S301 (as above)
            if request == STOP:
                stop.set()
                continue
            if request != MORE:
                stop.clear()  # it was for the group before
            asked.put(request)
    finally:  # whatever it is that ends the requests, half a one too
        signal.raise_signal(signal.SIGKILL)  # whoever asked is gone; a trial under way is for nobody


def _answers(work: Work, group: Group, stopped: Callable[[], bool]) -> Iterator[list[Outcome]]:
    """Do a group, and put what comes of it together in parts; where a process has died before, as it comes."""
    part: list[Outcome] = []
    done: set[str] = set()
    try:
        since = monotonic()
        for outcome in work(group, stopped):
            done.update(outcome.keys())
            part.append(outcome)
            if group.deaths or monotonic() - since > PART:
                yield part
                part, since = [], monotonic()
    except Exception as error:  # noqa: BLE001 - what it was goes into the records
        part.append(failed_outcome(group.without(done), error))
    if part:
        yield part
    yield []

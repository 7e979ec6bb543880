"""Schedule trials: groups go to an executor, outcomes come back, and the calling thread alone writes the store.

Outcomes are handed back as they are made, and committed twice a second: a commit waits for the disk.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Queue
from time import monotonic
from typing import Protocol

from ...errors import ClusterLost
from ..store import Store
from ..store.outcome import Outcome, failed_outcome
from ..store.schema import Group
from .progress import Progress as Progress
from .signals import Stop

GROUPS_PER_WORKER = 2  # one that runs and one that waits, so that memory does not grow with the study
MOST_OUT = 4096  # trials of more groups than that, where they are short: as many as workers finish in a second
GRACE_SECONDS = 3.0  # that running trials have to end after a signal
POLL_SECONDS = 0.25  # between two looks at the clock and at the outcomes that have come back
COMMIT_SECONDS = 0.5  # between two commits
MOST_UNCOMMITTED = 16384  # records that wait for one: some three kilobytes each
NOTE_SECONDS = 2.0  # between two notes of what the workers have done
SPLIT_SECONDS = 5.0  # that a group must still take to be split for idle workers


@dataclass(eq=False)
class Task:
    """A group that an executor runs.

    Parameters
    ----------
    group
        Its trials are run one after the other.
    stop
        Ends it between two trials.
    outcomes
        Where it puts what is done, from any thread.
    started
        When, in seconds of `time.monotonic`.
    done
        Keys of what has been taken from `outcomes`.
    parts
        Into how many parts the trials that are left will be split. With more than one, the task ends early.
    """

    group: Group
    stop: Stop
    outcomes: deque[tuple[Task, Outcome]]
    started: float = field(default_factory=monotonic)
    done: set[str] = field(default_factory=set)
    parts: int = 1

    def start(self) -> None:
        """Note that a worker begins with it; it may have waited for one."""
        self.started = monotonic()

    def stopped(self) -> bool:
        """Whether to end it after the trial under way."""
        return self.stop() or self.parts > 1

    def receive(self, outcome: Outcome) -> None:
        """Take an outcome from a worker."""
        self.outcomes.append((self, outcome))

    def seconds_left(self) -> float:
        """Estimate how long it will take from here, without the trial under way."""
        trials = len(self.group.trials) - len(self.done) - 1
        return (monotonic() - self.started) * trials / max(1, len(self.done))


class Executor(Protocol):
    """What the scheduler needs of an executor.

    A task's `start` is called when a worker begins with its group, `stopped` between two trials, and `receive` with
    every outcome, in any thread. Its future ends after the last of them, with an exception if the rest has failed.
    """

    @property
    def jobs(self) -> int:
        """Number of groups that can run at once; it may change."""
        ...

    @property
    def dashboard(self) -> str:
        """Address of a page that shows its workers, or an empty string."""
        ...

    def submit(self, task: Task) -> Future[None]:
        """Run a task's group as soon as a worker is free."""
        ...


def run_missing(
    store: Store,
    executor: Executor,
    stop: Stop,
    report: Callable[[Progress], None] = lambda _: None,
    expected: str = "",
) -> Progress:
    """Run all planned trials that are not yet in the store.

    Parameters
    ----------
    store
        Open for writing.
    executor
        Runs the groups.
    stop
        Ends dispatch; running groups end between two trials, and what they have done is committed.
    report
        Called after every commit.
    expected
        As for `Progress`.

    Raises
    ------
    StoreError
        If a commit fails; what was committed before is kept.
    """
    planned, missing = store.count()
    progress = Progress(planned, planned - missing, expected=expected)
    report(progress)
    store.gives_up = lambda: stop.overdue(GRACE_SECONDS)
    try:
        _run(store, Scheduler(executor, stop), progress, report)
    except BaseException:
        stop.request()  # nobody would store the outcomes
        raise
    return progress


def _run(store: Store, scheduler: Scheduler, progress: Progress, report: Callable[[Progress], None]) -> None:
    """Dispatch groups and commit their outcomes until all have ended, or do not stop in time."""
    stop = scheduler.stop
    groups, uncommitted, due, noted = store.missing(), list[Outcome](), monotonic(), -math.inf
    scheduler.fill(groups)
    over = False
    while not over:
        uncommitted += scheduler.wait(POLL_SECONDS if len(scheduler) else 0)
        scheduler.fill(groups)  # before a commit, so that workers do not wait for it
        over = not len(scheduler) or stop.overdue(GRACE_SECONDS)  # trials that do not stop in time stay missing
        if stop() and not progress.stopping:
            progress.stopping = True
            report(progress)
        if uncommitted and (over or monotonic() >= due or number_of(uncommitted) >= MOST_UNCOMMITTED):
            commit(store, uncommitted, progress)
            report(progress)
            uncommitted, due = [], monotonic() + COMMIT_SECONDS
            if over or due - noted > NOTE_SECONDS:
                note_workers(store, progress, scheduler.executor.dashboard)
                noted = due


class Scheduler:
    """The groups that an executor runs, and the outcomes that have come back.

    Parameters
    ----------
    executor, stop
        As for `run_missing`.
    """

    def __init__(self, executor: Executor, stop: Stop) -> None:
        self.executor = executor
        self.stop = stop
        self.tasks: dict[Future[None], Task] = {}
        self.started = monotonic()
        self.out, self.back = 0, 0  # trials of the tasks, and those that have come back
        self.outcomes: deque[tuple[Task, Outcome]] = deque()
        self.ended: Queue[Future[None]] = Queue()  # a SimpleQueue's timeout can be missed: see `signals`

    def __len__(self) -> int:
        """Return how many groups have not ended."""
        return len(self.tasks)

    def fill(self, groups: Iterator[Group]) -> None:
        """Hand out as many groups as keep the workers busy during a commit; if there are too few, split the longest."""
        while self._wants_more() and (group := next(groups, None)):
            self.submit(group)
        self.split_longest(self.executor.jobs - len(self))

    def _wants_more(self) -> bool:
        a_second = self.back / max(monotonic() - self.started, 1e-3)
        wants = len(self) < self.executor.jobs * GROUPS_PER_WORKER or self.out < min(MOST_OUT, a_second)
        return wants and not self.stop()

    def submit(self, group: Group) -> None:
        """Have a group run as soon as a worker is free."""
        task = Task(group, self.stop, self.outcomes)
        future = self.executor.submit(task)
        self.tasks[future] = task
        self.out += len(group.trials)
        future.add_done_callback(self.ended.put)

    def split_longest(self, idle: int) -> None:
        """End the group that will take longest after the trial under way, if so many workers are idle.

        What is left is split among all of them. Each part repeats the group's pretraining, so short groups stay whole.
        """
        if idle > 0 and self.tasks:
            longest = max(self.tasks.values(), key=Task.seconds_left)
            if longest.parts == 1 and longest.seconds_left() > SPLIT_SECONDS:
                longest.parts += idle

    def wait(self, seconds: float) -> list[Outcome]:
        """Return the outcomes that have come back when a group ends, or after so many seconds.

        If a group raised, its trials without an outcome have failed; if it was to be split, they are submitted anew.
        """
        ended = self._ended(seconds)
        outcomes = []
        while self.outcomes:
            task, outcome = self.outcomes.popleft()
            task.done.update(outcome.keys())
            self.back += len(outcome.records)
            outcomes.append(outcome)
        for future in ended:
            outcomes += self._end(future)
        return outcomes

    def _ended(self, seconds: float) -> list[Future[None]]:
        """Return the groups that have ended, as soon as one has, or none after so many seconds."""
        ended = []
        with suppress(Empty):
            ended.append(self.ended.get(timeout=seconds))
            while True:
                ended.append(self.ended.get_nowait())
        return ended

    def _end(self, future: Future[None]) -> list[Outcome]:
        """Forget a task that has ended, and return the outcome of the trials that failed with it."""
        task, error = self.tasks.pop(future), future.exception()
        self.out -= len(task.group.trials)
        left = task.group.without(task.done)
        if isinstance(error, Exception) and not isinstance(error, ClusterLost):
            return [failed_outcome(left, error)]
        if error is not None:
            raise error
        if task.parts > 1 and not self.stop():
            for part in left.cut(task.parts):
                self.submit(part)
        return []


def number_of(outcomes: list[Outcome]) -> int:
    """Return how many records of trials there are in outcomes."""
    return sum(len(outcome.records) for outcome in outcomes)


def commit(store: Store, outcomes: list[Outcome], progress: Progress) -> None:
    """Write outcomes to the store, and count them."""
    store.add(outcomes)
    for outcome in outcomes:
        progress.count(outcome)


def note_workers(store: Store, progress: Progress, dashboard: str) -> None:
    """Note in the store what each worker has done so far, for `fastmlp status`."""
    seconds = max(monotonic() - progress.started, 1e-3)
    workers = {name: {"trials": n, "per_second": round(n / seconds, 1)} for name, n in sorted(progress.workers.items())}
    store.note({"workers": json.dumps({"dashboard": dashboard or None, "workers": workers})})

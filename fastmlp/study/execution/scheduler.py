"""The work shared out: groups of trials go to threads, records come back, and this thread alone writes them.

Compiled trainings hold no interpreter lock, so one thread can train while another does Python's part of a trial; in a
long study each has its groups done by a process of its own: see `processes`. Records are handed back as they are made,
and written twice a second: a commit waits for the disk. Linear algebra libraries are held to one thread each, or they
would fight over the cores that the trials already use.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, Queue
from time import monotonic

from ..store import Store
from ..store.schema import Group, Outcome, failed_outcome
from .signals import Stop

Work = Callable[[Group, Callable[[], bool]], Iterable[Outcome]]

IN_FLIGHT = 2  # groups a worker: one at work and one waiting, so that memory does not grow with the study
GRACE = 3.0  # seconds that running trials get to end after a signal
TICK = 0.25  # seconds between two looks at whether that time is over, and at what has come back
PACE = 0.5  # seconds between two commits
LONG = 5.0  # seconds left of a group, from which on it is cut up for workers with nothing to do


@dataclass
class Progress:
    """How far a study is; one object, updated as it goes.

    Parameters
    ----------
    total
        Different trials of the plan.
    done
        How many of them have a record, from this run or an earlier one.
    diverged, failed
        Of those of this run.
    stopping
        Whether a signal has come, and only what is running is waited for.
    """

    total: int
    done: int
    diverged: int = 0
    failed: int = 0
    stopping: bool = False
    started: float = field(default_factory=monotonic)

    def count(self, outcome: Outcome) -> None:
        """Add what a worker handed back."""
        self.done += len(outcome.records)
        self.diverged += sum(record["status"] == "diverged" for record in outcome.records)
        self.failed += sum(record["status"] == "failed" for record in outcome.records)


def run_missing(
    store: Store, work: Work, jobs: int, stop: Stop, report: Callable[[Progress], None] = lambda _: None
) -> Progress:
    """Run everything the plan has and the store has not.

    Parameters
    ----------
    store
        Open for writing.
    work
        Runs a group, one trial after the other; it is called in several threads at once.
    jobs
        How many.
    stop
        Ends dispatch; running groups end between two trials, and what they have is committed.
    report
        Called after every commit.

    Raises
    ------
    StoreError
        If a commit fails; what was committed before is kept.
    """
    planned, missing = store.count()
    progress = Progress(planned, planned - missing)
    report(progress)
    groups, waiting, due = store.missing(), list[Outcome](), monotonic()
    with pool(jobs, stop) as executor:
        running = Running(executor, work, stop)
        while True:
            for group in islice(groups, 0 if stop() else jobs * IN_FLIGHT - len(running)):
                running.start(group)
            running.call_back(jobs - len(running))
            over = not running or stop.overdue(GRACE)  # what does not hear the stop in time stays missing
            waiting += running.wait(0 if over else TICK)
            if stop() and not progress.stopping:
                progress.stopping = True
                report(progress)
            if waiting and (over or monotonic() >= due):
                commit(store, waiting, progress)
                report(progress)
                waiting, due = [], monotonic() + PACE
            if over:
                return progress


@dataclass(eq=False)
class Share:
    """A group that a thread is at work on, since when, and the keys of what it has handed back."""

    group: Group
    since: float = field(default_factory=monotonic)
    done: set[str] = field(default_factory=set)
    parts: int = 1  # that what is left of it is to be cut into; with more than one it is called back

    def seconds_left(self) -> float:
        """Return how long it will take from here, but for the trial under way."""
        trials = len(self.group.trials) - len(self.done) - 1
        return (monotonic() - self.since) * trials / max(1, len(self.done))


class Running:
    """Groups that threads are at work on, and what they have handed back.

    Parameters
    ----------
    executor
        Has the threads.
    work, stop
        As for `run_missing`.
    """

    def __init__(self, executor: Executor, work: Work, stop: Stop) -> None:
        self.executor = executor
        self.work = work
        self.stop = stop
        self.shares: dict[Future[None], Share] = {}
        self.outcomes: deque[tuple[Share, Outcome]] = deque()
        self.ended: Queue[Future[None]] = Queue()  # a SimpleQueue's timeout can be missed: see `signals`

    def __len__(self) -> int:
        """Return how many groups have not ended."""
        return len(self.shares)

    def start(self, group: Group) -> None:
        """Have a group done as soon as a thread is free."""
        share = Share(group)
        future = self.executor.submit(self._do, share)
        self.shares[future] = share
        future.add_done_callback(self.ended.put)

    def _do(self, share: Share) -> None:
        share.since = monotonic()
        for outcome in self.work(share.group, lambda: self.stop() or share.parts > 1):
            self.outcomes.append((share, outcome))

    def call_back(self, idle: int) -> None:
        """Let the group that will take longest end after the trial under way, if so many workers have nothing to do.

        What is left goes to all of them. Each part makes the group's pretraining anew, so short groups stay whole.
        """
        if idle > 0 and self.shares:
            longest = max(self.shares.values(), key=Share.seconds_left)
            if longest.parts == 1 and longest.seconds_left() > LONG:
                longest.parts += idle

    def wait(self, seconds: float) -> list[Outcome]:
        """Return what has come back when a group ends, or when the time is over.

        If a group's work raised, what it has not handed back has failed; if it was called back, that is started anew.
        """
        ended = []
        with suppress(Empty):
            ended.append(self.ended.get(timeout=seconds))
        outcomes = []
        while self.outcomes:
            share, outcome = self.outcomes.popleft()
            share.done.update(outcome.keys())
            outcomes.append(outcome)
        for future in ended:
            share, error = self.shares.pop(future), future.exception()
            if isinstance(error, Exception):
                outcomes.append(failed_outcome(share.group.without(share.done), error))
            elif error is not None:
                raise error
            elif share.parts > 1 and not self.stop():
                for part in share.group.without(share.done).cut(share.parts):
                    self.start(part)
        return outcomes


def commit(store: Store, outcomes: list[Outcome], progress: Progress) -> None:
    """Write what came back, and count it."""
    store.add(
        [outcome.pretraining for outcome in outcomes if outcome.pretraining],
        [record for outcome in outcomes for record in outcome.records],
        [record for outcome in outcomes for record in outcome.scores],
    )
    for outcome in outcomes:
        progress.count(outcome)


@contextmanager
def pool(jobs: int, stop: Stop) -> Iterator[Executor]:
    """Start threads on first use; in them, and here, linear algebra runs on one thread."""
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="fastmlp", initializer=limit_threads)
    try:
        with one_thread_each():
            yield executor
    except BaseException:
        stop.request()  # nobody would store what they find
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def limit_threads() -> None:
    """Hold linear algebra to one thread. OpenMP remembers that for each thread that asks, so each worker does."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Hold linear algebra to one thread while the block runs, and keep a fit that stops early from warning."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        yield

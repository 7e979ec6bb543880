"""The work shared out: groups of trials go to threads, records come back, and this thread alone writes them.

Compiled trainings hold no interpreter lock, so one thread can train while another does Python's part of a trial; in a
long study each has its groups done by a process of its own: see `processes`. Linear algebra libraries are held to one
thread each, or they would fight over the cores that the trials already use.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic

from .stopping import Stop
from .store import Store
from .store.records import Group, Outcome, failed_outcome

Work = Callable[[Group, Callable[[], bool]], Outcome]

IN_FLIGHT = 2  # groups a worker: one at work and one waiting, so that memory does not grow with the study
GRACE = 3.0  # seconds that running trials get to end after a signal
TICK = 0.5  # seconds between two looks at whether that time is over


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
        Runs a group; it is called in several threads at once.
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
    groups = store.missing()
    running: dict[Future[Outcome], Group] = {}
    with pool(jobs, stop) as executor:
        while True:
            for group in islice(groups, 0 if stop() else jobs * IN_FLIGHT - len(running)):
                running[executor.submit(work, group, stop)] = group
            if not running or stop.overdue(GRACE):
                return progress  # what does not hear the stop in time stays missing
            done, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            if stop() and not progress.stopping:
                progress.stopping = True
                report(progress)
            if not done:
                continue
            outcomes = [outcome_of(future, running.pop(future)) for future in done]
            store.add(
                [outcome.pretraining for outcome in outcomes if outcome.pretraining],
                [record for outcome in outcomes for record in outcome.records],
                [record for outcome in outcomes for record in outcome.scores],
            )
            for outcome in outcomes:
                progress.count(outcome)
            report(progress)


def outcome_of(future: Future[Outcome], group: Group) -> Outcome:
    """Return what a worker handed back; if it raised, its trials have failed."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    return failed_outcome(group, error)


@contextmanager
def pool(jobs: int, stop: Stop) -> Iterator[Executor]:
    """Start threads on first use; in them, and here, linear algebra runs on one thread."""
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="fastmlp", initializer=limit_threads)
    try:
        with one_thread_each():
            yield executor
    except BaseException:
        stop.event.set()  # nobody would store what they find
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

"""Executors: where groups of trials are run. The scheduler knows nothing of them but `scheduler.Executor`.

Compiled trainings release the interpreter lock, so one thread can train while another runs the Python part of a trial.
A short study therefore runs in threads. In a long one each thread has a process of its own: see `worker_processes`.
With one worker there is one thread, too: the main thread has to handle signals while a training runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import current_thread
from types import TracebackType
from typing import Self

from ..trial.run import load_libraries
from .blas_threads import blas_threads_limited, limit_blas_threads
from .scheduler import Executor, Task
from .worker import RunGroup
from .worker_processes import WorkerProcesses

MIN_TRIALS_FOR_PROCESSES = 2000  # with fewer, processes take longer to start than they save


@contextmanager
def open_executor(run_group: RunGroup, jobs: int, trials: int, *, apart: bool = False) -> Iterator[Executor]:
    """Yield an executor for a study: threads, or processes if it is long.

    Parameters
    ----------
    run_group
        Runs the trials of a group one after the other. It can be pickled, and several threads call it at once.
    jobs
        Number of workers.
    trials
        Number of trials to run; a tuned one counts once for each of its candidates.
    apart
        Whether trials need a process of their own however few they are: PyTorch has one random generator a process.
    """
    if jobs == 1 or not (apart or trials >= MIN_TRIALS_FOR_PROCESSES):
        load_libraries()
        with ThreadExecutor(run_group, jobs) as threads:
            yield threads
    else:
        with WorkerProcesses(run_group) as processes, ThreadExecutor(processes, jobs) as threads:
            yield threads


class ThreadExecutor:
    """Threads that run groups, or that wait for processes which do.

    Parameters
    ----------
    run_group
        As for `open_executor`.
    jobs
        Number of threads.
    """

    def __init__(self, run_group: RunGroup, jobs: int) -> None:
        self.run_group = run_group
        self._jobs = jobs
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="fastmlp", initializer=limit_blas_threads)
        self._limits = ExitStack()

    @property
    def jobs(self) -> int:
        """Number of threads."""
        return self._jobs

    @property
    def dashboard(self) -> str:
        """None: an empty string."""
        return ""

    def submit(self, task: Task) -> Future[None]:
        """Run a task's group as soon as a thread is free."""
        return self._threads.submit(self._run, task)

    def _run(self, task: Task) -> None:
        if task.stopped():  # while it waited
            return
        task.start()
        for outcome in self.run_group(task.group, task.stopped):
            task.receive(outcome if outcome.worker else outcome._replace(worker=current_thread().name))

    def __enter__(self) -> Self:
        self._limits.enter_context(blas_threads_limited())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Start no other group, and do not wait for trainings that did not stop in time."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._limits.close()

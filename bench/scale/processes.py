"""Processes by four libraries: how fast they hand groups out, and what they do when a process or the study is killed.

Our own `WorkerProcesses`, `concurrent.futures` with the two ways to start a process that are safe beside threads, and
loky, which joblib brings. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from fastmlp.study.execution.worker_processes import WorkerProcesses
from fastmlp.study.store.outcome import Outcome, outcome_of
from fastmlp.study.store.schema import TRIAL, Group, Trial
from fastmlp.study.trial.run import load_libraries

from ..environment import circumstances, described
from ..tables import markdown_table

Submit = Callable[[Group], Future[list[Outcome]]]

JOBS = 2
WORK_SECONDS = 0.02  # of a trial
TRIALS = 5  # of a group
GROUPS = 100
KILLER = 7  # the group that kills its process, once
LIVES_SECONDS = 3.0  # of the task that is under way when the study is killed
LONGEST_SECONDS = 15.0  # that its processes are watched then
ROOT = Path(__file__).parents[2]
MARK = "FASTMLP_BENCH_MARK"  # names the folder in which processes leave marks


def work(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Run made-up trials; one group kills its process when a mark says so, another lives long."""
    marks = Path(os.environ[MARK])
    for number, trial in enumerate(group.trials):
        if not stopped():
            if group.seed == KILLER and number == 1 and (marks / "kill").exists():
                (marks / "kill").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            if group.seed < 0 and number == 0:
                (marks / f"pid-{os.getpid()}").touch()
                sleep(LIVES_SECONDS)
            end = perf_counter() + WORK_SECONDS
            while perf_counter() < end:
                pass
            yield outcome_of(records=[dict.fromkeys(TRIAL) | {"key": trial.key}])


def whole(group: Group) -> list[Outcome]:
    """Run a group as a function that returns when all is done, which is what futures take."""
    return list(work(group, lambda: False))


def group(seed: int) -> Group:
    """Return a group of a few trials."""
    trials = tuple(Trial("p", "scratch", 20, seed, f"{seed}-{number}", "") for number in range(TRIALS))
    return Group("p", seed, "", pretraining_missing=False, trials=trials)


@contextmanager
def own() -> Iterator[Submit]:
    """Yield a submit to our own processes."""
    with WorkerProcesses(work) as processes, ThreadPoolExecutor(JOBS) as threads:
        yield lambda group: threads.submit(lambda: list(processes(group, lambda: False)))


@contextmanager
def pool(executor: Executor) -> Iterator[Submit]:
    """Yield a submit to an executor as of concurrent.futures."""
    with executor:
        yield lambda group: executor.submit(whole, group)


def loky() -> Executor:
    """Return loky's executor."""
    from joblib.externals.loky.process_executor import ProcessPoolExecutor as LokyExecutor

    executor: Executor = LokyExecutor(JOBS, initializer=load_libraries)
    return executor


LIBRARIES = {
    "own": own,
    "concurrent.futures, forkserver": lambda: pool(
        ProcessPoolExecutor(JOBS, get_context("forkserver"), load_libraries)
    ),
    "concurrent.futures, spawn": lambda: pool(ProcessPoolExecutor(JOBS, get_context("spawn"), load_libraries)),
    "loky": lambda: pool(loky()),
}


def measure(library: str) -> tuple[float, float, int, float]:
    """Return seconds to the first outcome, the share of time at work, groups lost with a process, seconds outlived."""
    with TemporaryDirectory() as marks:
        os.environ[MARK] = marks
        start = perf_counter()
        with LIBRARIES[library]() as submit:
            submit(group(0)).result()
            first = perf_counter() - start - WORK_SECONDS * TRIALS
            run_all(submit, range(100, 100 + 5 * JOBS))  # until all processes have begun
            start = perf_counter()
            run_all(submit, range(200, 200 + GROUPS))
            at_work = GROUPS * TRIALS * WORK_SECONDS / JOBS / (perf_counter() - start)
        return first, at_work, lost_with_a_process(library, Path(marks)), outlived(library, Path(marks))


def run_all(submit: Submit, seeds: range) -> None:
    """Run a group for each seed."""
    for future in [submit(group(seed)) for seed in seeds]:
        future.result()


def lost_with_a_process(library: str, marks: Path) -> int:
    """Kill one process at work, and return how many groups have no result."""
    (marks / "kill").touch()
    with LIBRARIES[library]() as submit:
        futures = list[Future[list[Outcome]]]()
        for seed in range(20):
            try:
                futures.append(submit(group(seed)))
            except Exception:  # noqa: BLE001 - of a pool that is broken
                break
        return 20 - sum(future.exception() is None for future in futures)


def outlived(library: str, marks: Path) -> float:
    """Kill a study at work, and return how long its processes live on."""
    code = f"from bench.scale import processes; processes.live_long({library!r})"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL) as study:
        while len(pids := [int(path.name[4:]) for path in marks.glob("pid-*")]) < JOBS:
            sleep(0.05)
        study.kill()
    start = perf_counter()
    while any(map(alive, pids)) and perf_counter() - start < LONGEST_SECONDS:
        sleep(0.01)
    seconds = perf_counter() - start
    for pid in filter(alive, pids):
        os.kill(pid, signal.SIGKILL)
    return seconds


def live_long(library: str) -> None:
    """Have two processes at work for some seconds."""
    with LIBRARIES[library]() as submit:
        for future in [submit(group(-1)), submit(group(-2))]:
            future.result()


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def table() -> str:
    """Measure all libraries, and return what was found in Markdown."""
    rows = []
    for library in LIBRARIES:
        first, at_work, lost, longer = measure(library)
        rows.append(
            (
                library,
                f"{first:.2f} s",
                f"{at_work:.0%}",
                str(lost),
                f"{longer:.1f} s" if longer < LONGEST_SECONDS else "no end",
            )
        )
    head = ("processes by", "first outcome after", "at work", "groups lost of 20", "outlive the study by")
    below = described(circumstances("joblib"))
    return f"{markdown_table(head, 'lrrrr', rows)}\n{below}\n"

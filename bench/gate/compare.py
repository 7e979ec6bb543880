"""Compare two builds: restarts until all is decided or the time is up; alarming results are measured again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from statistics import median

from .build import Build
from .sampling import PREPARING, Pair, Process, Round, WorkerError
from .verdict import Estimate, Result, Verdict, drifted, estimate, judge
from .worker import CONTROL

Log = Callable[[str], None]  # takes a progress message


def log_to_stderr(line: str) -> None:
    """Write a progress message to stderr."""
    sys.stderr.write(line + "\n")


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    Attributes
    ----------
    core
        Core on which all samples are taken.
    sample, control
        Nanoseconds of a sample of a benchmark, and of the control.
    rounds
        Rounds of each benchmark in a restart.
    least, most
        Restarts of the pair before a verdict, and before giving up.
    seconds
        Time after which no restart begins in the first run; the confirming run has as much again.
    preparing
        Seconds after which a worker that prepares benchmarks counts as hung.
    """

    core: int
    sample: int = 20_000_000
    control: int = 5_000_000
    rounds: int = 4
    least: int = 3
    most: int = 10
    seconds: float = 120.0
    preparing: float = PREPARING


@dataclass
class Run:
    """The measurements so far: rounds by benchmark and restart."""

    rounds: dict[str, list[list[Round]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    restarts: int = 0

    def wall(self, name: str) -> float | None:
        """Return the median ratio of wall-clock times, for comparison."""
        ratios = [one.wall_ratio for rounds in self.rounds.get(name, []) for one in rounds]
        return median(ratios) if ratios else None

    def estimates(self) -> dict[str, Estimate]:
        """Return the estimates of all benchmarks that did not fail; a ratio that is not finite is a failure."""
        found = {}
        for name, restarts in self.rounds.items():
            if name not in self.failed and restarts:
                try:
                    found[name] = estimate([[one.log_ratio for one in rounds] for rounds in restarts])
                except ValueError as error:
                    self.failed[name] = str(error)
        return found


def compare(
    builds: tuple[Build, Build], names: Iterable[str], settings: Settings, log: Log
) -> tuple[list[Result], Estimate | None]:
    """Measure and judge benchmarks; return the result of each, and the estimate of the control.

    Both builds run the head's suites, so that they do the same work.
    """
    names = list(names)
    run = measure(builds, names, settings, log)
    estimates = run.estimates()
    control = estimates.pop(CONTROL, None)
    words = judge(estimates)
    alarming = [name for name, said in words.items() if said in {Verdict.SLOWER, Verdict.FASTER}]
    fresh = measure(builds, alarming, settings, log) if alarming else Run()
    again = fresh.estimates()
    controls = [control, again.pop(CONTROL, None)] if alarming else [control]
    unsteady = any(one is None or drifted(one) for one in controls)
    words_again, failed = judge(again), fresh.failed | run.failed

    def result(name: str) -> Result:
        first, second = estimates.get(name), again.get(name)
        reason = ""
        if name in failed or first is None:
            reason = failed.get(name) or failed.get(CONTROL, "not measured")
        elif unsteady:
            reason = "the control drifted"
        elif second is not None and words_again[name] != words[name]:
            reason = f"{words[name]} once, but not again"
        return Result(name, Verdict.NONE if reason else words[name], reason, first, second, run.wall(name))

    return [result(name) for name in names], control


def measure(builds: tuple[Build, Build], names: list[str], settings: Settings, log: Log) -> Run:
    """Start pair after pair until all is decided, the limit of restarts is reached, or the time is up."""
    run, begun = Run({name: [] for name in [*names, CONTROL]}), time.monotonic()
    calls: dict[str, int] = {}
    undecided = list(names)
    while undecided and CONTROL not in run.failed and run.restarts < settings.most:
        if run.restarts >= settings.least and time.monotonic() - begun > settings.seconds:
            break
        run.restarts += restart(run, builds, undecided, calls, settings)
        estimates = run.estimates()
        estimates.pop(CONTROL, None)
        words = judge(estimates) if run.restarts >= settings.least else {}
        undecided = [name for name in names if name not in run.failed and words.get(name, Verdict.NONE) == Verdict.NONE]
        log(f"restart {run.restarts}: {len(undecided)} of {len(names)} undecided")
    return run


def restart(run: Run, builds: tuple[Build, Build], names: list[str], calls: dict[str, int], settings: Settings) -> bool:
    """Start a pair, take rounds of these benchmarks and of the control, end the pair.

    Returns
    -------
    False if one of the pair ended early: then a benchmark has failed, and nothing was added for the others.
    """
    with Pair(builds, builds[1].suites, run.restarts % 2, settings.preparing) as pair:
        run.failed |= pair.prepare([CONTROL, *names])
        if not pair.alive:
            return False
        pair.settle(settings.core)
        taken: dict[str, list[Round]] = {name: [] for name in [*names, CONTROL] if name not in run.failed}
        for _ in range(settings.rounds):
            for name, rounds in taken.items():
                try:
                    rounds.append(one_round(pair, name, calls, settings, fresh=not rounds))
                except WorkerError as error:
                    run.failed[name] = str(error)
                    return False
        for name, rounds in taken.items():
            run.rounds[name].append(rounds)
    return True


def one_round(pair: Pair, name: str, calls: dict[str, int], settings: Settings, *, fresh: bool) -> Round:
    """Take a round, with as many calls as fill a sample; fresh processes are warmed up before."""
    if name not in calls:
        calls[name] = pair.calibrate(name, settings.control if name == CONTROL else settings.sample)
    if fresh:
        pair.warm(name, calls[name])
    return pair.round(name, calls[name])


def warm(builds: Sequence[Build], names: Sequence[str]) -> None:
    """Run each benchmark once in each build, to fill its compile cache. Failures show later."""
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(one, builds[-1].suites)) for one in builds]
        for process in processes:
            process.put("identify")
            for name in names:
                process.put("prepare", name=name)
        for process in processes:
            process.build.verify(process.get(PREPARING))
            for _ in names:
                with suppress(WorkerError):
                    process.get(PREPARING)

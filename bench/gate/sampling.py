"""A pair of workers on one core, of which one runs at a time, and rounds of samples."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..child import ChildEnded, Closing, JsonChild
from .build import Build, GateError

PREPARING, SAMPLING = 300.0, 60.0  # seconds after which a worker counts as hung


class WorkerError(GateError):
    """A worker could not do what it was asked."""


class WorkerEnded(WorkerError):
    """A worker ended, or hung and was killed."""


class Process(JsonChild):
    """A worker of one build.

    Parameters
    ----------
    build
        What it runs.
    suites
        Folder with the package ``bench`` whose benchmarks it runs: the head's, for both.
    """

    def __init__(self, build: Build, suites: Path) -> None:
        self.build = build
        super().__init__([str(build.python), "-P", str(build.worker)], build.environment | {"PYTHONPATH": str(suites)})

    def put(self, do: str, **request: Any) -> None:
        """Send a request; `get` returns the answers in the same order."""
        self.send(json.dumps({"do": do, **request}))

    def get(self, seconds: float) -> dict[str, Any]:
        """Return the next answer.

        Raises
        ------
        WorkerError
            If there is none within the time, the worker has ended, or the answer is an error.
        """
        try:
            answer = self.receive(seconds)
        except ChildEnded as error:
            raise WorkerEnded(f"{self.build.label}: {error}") from error
        if "error" in answer:
            raise WorkerError(f"{self.build.label}: {answer['error']}")
        return answer

    def ask(self, do: str, *, seconds: float = SAMPLING, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the answer."""
        self.put(do, **request)
        return self.get(seconds)


@dataclass(frozen=True)
class Sample:
    """Nanoseconds of some calls: CPU time and wall time."""

    cpu: int
    wall: int

    def __add__(self, other: Sample) -> Sample:
        return Sample(self.cpu + other.cpu, self.wall + other.wall)


@dataclass(frozen=True)
class Round:
    """Samples in the order A B B A: the sums of base and head, for the same number of calls.

    CPU time counts. On an otherwise idle core it is the wall time; else it leaves out the time that the core gave to
    other processes. GATE.md shows both.
    """

    base: Sample
    head: Sample

    @property
    def log_ratio(self) -> float:
        """Logarithm of the head's CPU time over the base's; NaN if a time is 0."""
        return math.log(self.head.cpu / self.base.cpu) if min(self.base.cpu, self.head.cpu) > 0 else math.nan

    @property
    def wall_ratio(self) -> float:
        """The head's wall time over the base's."""
        return self.head.wall / self.base.wall


class Pair(Closing):
    """A freshly started worker of each of two builds, on one core.

    Parameters
    ----------
    builds
        Base and head.
    suites
        Where the benchmarks are, the same for both.
    first
        Which of the two, 0 or 1, is started first and begins every round.
    preparing
        Seconds after which a worker that prepares counts as hung.

    Attributes
    ----------
    alive
        False once a worker has ended.
    """

    def __init__(self, builds: tuple[Build, Build], suites: Path, first: int, preparing: float = PREPARING) -> None:
        self.first, self.alive, self.preparing = first, True, preparing
        self.processes: dict[int, Process] = {}
        try:
            for which in (first, 1 - first):
                self.processes[which] = Process(builds[which], suites)
        except BaseException:
            self.close()
            raise

    def prepare(self, names: Sequence[str]) -> dict[str, str]:
        """Let both prepare benchmarks at the same time; return those that failed, and why.

        If a worker ends, the first unfinished benchmark counts as failed; `alive` is false then, and the others need
        another pair.
        """
        failed: dict[str, str] = {}
        for process in self.processes.values():
            process.put("identify")
            for name in names:
                process.put("prepare", name=name)
        for process in self.processes.values():
            process.build.verify(process.get(self.preparing))
        for name in names:
            for process in self.processes.values():
                try:
                    process.get(self.preparing)
                except WorkerError as error:
                    failed.setdefault(name, str(error))
                    if isinstance(error, WorkerEnded):
                        self.alive = False
                        return failed
        return failed

    def settle(self, core: int) -> None:
        """Pin both to one core, after everything is prepared."""
        for process in self.processes.values():
            process.ask("settle", core=core)

    def calibrate(self, name: str, ns: int) -> int:
        """Return the number of calls that fill a sample, measured on the base."""
        calls: int = self.processes[0].ask("calibrate", name=name, ns=ns)["calls"]
        return calls

    def warm(self, name: str, calls: int) -> None:
        """Run both for a moment, so that the first sample is like the later ones."""
        for process in self.processes.values():
            process.ask("sample", name=name, calls=-(-calls // 4))

    def round(self, name: str, calls: int) -> Round:
        """Take samples in the order A B B A."""
        spent = [Sample(0, 0), Sample(0, 0)]
        for which in (self.first, 1 - self.first, 1 - self.first, self.first):
            spent[which] += Sample(**self.processes[which].ask("sample", name=name, calls=calls))
        return Round(*spent)

    def close(self) -> None:
        """End both."""
        for process in self.processes.values():
            process.close()

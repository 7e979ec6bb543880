"""Trainings a second, on one core and on two: of the kernels on threads, and of a whole study.

``python -m bench.peers.throughput CORES``, CORES like ``0,1``; prints a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory
from typing import Any

from .work import SHAPES, Work

SECONDS = 1.5
SEEDS = 8


def kernels(workers: int) -> float:
    """Lab trainings a second on so many threads."""
    from .trainers import fastmlp_numba

    train = fastmlp_numba(Work(SHAPES["lab"])).train
    train()

    def busy(stop: float) -> int:
        done = 0
        while time.perf_counter() < stop:
            train()
            done += 1
        return done

    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        done = sum(pool.map(busy, [start + SECONDS] * workers))
        return done / (time.perf_counter() - start)


def study(workers: int) -> dict[str, float]:
    """Trials a second of the lab study, from first dispatch to last commit, its logistic regressions included."""
    import fastmlp

    seen: dict[str, float] = {}

    def note(progress: Any) -> None:
        seen.update(trials=progress.done, study_seconds=time.monotonic() - progress.started)

    with TemporaryDirectory() as folder:
        fastmlp.run_study("lab", f"{folder}/warm", jobs=workers, quick=True)
        fastmlp.run_study("lab", f"{folder}/timed", jobs=workers, seeds=SEEDS, progress=note)
    return seen | {"trials_a_second": seen["trials"] / seen["study_seconds"]}


def main(cores: str) -> None:
    """Measure on these cores."""
    chosen = [int(core) for core in cores.split(",")]
    os.sched_setaffinity(0, chosen)
    sys.stdout.write(json.dumps({"kernels": kernels(len(chosen)), **study(len(chosen))}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

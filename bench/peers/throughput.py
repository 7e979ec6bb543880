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

from .work import SHAPES, Work
from .worker import ONE_THREAD

SECONDS = 1.5
STUDY = {
    "name": "throughput",
    "problems": ["parity"],
    "strategies": ["scratch", "frozen", "finetune", "discriminative", "l2-sp", "bitfit"],
    "sizes": [20, 100, 500],
    "seeds": 4,
}


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
    """Trials a second of a study, first dispatch to last commit and report included."""
    import fastmlp

    with TemporaryDirectory() as folder:
        fastmlp.run_study(STUDY | {"seeds": 1}, out=f"{folder}/warm", jobs=workers)
        start = time.perf_counter()
        fastmlp.run_study(STUDY, out=f"{folder}/timed", jobs=workers)
        seconds = time.perf_counter() - start
    trials = len(STUDY["strategies"]) * len(STUDY["sizes"]) * STUDY["seeds"]  # type: ignore[arg-type,operator]
    return {"trials_a_second": trials / seconds, "trials": trials}


def main(cores: str) -> None:
    """Measure on these cores."""
    chosen = [int(core) for core in cores.split(",")]
    os.sched_setaffinity(0, chosen)
    os.environ.update(ONE_THREAD)
    sys.stdout.write(json.dumps({"kernels": kernels(len(chosen)), **study(len(chosen))}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

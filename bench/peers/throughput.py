"""Trainings per second on one core and on two: of the kernels on threads, and of a long study.

``python -m bench.peers.throughput CORES``, CORES like ``0,1``; prints a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from fastmlp.study.environment import capture_environment
from fastmlp.study.execution.executors import open_executor
from fastmlp.study.execution.scheduler import run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import from_dict
from fastmlp.study.store import Store
from fastmlp.study.store.reader import reading
from fastmlp.study.trial.run import GroupRunner

from .work import SHAPES, Work

SECONDS = 1.5
GRID = {"strategies": ["scratch", "scratch-source-scaler", "frozen", "finetune"], "seeds": 500}  # 10,000 trainings


def kernels(workers: int) -> float:
    """Return the lab trainings per second on a number of threads."""
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


def runner(workers: int) -> dict[str, float]:
    """Run the lab's trainings, with more seeds and without the baselines, from first dispatch to last commit.

    *overhead* is the time of the study over the least possible time: that of its trainings, divided among the workers.
    Each seed has two pretrainings: on the source, and, for the scale of similarity, on as many target examples.
    """
    settings = from_dict({"name": "throughput", "grid": GRID})
    commits: list[float] = []
    with TemporaryDirectory() as folder:
        with Store.open(Path(folder)) as store:
            store.begin(plan(settings, capture_environment(settings, "numba")), {"settings": ""})
            with open_executor(GroupRunner(settings, "numba"), workers, store.count()[1]) as executor:
                done = run_missing(store, executor, Stop(), lambda _: commits.append(time.monotonic()))
        with reading(Path(folder)) as reader:
            rows = list(reader.rows(["seed", "train_seconds", "pretrain_seconds"]))
    trained = sum(row["train_seconds"] for row in rows)
    pretrained = sum({row["seed"]: row["pretrain_seconds"] for row in rows if row["pretrain_seconds"]}.values())
    spent = commits[-1] - done.started
    return {
        "trainings": done.done,
        "trainings_a_second": done.done / spent,
        "overhead": spent * workers / (trained + 2 * pretrained),
    }


def main(cores: str) -> None:
    """Measure on these cores."""
    chosen = [int(core) for core in cores.split(",")]
    os.sched_setaffinity(0, chosen)
    sys.stdout.write(json.dumps({"kernels": kernels(len(chosen)), **runner(len(chosen))}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

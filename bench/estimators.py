"""Print how many times faster than scikit-learn's our estimators are, each beside the least that it is to be.

``python -m bench.estimators`` pins itself to one core, but for searches in two processes. Both sides take turns, round
after round, at the same work; a ratio is that of their best times.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

import fastmlp

from .bench_estimators import GRID, pair
from .bench_training import seconds
from .peers.work import SHAPES, Work

BARS = {"lab": 15.0, "sentences": 5.0, "medium": 2.0}
SEARCH_BAR, OVERHEAD_BAR = 10.0, 1.0  # times, milliseconds


class Turn(NamedTuple):
    """Two ways to do the same, ours first, and how many times faster ours is to be."""

    name: str
    both: Sequence[Callable[[], object]]
    bar: float
    cores: int = 1


def fits() -> Iterator[Turn]:
    """Yield fits of each shape, solver and precision."""
    for name, bar in BARS.items():
        shape, work = SHAPES[name], Work(SHAPES[name])
        for solver in ("sgd", "adam"):
            for dtype in ("float32", "float64"):
                data = work.x.astype(dtype), work.y
                models = pair(
                    hidden_layer_sizes=shape.sizes[1:-1], solver=solver, batch_size=shape.batch_size,
                    learning_rate_init=shape.lr if solver == "sgd" else 1e-3, max_iter=shape.epochs,
                    n_iter_no_change=np.inf, random_state=0,
                )  # fmt: skip
                yield Turn(f"fit, {name}, {solver}, {dtype}", [partial(model.fit, *data) for model in models], bar)


def searches() -> Iterator[Turn]:
    """Yield grid searches of 24 candidates on digits; workers are there before they are timed."""
    data = load_digits(return_X_y=True)
    for jobs in (1, 2):
        for batch_size in (32, "auto"):
            models = pair(random_state=0, batch_size=batch_size, max_iter=60)
            for model in models:
                GridSearchCV(model, {"max_iter": [1, 2]}, n_jobs=jobs, cv=3).fit(*data)
            both = [partial(GridSearchCV(model, GRID, n_jobs=jobs, cv=3).fit, *data) for model in models]
            yield Turn(f"search, batches of {batch_size}, {jobs} jobs", both, SEARCH_BAR, jobs)


def overhead(rounds: int) -> float:
    """Return the milliseconds of a fit of 100 rows for one epoch, whose training takes a few microseconds."""
    work = Work(SHAPES["tiny"])
    model = pair(hidden_layer_sizes=(8,), solver="sgd", max_iter=1, random_state=0, tol=0.0)[0]
    fit = partial(model.fit, work.x[:100].astype(np.float64), work.y[:100])
    fit()
    return 1e3 * min(seconds(fit) for _ in range(100 * rounds))


def predictions(rounds: int) -> Iterator[tuple[str, float]]:
    """Yield the microseconds of a prediction of one row, and of 2000, of the lab shape."""
    net, x = fastmlp.init_mlp((64, 64, 10)), np.random.default_rng(0).normal(size=(2000, 64)).astype(np.float32)
    for rows in (1, 2000):
        predict = partial(fastmlp.predict, net, x[:rows].copy(), threads=1)
        predict()
        yield f"predict, {rows} rows, microseconds", 1e6 * min(seconds(predict) for _ in range(200 * rounds))


def pin(cores: int, allowed: set[int]) -> None:
    """Stay on the first of the cores that this process may use; elsewhere than on Linux, do nothing."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(allowed)[:cores])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimators", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    options: Any = parser.parse_args()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    write = sys.stdout.write
    with threadpool_limits(limits=1):
        pin(1, allowed)
        if not options.only:
            write(f"{'overhead of a fit, ms':44}{overhead(options.rounds):8.2f}   at most {OVERHEAD_BAR}\n")
            for name, microseconds in predictions(options.rounds):
                write(f"{name:44}{microseconds:8.1f}\n")
        for turns in (fits(), searches()):
            pin(2, allowed)  # workers have the cores of the process that starts them
            for turn in turns:
                if options.only not in turn.name:
                    continue
                pin(turn.cores, allowed)
                times = np.array([[seconds(work) for work in turn.both] for _ in range(options.rounds)])
                ours, theirs = times.min(axis=0)
                write(f"{turn.name:44}{theirs / ours:8.1f}   at least {turn.bar:g}: {1e3 * ours:.2f} ms\n")
                sys.stdout.flush()
                pin(2, allowed)


if __name__ == "__main__":
    main()

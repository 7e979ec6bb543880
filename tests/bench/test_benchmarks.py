"""Benchmarks are code: each one's setup and body run once, on the smallest parameters, so that none rots unread."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import bench
import fastmlp
from bench import bench_training
from bench.bench_study import Growth
from bench.bench_training import Shared
from bench.common import LAB, Case, Parameters, ready, training

BENCH = Path(bench.__file__).parent
KINDS = ("time_", "timeraw_", "track_", "peakmem_", "mem_")


def suites() -> Iterator[tuple[str, type]]:
    for path in sorted(BENCH.glob("bench_*.py")):
        module = import_module(f"bench.{path.stem}")
        for name, suite in inspect.getmembers(module, inspect.isclass):
            if suite.__module__ == module.__name__:
                yield f"{path.stem}.{name}", suite


SUITES = dict(suites())
GROWTH = "bench_study.Growth.track_growth"  # which a test of its own runs
COMPILE = {"bench_compile.FirstCall.track_first_call", "bench_facts.HotLoops.track_count"}  # with an empty cache
METHODS = [f"{name}.{method}" for name, suite in SUITES.items() for method in dir(suite) if method.startswith(KINDS)]
METHODS.remove(GROWTH)


def smallest(suite: type) -> tuple[Any, ...]:
    """The first value of each parameter: by convention the smallest, and NumPy."""
    params = getattr(suite, "params", ())
    return tuple(values[0] for values in params)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.exhaustive] * (name in COMPILE)) for name in METHODS]
)
def test_benchmark_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    suite, _, method = name.rpartition(".")
    self = SUITES[suite]()
    params = smallest(SUITES[suite])
    if hasattr(self, "setup"):
        try:
            self.setup(*params)
        except NotImplementedError as reason:  # how asv, too, is told that there is nothing to time
            pytest.skip(str(reason))
    result = getattr(self, method)(*params)
    if method.startswith("timeraw_"):
        subprocess.run([sys.executable, "-c", result], check=True, timeout=60)
    elif method.startswith("track_"):
        assert result > 0
    if hasattr(self, "teardown"):
        self.teardown(*params)


@pytest.mark.parametrize("name", SUITES)
def test_parameters_are_named(name: str) -> None:
    suite = SUITES[name]
    assert suite.__doc__
    assert len(getattr(suite, "params", ())) == len(getattr(suite, "param_names", ()))


def test_every_suite_is_found() -> None:
    assert {name.split(".")[0] for name in SUITES} == {path.stem for path in BENCH.glob("bench_*.py")}


def test_a_wide_training_is_shared_by_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    threads: list[int] = []
    train_mlp = fastmlp.train_mlp

    def noting(*arguments: Any, **options: Any) -> Any:
        threads.append(options["threads"])
        return train_mlp(*arguments, **options)

    monkeypatch.setattr(fastmlp, "train_mlp", noting)
    shared = Shared()
    shared.setup(2)
    shared.time_epoch(2)
    assert threads == [2, 2, 2], "the check of both backends, and what is timed"
    monkeypatch.setattr(bench_training, "SHARES_TRAININGS", False)
    with pytest.raises(NotImplementedError, match="one thread"):
        shared.setup(2)


def test_a_wrong_kernel_is_not_timed() -> None:
    def wrong(case: Case, backend: str) -> Parameters:
        return lambda: training(case, backend)() + 1e-2

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        ready(wrong, LAB, "numpy", reference=training)


@pytest.mark.exhaustive  # two studies of thousands of trials
def test_memory_does_not_grow_with_the_number_of_trials() -> None:
    """Nothing holds a whole study: not its plan, its store, its resumption, its export, nor its report."""
    assert Growth().track_growth(8_000) < 10

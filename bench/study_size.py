"""Memory of a study's bookkeeping: plan, store, resume, export and report made-up records, without training.

``python -m bench.study_size 20000 1000000`` prints one line per number of trials. The peak memory of a process never
goes down, so each number has a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from fastmlp.report.render import render_report
from fastmlp.strategies import STRATEGIES
from fastmlp.study.environment import Environment
from fastmlp.study.execution.executors import open_executor
from fastmlp.study.execution.scheduler import run_missing
from fastmlp.study.execution.signals import Stop
from fastmlp.study.plan import plan
from fastmlp.study.results.export import export
from fastmlp.study.settings.load import from_dict, to_toml
from fastmlp.study.settings.schema import Settings
from fastmlp.study.store import Store, read_study
from fastmlp.study.store.outcome import Outcome, outcome_of
from fastmlp.study.store.schema import RECORDS, Group, Record

SIZES = tuple(range(100, 200, 10))
WORKERS = 2
KEEP_HEAD = {"zero-shot", "keep-head"}  # which have no trials where source and target have other classes
NAMES = tuple(
    name for name in STRATEGIES if name not in {"baseline-source-scaler", "scratch-source-scaler", *KEEP_HEAD}
)
CELLS = len(SIZES) * len(NAMES)
HERE = Environment("numba", {"full rank": "0", "low rank": "1"}, {"numpy": "1", "scipy": "2", "scikit-learn": "3"})


def study_of(trials: int) -> Settings:
    """Return a study of about that many trials; more trials are more seeds, as in a study that grows."""
    grid = {"strategies": NAMES, "sizes": SIZES, "seeds": max(1, trials // CELLS)}
    return from_dict({"name": f"{trials} trials", "grid": grid})


@cache
def example(table: str) -> Record:
    """Return a record with a value of usual length in every column."""
    number = 0.12345678901234567
    kinds = {"TEXT": "some text", "REAL": number, "INTEGER": 12345, "LIST": [number] * 3, "PAIRS": [[12, number]] * 7}
    record = {name: kinds[kind] for name, kind in RECORDS[table].items()}
    return record | {name: [number] * 60 for name in record if name.endswith("losses")}


def filled(table: str, key: str) -> Record:
    """Return a made-up record under a key."""
    return example(table) | {"key": key}


def generated(group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """Return made-up records for the trials of a group."""
    yield outcome_of(
        [filled("pretrainings", group.pretraining_key)] if group.pretraining_missing else (),
        [filled("scores", key) for _, key in group.scores],
    )
    for trial in group.trials:
        if not stopped():
            yield outcome_of(records=[filled("records", trial.key) | {"status": "ok"}])


def make(settings: Settings, folder: Path) -> None:
    """Write a store of made-up trials into a folder."""
    with Store.open(folder) as store:
        store.begin(plan(settings, HERE), {"settings": to_toml(settings)})
        for group in store.missing():
            store.add(list(generated(group, lambda: False)))


def keep_books(settings: Settings, folder: Path) -> Iterator[tuple[str, float]]:
    """Plan, store, resume, export and report a study; yield the seconds of each as it ends."""
    meta = {"settings": to_toml(settings)}
    start = perf_counter()
    with Store.open(folder) as store:
        store.begin(plan(settings, HERE), meta)
        yield "plan", perf_counter() - start
        start = perf_counter()
        with open_executor(generated, WORKERS, store.count()[1]) as executor:
            run_missing(store, executor, Stop())
        yield "store", perf_counter() - start
    start = perf_counter()
    with Store.open(folder) as store:
        store.begin(plan(settings, HERE), meta)
        with open_executor(generated, WORKERS, store.count()[1]) as executor:
            run_missing(store, executor, Stop())
        yield "resume", perf_counter() - start
    start = perf_counter()
    deque(export(folder, "csv"), maxlen=0)
    yield "export", perf_counter() - start
    start = perf_counter()
    render_report(read_study(folder), folder)
    yield "report", perf_counter() - start


def peak_here() -> float:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peak(trials: int) -> str:
    """Measure a number of trials in a process of its own; return its line, which begins with the peak memory in MiB."""
    code = f"from bench import study_size; study_size.measure({trials})"  # worker processes import it by this name
    root = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=3600
    ).stdout.strip()


def measure(trials: int) -> None:
    """Keep the books of about that many trials in this process, and print its line."""
    settings = study_of(trials)
    with TemporaryDirectory() as folder:
        seconds_of, times = dict[str, float](), list[str]()
        for name, seconds in keep_books(settings, Path(folder)):
            seconds_of[name] = seconds
            times.append(f"{name} {seconds:.1f} s, {peak_here():.0f} MiB")
        size = (Path(folder) / "study.sqlite").stat().st_size / 1e6
    trials = len(settings.grid.seed_range) * CELLS
    rate = trials / seconds_of["store"]
    rates = f"{rate:.0f} stored a second; {size:.0f} MB"
    sys.stdout.write(f"{peak_here():.0f} MiB at most for {trials} trials: {'; '.join(times)}; {rates}\n")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{peak(int(argument))}\n")

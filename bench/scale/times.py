"""One study by threads, processes, Dask and shards: how long each takes, and that all have the same results."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import fastmlp
from fastmlp.study import Results, run
from fastmlp.study.execution import executors
from fastmlp.study.execution.scheduler import Progress
from fastmlp.study.settings.load import to_toml

from ..environment import circumstances, described
from ..tables import markdown_table

WORKERS = 2
SHARDS = 4
UNKNOWN = 10**9  # of trials: more than any study has

Way = Callable[[str, Path], Results]


def in_threads(study: str, out: Path) -> Results:
    """Run a study in threads, however long it is."""
    executors.MIN_TRIALS_FOR_PROCESSES = UNKNOWN
    return fastmlp.run_study(study, out, jobs=WORKERS)


def in_processes(study: str, out: Path) -> Results:
    """Run a study in processes, however short it is."""
    executors.MIN_TRIALS_FOR_PROCESSES = 0
    return fastmlp.run_study(study, out, jobs=WORKERS)


def on_dask(study: str, out: Path) -> Results:
    """Run a study on two Dask workers of this machine."""
    return fastmlp.run_study(study, out, executor=f"local:{WORKERS}")


def on_dask_with_a_kill(study: str, out: Path) -> Results:
    """Run a study on two Dask workers, and kill one of them when a third of the trials is done."""
    from fastmlp.study.execution.dask_client import connect

    with connect(f"local:{WORKERS}") as client:
        victims = list(client.run(os.getpid).values())[:1]

        def kill(progress: Progress) -> None:
            if victims and progress.done * 3 > progress.total:
                os.kill(victims.pop(), signal.SIGKILL)

        results = fastmlp.run_study(study, out, executor=client, progress=kill)
    if victims:
        raise RuntimeError("the study had ended before its worker was to be killed")
    return results


def in_shards(study: str, out: Path) -> Results:
    """Run a study in four parts, one after the other, and merge them."""
    parts = [out.parent / f"part-{number}" for number in range(1, SHARDS + 1)]
    executors.MIN_TRIALS_FOR_PROCESSES = 0
    for number, part in enumerate(parts, 1):
        fastmlp.run_study(study, part, jobs=WORKERS, shard=f"{number}/{SHARDS}")
    return fastmlp.merge_studies(out, parts)


WAYS: dict[str, Way] = {
    "threads": in_threads,
    "processes": in_processes,
    "Dask": on_dask,
    "Dask, one worker killed": on_dask_with_a_kill,
    "four shards, merged": in_shards,
}


def measure(way: str, study: str, out: Path) -> dict[str, float]:
    """Run a study one way in a process of its own; return its seconds, without those of a report, and its trials."""
    words = [sys.executable, "-c", "from bench.scale import times; times.main()", way, study, str(out)]
    root = Path(__file__).parents[2]
    found = subprocess.run(words, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    numbers: dict[str, float] = json.loads(found.stdout)
    return numbers


def main() -> None:
    """Run the way that the command line names, and print what `measure` returns."""
    way, study, out = sys.argv[1:]
    run.refresh_report = lambda *_: None  # all ways have the same one
    start = perf_counter()
    results = WAYS[way](study, Path(out))
    sys.stdout.write(json.dumps({"seconds": perf_counter() - start, "trials": sum(results.counts.values())}))


def without_seconds(path: Path) -> list[list[str]]:
    """Return the cells of a table of results, but for the columns of seconds."""
    header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    kept = [place for place, name in enumerate(header) if not name.endswith("_seconds")]
    return [[row[place] for place in kept] for row in (header, *rows)]


def first_difference(one: list[list[str]], other: list[list[str]]) -> str:
    """Return the first difference of two tables, whose first rows name the columns; an empty string without one."""
    for line, (mine, theirs) in enumerate(zip_longest(one, other, fillvalue=[""]), 1):
        for name, a, b in zip_longest(one[0], mine, theirs, fillvalue=""):
            if a != b:
                return f"line {line}, {name}: {a!r} and {b!r}"
    return ""


def table(study: str, rounds: int, seeds: int | None = None) -> str:
    """Measure all ways, and return their times in Markdown; a way with other results is an error."""
    shortest: dict[str, dict[str, float]] = {}
    settings = run.effective_settings(study, seeds=seeds)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "study.toml"
        file.write_text(to_toml(settings, file.parent), encoding="utf-8")
        first: list[list[str]] = []
        for round_ in range(rounds):
            for number, way in enumerate(WAYS):
                out = Path(folder) / f"{round_}-{number}" / "out"
                out.parent.mkdir()
                found = measure(way, str(file), out)
                first = first or without_seconds(out / "results.csv")
                if difference := first_difference(first, without_seconds(out / "results.csv")):
                    raise RuntimeError(f"{way}: other results than by {next(iter(WAYS))}: {difference}")
                shortest[way] = min(shortest.get(way, found), found, key=seconds_of)
                sys.stderr.write(f"{way}: {found['seconds']:.1f} s\n")
    of = f"`{study}` of {len(settings.grid.seed_range)} seeds on {len(settings.grid.problems)} problems"
    return written(of, rounds, shortest)


def seconds_of(found: dict[str, float]) -> float:
    """Return the seconds of a measurement."""
    return found["seconds"]


def written(study: str, rounds: int, shortest: dict[str, dict[str, float]]) -> str:
    """Return the table, and below it where and how it was measured."""
    base = shortest["processes"]["seconds"]
    rows = [
        (way, f"{found['seconds']:.1f}", f"{found['trials'] / found['seconds']:,.0f}", f"{base / found['seconds']:.2f}")
        for way, found in shortest.items()
    ]
    head = (f"{WORKERS} workers", "seconds", "trials a second", "of processes")
    trials = f"{shortest['processes']['trials']:,.0f}"
    where = described(circumstances("numpy", "numba", "distributed"))
    of = f"The shortest of {rounds} runs" if rounds > 1 else "One run"
    below = f"{of} of the study {study}, {trials} trials, without its report. {where}"
    return (
        f"{markdown_table(head, 'lrrr', rows)}\n{below}\nAll have the same `results.csv`, columns of seconds aside.\n"
    )

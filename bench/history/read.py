"""Read asv's stored results into series with their steps: one dict that can be written as JSON.

The steps are those of asv, which fits a piecewise constant function to each series; so is the rule for a regression.
Results that cannot be read, or belong to another machine or branch, are left out and named. A series without its newest
value has no verdict.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asv import _stats
from asv.benchmarks import Benchmarks
from asv.graph import Graph
from asv.machine import Machine
from asv.results import Results
from asv.step_detect import detect_regressions
from asv.util import UserError, load_json

Json = dict[str, Any]

HIGHER_IS_BETTER = {"share of peak", "times"}
UNREADABLE = (UserError, OSError, ValueError, LookupError, TypeError, AttributeError)


class NoHistory(Exception):
    """There is nothing to draw, for the reason in the message."""


@dataclass
class Gathered:
    """The values of a benchmark in one environment, one column per set of parameters."""

    graph: Graph
    python: str
    last: int = 0  # place of the last commit it was run on, with or without a result


def read(
    results: Path, commits: Sequence[str], machine: str | None = None, pattern: str = "", threshold: float = 0.05
) -> Json:
    """Read what asv has stored about one machine.

    Parameters
    ----------
    results
        asv's ``results_dir``.
    commits
        Hashes of the branch, oldest first; results of others are left out.
    machine
        Its name; without it, the one with the most results.
    pattern
        Regular expression to search for in the names of benchmarks.
    threshold
        Relative size below which a step is ignored.

    Returns
    -------
    dict
        `machine`, `cpu`, `threshold`; `commits`, those measured; `series`, one dict each; `left_out`, one line each.

    Raises
    ------
    NoHistory
        If there are no results, or none can be read.
    """
    left_out: list[str] = []
    benchmarks = _benchmarks(results)
    folder = _folder(results, machine, left_out)
    stored = sorted(_stored(folder, commits, left_out), key=lambda one: commits.index(one.commit_hash))
    measured = list(dict.fromkeys(one.commit_hash for one in stored))
    wanted = {name: benchmark for name, benchmark in benchmarks.items() if re.search(pattern, name)}
    left_out += _incomparable(stored, benchmarks)
    graphs = _graphs(stored, measured, wanted, left_out)
    series = [one for (name, _), mine in graphs.items() for one in _series(mine, benchmarks[name], measured, threshold)]
    if not series:
        raise NoHistory(f"{folder}: no benchmark was run" + "".join(f"\n{line}" for line in left_out))
    dates = {one.commit_hash: datetime.fromtimestamp(one.date / 1000, UTC).date().isoformat() for one in stored}
    return {
        "machine": folder.name,
        "threshold": threshold,
        "cpu": load_json(str(folder / "machine.json")).get("cpu") or folder.name,
        "commits": [{"hash": commit[:8], "date": dates[commit]} for commit in measured],
        "series": series,
        "left_out": left_out,
    }


def _benchmarks(results: Path) -> dict[str, Json]:
    path = results / "benchmarks.json"
    try:
        found = load_json(str(path), Benchmarks.api_version)
    except (UserError, OSError, ValueError, AttributeError) as error:
        raise NoHistory(f"{path} cannot be read: {_line(error)}; `asv run` writes it") from error
    return {name: benchmark for name, benchmark in found.items() if isinstance(benchmark, dict)}


def _folder(results: Path, machine: str | None, left_out: list[str]) -> Path:
    """Return the folder of the machine, and add the others to what is left out."""
    found: dict[str, Path] = {}
    for path in sorted(results.glob("*/machine.json")):
        try:
            found[str(load_json(str(path), Machine.api_version)["machine"])] = path.parent
        except UNREADABLE as error:
            left_out.append(f"{path.parent.name}: machine.json cannot be read: {_line(error)}")
    if not found or (machine and machine not in found):
        raise NoHistory(f"{results}: no results of {machine or 'any machine'}" + "".join(f"\n{x}" for x in left_out))
    chosen = machine or max(found, key=lambda name: len(list(found[name].glob("*.json"))))
    left_out += [f"{name}: another machine, --machine {name} shows it" for name in found if name != chosen]
    return found[chosen]


def _stored(folder: Path, commits: Sequence[str], left_out: list[str]) -> Iterator[Any]:
    """Yield the results that can be read and belong to the branch; add the others to what is left out."""
    known = set(commits)
    for path in sorted(folder.glob("*.json")):
        if path.name == "machine.json":
            continue
        try:
            one = Results.load(str(path), machine_name=folder.name)
        except UNREADABLE as error:
            left_out.append(f"{path.name}: cannot be read: {_line(error)}")
            continue
        if one.commit_hash in known:
            yield one
        else:
            left_out.append(f"{path.name}: its commit is not on this branch")


def _incomparable(stored: Sequence[Any], benchmarks: Mapping[str, Json]) -> list[str]:
    """Return benchmarks that are gone, and those whose older results asv does not compare with newer ones."""
    counts = Counter(
        (name, name in benchmarks)
        for one in stored
        for name in set(one.get_all_result_keys()) - one.get_result_keys(benchmarks)
    )
    return [
        f"{name}: results of {count} commits are of older code" if there else f"{name}: gone, no longer a benchmark"
        for (name, there), count in sorted(counts.items())
    ]


def _graphs(
    stored: Iterable[Any], measured: Sequence[str], benchmarks: Mapping[str, Json], left_out: list[str]
) -> dict[Any, Gathered]:
    """Gather values by benchmark and environment; add what is not a list of numbers to what is left out."""
    found: dict[Any, Gathered] = {}
    for one in stored:
        place = measured.index(one.commit_hash)
        for name in sorted(one.get_result_keys(benchmarks)):
            params, key = benchmarks[name]["params"], (name, one.env_name)
            mine = found.setdefault(key, Gathered(Graph(name, {}), str(one.params.get("python", ""))))
            mine.last = place
            try:
                weights = [_stats.get_weight(stats) for stats in one.get_result_stats(name, params)]
                values = [_finite(value) for value in one.get_result_value(name, params)]
                mine.graph.add_data_point(place, values, weights)
            except UNREADABLE as error:
                left_out.append(f"{name} on {one.commit_hash[:8]}: cannot be read: {_line(error)}")
    return found


def _finite(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _series(mine: Gathered, benchmark: Json, measured: Sequence[str], threshold: float) -> Iterator[Json]:
    """Split the gathered values into one series per set of parameters."""
    data, unit = mine.graph.get_data(), str(benchmark.get("unit", ""))
    better = "higher" if unit in HIGHER_IS_BETTER else "lower"
    labels = [", ".join(value.strip("'\"") for value in values) for values in itertools.product(*benchmark["params"])]
    for column, (label, steps) in enumerate(zip(labels, mine.graph.get_steps(), strict=True)):
        points = [[place, values[column]] for place, values, _ in data if values[column] is not None]
        reason = _why_not([place for place, _ in points], mine.last, measured)
        yield {
            "benchmark": mine.graph.benchmark_name,
            "parameters": label,
            "python": mine.python,
            "unit": unit,
            "better": better,
            "points": points,
            "steps": [[left, right, value] for left, right, value, *_ in steps],
            "verdict": "no verdict" if reason else direction(steps, better, threshold),
            "reason": reason,
        }


def _why_not(places: Sequence[int], last: int, measured: Sequence[str]) -> str:
    """Return why a series has no verdict; an empty text if it has one."""
    if last < len(measured) - 1:
        return f"not run on {measured[-1][:8]}, the newest commit"
    if not places or places[-1] < last:
        return f"no number on {measured[last][:8]}: it fails or is skipped"
    return "new, there is nothing to compare with" if len(places) == 1 else ""


def direction(steps: Sequence[Any], better: str, threshold: float) -> str:
    """Return whether a series got ``worse`` and stayed so, ended ``better`` than it began, or is the ``same``.

    Parameters
    ----------
    steps
        As asv detects them: left, right, value, least value, error.
    better
        ``lower`` or ``higher``.
    threshold
        As in `read`.
    """
    if better == "higher":  # asv knows only costs
        steps = [(left, right, 1 / value, 1 / value, error / value**2) for left, right, value, _, error in steps]
    if detect_regressions(steps, threshold)[0] is not None:
        return "worse"
    return "better" if steps[-1][2] < (1 - threshold) * steps[0][2] else "same"


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)

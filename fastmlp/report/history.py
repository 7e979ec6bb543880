"""How benchmarks went from commit to commit, as `python -m bench history` wrote it: read from beside the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct, convert

from .beside import read_beside

__all__ = ["read_history", "series_table", "tell"]

Json = dict[str, Any]

KERNELS = ("bench_kernels.Kernel.time_", "bench_kernels.Share.", "bench_compile.")  # what the book tells of
KINDS = {"seconds": "seconds", "bytes": "count", "instructions": "count"}  # how values of a unit are shown
VERDICTS = ("worse", "better", "same", "no verdict")
SHOWN = 12  # panels of a figure; the table has all


class Commit(Struct):
    """A commit that was measured."""

    hash: str
    date: str


class Series(Struct):
    """One benchmark with one set of parameters: points (commit, value) and steps (from, to, value)."""

    benchmark: str
    parameters: str
    python: str
    unit: str
    better: str
    points: list[tuple[int, float]]
    steps: list[tuple[int, int, float]]
    verdict: str
    reason: str


class History(Struct):
    """What ``history.json`` holds."""

    machine: str
    cpu: str
    threshold: float
    commits: list[Commit]
    series: list[Series]
    left_out: list[str]


def read_history(folder: Path) -> Json | None:
    """What ``history.json`` in a study's folder says of the kernels, or None where there is none that can be read."""
    found = read_beside(folder / "history.json", lambda data: tell(data, KERNELS))
    return found if found and found["groups"] else None


def tell(data: Any, beginnings: tuple[str, ...] = ("",)) -> Json:
    """Arrange what ``history.json`` holds for telling.

    Parameters
    ----------
    data
        As `json.loads` returns it.
    beginnings
        Benchmarks whose names do not begin so are left out.

    Returns
    -------
    dict
        `machine`, `cpu`; `threshold`, below which a change is none; `commits`, with `hash` and `date`; `groups`, one
        for each benchmark and interpreter, with its `series`; `counts` of verdicts; `without`, the series that have
        none; `left_out`, a line each.

    Raises
    ------
    msgspec.ValidationError
        When it has another shape.
    ValueError
        When a value is of no commit.
    """
    history = convert(data, History)
    commits = [{"hash": one.hash, "date": one.date} for one in history.commits]
    series = [_series(one, commits) for one in history.series if one.benchmark.startswith(beginnings)]
    several = len({one["python"] for one in series}) > 1
    groups = [
        _group(name, python if several else "", list(members), commits)
        for (name, python), members in groupby(
            sorted(series, key=lambda one: (one["benchmark"], one["python"])),
            key=lambda one: (one["benchmark"], one["python"]),
        )
    ]
    return {
        "machine": history.machine,
        "cpu": history.cpu,
        "threshold": history.threshold,
        "commits": commits,
        "groups": groups,
        "counts": {word: sum(one["verdict"] == word for one in series) for word in VERDICTS},
        "without": _without([one for one in series if one["reason"]]),
        "left_out": history.left_out,
    }


def _series(one: Series, commits: Sequence[Json]) -> Json:
    points, steps = one.points, one.steps
    if any(not 0 <= place < len(commits) for place, _ in [*points, *((left, 0) for left, *_ in steps)]):
        raise ValueError("a value of no commit")
    return {
        "benchmark": one.benchmark,
        "parameters": one.parameters,
        "name": one.parameters or one.benchmark.rpartition(".")[2],
        "python": one.python,
        "unit": one.unit,
        "better": one.better,
        "points": points,
        "steps": steps,
        "verdict": one.verdict,
        "reason": one.reason,
        "jumps": [
            {"hash": commits[after[0]]["hash"], "change": _change(before[2], after[2])}
            for before, after in pairwise(steps)
        ],
        "change": _change(steps[0][2], steps[-1][2]) if steps else None,
        "latest": points[-1][1] if points else None,
    }


def _without(series: Sequence[Json]) -> list[Json]:
    """Series without a verdict, those of one benchmark and reason together."""
    names: dict[tuple[str, str], list[str]] = {}
    for one in series:
        those = names.setdefault((one["benchmark"], one["reason"]), [])
        those += [one["name"]] if one["parameters"] else []
    return [{"benchmark": name, "reason": reason, "names": those} for (name, reason), those in names.items()]


def _change(before: float, after: float) -> float | None:
    return after / before - 1 if before else None


def _group(name: str, python: str, members: list[Json], commits: Sequence[Json]) -> Json:
    drawn = [one for one in members if len(one["points"]) > 1]
    return {
        "name": name,
        "title": ".".join(name.split(".")[-2:]),
        "python": python,
        "unit": members[0]["unit"],
        "better": members[0]["better"],
        "series": members,
        "figure": {"series": drawn[:SHOWN], "commits": list(commits), "kind": kind_of(members[0]["unit"])},
    }


def kind_of(unit: str) -> str:
    """How a value of a unit is shown."""
    return KINDS.get(unit, "number")


def series_table(group: Mapping[str, Any]) -> Json:
    """A row for each series of a benchmark."""
    kind = kind_of(group["unit"])
    heads = (("benchmark", False), ("verdict", False), ("newest", True), ("change, %", True), ("steps", False))
    return {
        "columns": [{"head": {"kind": "text", "value": text}, "number": number} for text, number in heads],
        "rows": [
            [
                {"kind": "text", "value": one["name"]},
                _verdict(one),
                {"kind": kind, "value": one["latest"]},
                {"kind": "points", "value": one["change"]},
                {"kind": "jumps", "value": one["jumps"]},
            ]
            for one in group["series"]
        ],
    }


def _verdict(one: Mapping[str, Any]) -> Json:
    if one["reason"]:
        return {"kind": "text", "value": f"no verdict: {one['reason']}"}
    return {"kind": "verdict", "value": {"verdict": one["verdict"], "reason": ""}}

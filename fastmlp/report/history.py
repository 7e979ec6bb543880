"""How benchmarks went from commit to commit, as `python -m bench history` wrote it, for its page and for the book."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TypedDict

from msgspec import Struct, convert

from .table import Cell, Table, cell, head

__all__ = ["Group", "History", "arrange_history", "history"]

KINDS = {"seconds": "seconds", "bytes": "count", "instructions": "count"}  # how values of a unit are shown
VERDICTS = ("worse", "better", "same", "no verdict")
SHOWN = 12  # panels of a figure; the table has all


class CommitEntry(Struct):
    """A commit that was measured."""

    hash: str
    date: str


class SeriesEntry(Struct):
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


class HistoryFile(Struct):
    """What ``history.json`` holds."""

    machine: str
    cpu: str
    threshold: float
    commits: list[CommitEntry]
    series: list[SeriesEntry]
    left_out: list[str]


class Commit(TypedDict):
    """A commit that was measured."""

    hash: str
    date: str


class Jump(TypedDict):
    """The commit at which a series changed, and by how much: 0.1 is a tenth more."""

    hash: str
    change: float | None


class Series(TypedDict):
    """One benchmark with one set of parameters, with its jumps, its change from first to last, its newest value."""

    benchmark: str
    parameters: str
    name: str
    python: str
    unit: str
    better: str
    points: list[tuple[int, float]]
    steps: list[tuple[int, int, float]]
    verdict: str
    reason: str
    jumps: list[Jump]
    change: float | None
    latest: float | None


class Drawn(TypedDict):
    """What the figure of a benchmark is drawn from."""

    series: list[Series]
    commits: list[Commit]
    kind: str


class Group(TypedDict):
    """One benchmark with one interpreter."""

    name: str
    title: str
    python: str
    unit: str
    better: str
    series: list[Series]
    figure: Drawn


class Without(TypedDict):
    """Series of one benchmark that have no verdict, and why."""

    benchmark: str
    reason: str
    names: list[str]


class History(TypedDict):
    """A history, arranged for display; a change below the threshold does not count."""

    machine: str
    cpu: str
    threshold: float
    commits: list[Commit]
    groups: list[Group]
    counts: dict[str, int]
    without: list[Without]
    left_out: list[str]


def arrange_history(data: object, beginnings: tuple[str, ...] = ("",)) -> History:
    """Return what ``history.json`` holds, arranged for display.

    Parameters
    ----------
    data
        As `json.loads` returns it.
    beginnings
        Benchmarks whose names do not begin so are left out.

    Raises
    ------
    msgspec.ValidationError
        When it has another shape.
    ValueError
        When a value is of no commit.
    """
    history = convert(data, HistoryFile)
    commits: list[Commit] = [{"hash": one.hash, "date": one.date} for one in history.commits]
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


def _series(one: SeriesEntry, commits: Sequence[Commit]) -> Series:
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


def _without(series: Sequence[Series]) -> list[Without]:
    """Series without a verdict, those of one benchmark and reason together."""
    names: dict[tuple[str, str], list[str]] = {}
    for one in series:
        those = names.setdefault((one["benchmark"], one["reason"]), [])
        those += [one["name"]] if one["parameters"] else []
    return [{"benchmark": name, "reason": reason, "names": those} for (name, reason), those in names.items()]


def _change(before: float, after: float) -> float | None:
    return after / before - 1 if before else None


def _group(name: str, python: str, members: list[Series], commits: Sequence[Commit]) -> Group:
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


def history(group: Group) -> Table:
    """Return a row for each series of a benchmark."""
    kind = kind_of(group["unit"])
    heads = (("benchmark", False), ("verdict", False), ("newest", True), ("change, %", True), ("steps", False))
    return {
        "columns": [head(text, number=number) for text, number in heads],
        "rows": [
            [
                cell("text", one["name"]),
                _verdict(one),
                cell(kind, one["latest"]),
                cell("points", one["change"]),
                cell("jumps", one["jumps"]),
            ]
            for one in group["series"]
        ],
    }


def _verdict(one: Series) -> Cell:
    if one["reason"]:
        return cell("text", f"no verdict: {one['reason']}")
    return cell("verdict", {"verdict": one["verdict"], "reason": ""})

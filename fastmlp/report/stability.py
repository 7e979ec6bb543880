"""Trainings that finished and cannot be trusted, and cells where more labels gave less accuracy.

No trial is left out of a mean for it: that would favour the strategy that fails. But nothing is concluded from a
comparison one side of which is unstable often, whichever side that is; see `pairs.Pairs`. Losses on the labelled
examples say what is unstable, and never the held-out data.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress, pairwise, product
from statistics import fmean
from typing import Any, NamedTuple, TypedDict

from ..stats import FAR, is_unstable, paired_family
from .grid import Grid, Row, accuracy, firsts, paired, trial_of

__all__ = ["OFTEN", "Fall", "Place", "Stability", "UnstableCell", "stability", "unsteady"]

Place = tuple[str, str, int]  # a problem, a strategy and a number of labels

OFTEN = 0.1  # of the trainings of a strategy in a cell: with more of them unstable, nothing is concluded from it


class UnstableCell(TypedDict):
    """A cell with trainings that ended far above their lowest loss: how many, and how accurate these and others are.

    `last_batch` has the examples in the last batch of an epoch, out of `batch` in the others.
    """

    problem: str
    strategy: str
    n_target: int
    last_batch: int
    batch: int
    unstable: int
    ok: int
    accuracy: float | None
    accuracy_of_others: float | None


class Fall(TypedDict):
    """A strategy that is worse with more labels: the difference is more labels minus fewer, see `stats.Difference`."""

    problem: str
    strategy: str
    fewer: int
    n_target: int
    last_batch: int
    batch: int
    unstable: int
    planned: int
    n: int
    mean: float | None
    low: float | None
    high: float | None


class Stability(TypedDict):
    """How many of the finished trainings with losses ended far above the lowest one, and where accuracy falls.

    `far` is the share of the loss of guessing that is far, `often` the share of a strategy's trainings in a cell above
    which nothing is concluded from it. `trained` and `unstable` count a training once that has several names;
    `by_strategy` counts it under each. `compared` are the steps from one number of labels to the next that were tested
    together.
    """

    far: float
    often: float
    trained: int
    unstable: int
    by_strategy: dict[str, int]
    cells: list[UnstableCell]
    compared: int
    falls: list[Fall]


class _Judged(NamedTuple):
    """The cells with unstable trainings, and how many trainings there are, those of several names once."""

    cells: dict[Place, UnstableCell]
    trained: int
    unstable: int


def stability(grid: Grid, settings: Mapping[str, Any], classes: Callable[[str], int], margin: float) -> Stability:
    """Judge all trials that finished.

    Parameters
    ----------
    grid
        The records.
    settings
        The study's.
    classes
        Returns how many classes the target of a problem has.
    margin
        The smallest difference of accuracy that matters.
    """
    size = int(settings["training"]["batch_size"])
    n_classes = {problem: classes(problem) for problem in grid.problems}
    # What is one trial has one number of labels, so hashes are held of the trials of one number at a time
    judged = [_judge(grid, n, size, n_classes) for n in grid.sizes]
    by_place = {place: cell for found in judged for place, cell in found.cells.items()}
    places = product(grid.problems, grid.strategies, grid.sizes)
    cells = [by_place[place] for place in places if place in by_place]
    compared, falls = _falls(grid, size, margin, {place: cell["unstable"] for place, cell in by_place.items()})
    return {
        "far": FAR,
        "often": OFTEN,
        "trained": sum(found.trained for found in judged),
        "unstable": sum(found.unstable for found in judged),
        "by_strategy": {s: sum(c["unstable"] for c in cells if c["strategy"] == s) for s in grid.strategies},
        "cells": cells,
        "compared": compared,
        "falls": falls,
    }


def _judge(grid: Grid, n: int, size: int, n_classes: Mapping[str, int]) -> _Judged:
    """Judge the trials with one number of labels."""
    cells, trials, judged = dict[Place, UnstableCell](), array("q"), bytearray()
    for problem, strategy in product(grid.problems, grid.strategies):
        rows = [row for row in grid.ok(problem, strategy, n).values() if row.get("losses")]
        verdicts = [is_unstable(row["losses"], n_classes[problem]) for row in rows]
        trials.extend(hash(trial_of(row)) for row in rows)
        judged.extend(verdicts)
        if any(verdicts):
            cells[problem, strategy, n] = _cell(problem, strategy, n, size, rows, verdicts)
    distinct = firsts(trials, len(trials))
    return _Judged(cells, int(distinct.sum()), sum(compress(judged, distinct)))


def unsteady(found: Stability) -> frozenset[Place]:
    """Return where more than `OFTEN` of a strategy's finished trainings are unstable."""
    often = (c for c in found["cells"] if c["unstable"] > OFTEN * c["ok"])
    return frozenset((c["problem"], c["strategy"], c["n_target"]) for c in often)


def _cell(problem: str, strategy: str, n: int, size: int, rows: list[Row], verdicts: list[bool]) -> UnstableCell:
    return {
        "problem": problem,
        "strategy": strategy,
        "n_target": n,
        **_batches(n, size),
        "unstable": sum(verdicts),
        "ok": len(rows),
        "accuracy": _mean_accuracy(compress(rows, verdicts)),
        "accuracy_of_others": _mean_accuracy(row for row, unstable in zip(rows, verdicts, strict=True) if not unstable),
    }


def _mean_accuracy(rows: Iterable[Row]) -> float | None:
    found = [value for value in map(accuracy, rows) if value is not None]
    return fmean(found) if found else None


def _falls(grid: Grid, size: int, margin: float, unstable: Mapping[Place, int]) -> tuple[int, list[Fall]]:
    """Compare each number of labels with the one before, all strategies and problems corrected together."""
    steps = list(_steps(grid))
    found = paired_family(
        (paired(grid.ok(p, s, more), grid.ok(p, s, fewer)) for p, s, fewer, more in steps), margin=margin
    )
    falls: list[Fall] = [
        {
            "problem": p,
            "strategy": s,
            "fewer": fewer,
            "n_target": more,
            **_batches(more, size),
            "unstable": unstable.get((p, s, more), 0),
            "planned": len(grid.seeds),
            "n": d.n,
            "mean": d.mean,
            "low": d.low,
            "high": d.high,
        }
        for (p, s, fewer, more), d in zip(steps, found, strict=True)
        if d.verdict == "worse"
    ]
    return sum(d.p_different is not None for d in found), falls


def _steps(grid: Grid) -> Iterator[tuple[str, str, int, int]]:
    for problem in grid.problems:
        for strategy in grid.strategies:
            for fewer, more in pairwise(grid.sizes):
                yield problem, strategy, fewer, more


class _Batches(TypedDict):
    last_batch: int
    batch: int


def _batches(n: int, size: int) -> _Batches:
    """Return the examples in the last batch of an epoch and in the others."""
    full = min(n, size)
    return {"last_batch": n % full or full, "batch": full}

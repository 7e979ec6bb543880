"""What it is worth to follow the advice of `fastmlp.advise`, as ``python -m bench.advice`` wrote it."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict, get_args

import numpy as np
from msgspec import Meta, Struct, convert
from numpy.typing import NDArray

from .... import stats
from ...grid import BASELINE, PLAIN
from ...optional import read_optional
from ...study import Study
from .regret import AdviceRegret, regret_of

__all__ = ["Gain", "Way", "Worth", "worth"]

Array = NDArray[np.float64]
Share = Annotated[float, Meta(ge=0, le=1)]

FILE = "advice.json"
ALWAYS = (BASELINE, "frozen", "finetune", PLAIN)
FOLLOWED = "what advise says"


class Cell(Struct):
    """One task with a number of labels: accuracies by strategy, and what was advised, by seed; None if it diverged."""

    task: str
    n: int
    accuracy: dict[str, list[Share | None]]
    advised: list[str | None]


class AdviceFile(Struct):
    """What is used of the file."""

    cpu: str
    seeds: Annotated[int, Meta(ge=2)]
    strategies: Annotated[list[str], Meta(min_length=2)]
    cells: Annotated[list[Cell], Meta(min_length=1)]


class Gain(TypedDict):
    """Accuracy of following the advice minus that of another way, over tasks, and its verdict."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str
    reason: Literal["no data", "one seed", "no spread"] | None


class Way(AdviceRegret):
    """A way of choosing: its regret over seeds, and what the advice gains over it; None for the advice itself."""

    gain: Gain | None


class Worth(TypedDict):
    """What was measured: on how many tasks, cells and seeds, with which numbers of labels, and each way of choosing.

    `verdicts` has the other ways by what the advice is beside them: better, worse, tied or undecided.
    """

    cpu: str
    tasks: int
    cells: int
    seeds: int
    sizes: list[int]
    ways: list[Way]
    verdicts: dict[str, list[str]]


def worth(study: Study) -> Worth | None:
    """Return what the file beside the study says; None where there is none, or it has another shape."""
    if study.folder is None:
        return None
    return read_optional(study.folder / FILE, lambda data: arrange(data, study.margin))


def arrange(data: object, margin: float) -> Worth:
    """Return what the file says, for telling; `margin` is the smallest difference that matters.

    Raises
    ------
    msgspec.ValidationError, ValueError
        When it has another shape.
    """
    file = convert(data, AdviceFile)
    names = file.strategies
    x = np.array([[cell.accuracy.get(s, []) for s in names] for cell in file.cells], np.float64)
    followed = np.array([[-1 if s is None else names.index(s) for s in cell.advised] for cell in file.cells])
    # (cells, strategies, seeds) and (cells, seeds)
    if x.shape != (len(file.cells), len(names), file.seeds) or followed.shape != (len(file.cells), file.seeds):
        raise ValueError("a cell has not every strategy on every seed")
    x[np.broadcast_to(followed[:, None] < 0, x.shape)] = np.nan  # where no advice was given, there is none to compare
    tasks = list(dict.fromkeys(cell.task for cell in file.cells))
    of_task = np.array([[cell.task == task for cell in file.cells] for task in tasks])
    choices = {FOLLOWED: followed} | {f"always {s}": stats.always(names.index(s), len(x)) for s in ALWAYS if s in names}
    taken = {name: _taken(x, choice) for name, choice in choices.items()}
    others = [name for name in choices if name != FOLLOWED]
    pairs = (_by_task(taken[FOLLOWED], taken[name], of_task) for name in others)
    gain_of = dict(zip(others, map(_gain, stats.paired_family(pairs, margin=margin)), strict=True))
    ways: list[Way] = [
        {"advice": name, "oracle": False, **regret_of(stats.regret(x, choice)), "gain": gain_of.get(name)}
        for name, choice in choices.items()
    ]
    return {
        "cpu": file.cpu,
        "tasks": len(tasks),
        "cells": int((~np.isnan(taken[FOLLOWED])).any(axis=1).sum()),
        "seeds": file.seeds,
        "sizes": sorted({cell.n for cell in file.cells}),
        "ways": ways,
        "verdicts": {v: [name for name in others if gain_of[name]["verdict"] == v] for v in get_args(stats.Verdict)},
    }


def _taken(x: Array, choice: NDArray[np.int64]) -> Array:
    """Return the accuracy of a choice, (cells, seeds)."""
    chosen = choice if choice.ndim == 2 else np.repeat(choice[:, None], x.shape[2], axis=1)
    return np.take_along_axis(x, chosen[:, None], axis=1)[:, 0]


def _by_task(one: Array, other: Array, of_task: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the means of two choices on each task, (tasks,), over the cells and seeds that both have."""
    both = of_task[:, :, None] & ~np.isnan(one + other)  # (tasks, cells, seeds)
    there = both.any(axis=(1, 2))
    means = (np.where(both, x, 0).sum(axis=(1, 2)) / np.maximum(both.sum(axis=(1, 2)), 1) for x in (one, other))
    first, second = (np.where(there, mean, np.nan) for mean in means)
    return first, second


def _gain(d: stats.Difference) -> Gain:
    return {"mean": d.mean, "low": d.low, "high": d.high, "n": d.n, "verdict": d.verdict, "reason": d.reason}

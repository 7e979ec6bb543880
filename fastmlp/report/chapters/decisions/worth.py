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
    tasks = list(dict.fromkeys(cell.task for cell in file.cells))
    places = np.array([tasks.index(cell.task) for cell in file.cells])
    choices = {FOLLOWED: followed} | {f"always {s}": stats.always(names.index(s), len(x)) for s in ALWAYS if s in names}
    by_task = {name: _by_task(x, choice, places) for name, choice in choices.items()}
    others = [name for name in choices if name != FOLLOWED]
    gains = stats.paired_family([(by_task[FOLLOWED], by_task[name]) for name in others], margin=margin)
    gain_of = {name: _gain(gain) for name, gain in zip(others, gains, strict=True)}
    found = {name: stats.regret(x, choice) for name, choice in choices.items()}
    ways: list[Way] = [
        {"advice": name, "oracle": False, **regret_of(regret), "gain": gain_of.get(name)}
        for name, regret in found.items()
    ]
    return {
        "cpu": file.cpu,
        "tasks": len(tasks),
        "cells": len(file.cells),
        "seeds": file.seeds,
        "sizes": sorted({cell.n for cell in file.cells}),
        "ways": ways,
        "verdicts": {v: [name for name in others if gain_of[name]["verdict"] == v] for v in get_args(stats.Verdict)},
    }


def _by_task(x: Array, choice: NDArray[np.int64], places: NDArray[np.int64]) -> Array:
    """Return the mean accuracy of a choice on each task, over its numbers of labels and seeds, (tasks,)."""
    chosen = choice if choice.ndim == 2 else np.repeat(choice[:, None], x.shape[2], axis=1)
    taken = np.where(chosen < 0, np.nan, np.take_along_axis(x, chosen[:, None], axis=1)[:, 0])  # (cells, seeds)
    return np.array([np.nanmean(taken[places == place]) for place in range(places.max() + 1)])


def _gain(d: stats.Difference) -> Gain:
    return {"mean": d.mean, "low": d.low, "high": d.high, "n": d.n, "verdict": d.verdict, "reason": d.reason}

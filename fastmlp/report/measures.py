"""Means and medians over the seeds of a cell, losses by epoch, and what pretrainings measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Literal, TypedDict

import numpy as np

from ..measures import MEASURES
from ..stats import mean_interval, normalised_score
from .grid import Grid, Row, number

__all__ = [
    "CellMeasures",
    "Curve",
    "Mean",
    "Pretraining",
    "Similarity",
    "TrainingCurve",
    "cell_measures",
    "curve",
    "mean_of",
    "median_of",
    "pretraining",
    "training_curves",
]


class Mean(TypedDict):
    """A mean over seeds with its 95 % interval, or None and the `reason`: see `stats.Mean`."""

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    reason: Literal["no data", "one seed", "no spread"] | None
    dropped: int


class CellMeasures(TypedDict):
    """One strategy in one cell: how many trials ended how, means over seeds of its measures, and medians.

    `held_out` has those of `fastmlp.measures.MEASURES` that have a head, accuracy among them, and those of the
    study's own.
    """

    n_target: int
    ok: int
    diverged: int
    failed: int
    missing: int
    accuracy: Mean
    held_out: dict[str, Mean]
    train_accuracy: Mean
    final_loss: Mean
    train_seconds: float | None
    steps: float | None
    parameters_trained: float | None


class Curve(TypedDict):
    """Median and range over n seeds, epoch by epoch."""

    n: int
    epochs: list[int]
    median: list[float]
    low: list[float]
    high: list[float]


class TrainingCurve(Curve):
    """The losses of one strategy with one number of labels."""

    strategy: str
    n_target: int


class Similarity(Mean):
    """The similarity of a problem, and the `case` that chooses the sentence about it."""

    case: Literal["itself", "not measured", "not estimable", "negative", "none", "partial", "full"]


class Pretraining(TypedDict):
    """The pretrainings that the trials of a problem started from, one a seed.

    `similarity` is how well features fit the target; `distance` is between the inputs of both, whatever was learned,
    with the most labels that it was measured with.
    """

    n: int
    curve: Curve | None
    source_accuracy: Mean
    seconds: float | None
    h_score_random: Mean
    h_score: Mean
    h_score_target: Mean
    similarity: Similarity
    distance: Mean


def mean_of(values: Sequence[float | None]) -> Mean:
    """Return the mean of what was measured, with its interval."""
    m = mean_interval([v for v in values if v is not None])
    return {
        "n": m.n,
        "mean": m.mean,
        "sd": m.sd,
        "low": m.low,
        "high": m.high,
        "reason": m.reason,
        "dropped": m.dropped,
    }


def median_of(rows: Sequence[Row], column: str) -> float | None:
    """Return the median of a column, or None where no row has it."""
    values = [value for row in rows if (value := number(row, column)) is not None]
    return median(values) if values else None


def cell_measures(grid: Grid, problem: str, strategy: str, n: int) -> CellMeasures:
    """Return what a cell measured, over the seeds that finished."""
    rows = list(grid.ok(problem, strategy, n).values())
    counts = grid.counts(problem, strategy, n)
    headed = (name for name, measure in MEASURES.items() if measure.head)

    def mean(column: str) -> Mean:
        return mean_of([number(row, column) for row in rows])

    return {
        "n_target": n,
        "ok": counts["ok"],
        "diverged": counts["diverged"],
        "failed": counts["failed"],
        "missing": counts["missing"],
        "accuracy": mean("accuracy"),
        "held_out": {name: mean(name) for name in (*headed, *grid.own_measures)},
        "train_accuracy": mean("train_accuracy"),
        "final_loss": mean("final_loss"),
        "train_seconds": median_of(rows, "train_seconds"),
        "steps": median_of(rows, "steps"),
        "parameters_trained": median_of(rows, "parameters_trained"),
    }


def curve(losses: Iterable[Any]) -> Curve | None:
    """Return the median and range of losses over seeds, or None where no seed has them."""
    runs = [np.array(run, np.float64) for run in losses if run and all(isinstance(x, int | float) for x in run)]
    if not runs:
        return None
    epochs = min(map(len, runs))  # seeds of one cell train equally long
    values = np.array([run[:epochs] for run in runs])
    return {
        "n": len(runs),
        "epochs": list(range(1, epochs + 1)),
        "median": np.median(values, axis=0).tolist(),
        "low": values.min(axis=0).tolist(),
        "high": values.max(axis=0).tolist(),
    }


def training_curves(grid: Grid, problem: str) -> list[TrainingCurve]:
    """Return the losses of the contestants that are trained by epochs, by size and strategy; sizes rise."""
    return [
        {**losses, "strategy": s, "n_target": n}
        for n in grid.sizes
        for s in grid.contestants
        if (losses := curve(row.get("losses") for row in grid.ok(problem, s, n).values()))
    ]


def pretraining(grid: Grid, problem: str, *, probe: bool = True) -> Pretraining:
    """Return what the pretrainings of a problem measured; without a probe set, that is no similarity."""
    by_seed: dict[int, Row] = {}
    for row in grid.trials.rows(problem):
        if any(number(row, measured) is not None for measured in ("source_accuracy", "h_score")):
            by_seed.setdefault(row["seed"], row)
    rows = [by_seed[seed] for seed in sorted(by_seed)]

    def mean(column: str) -> Mean:
        return mean_of([number(row, column) for row in rows])

    return {
        "n": len(rows),
        "curve": curve(row.get("pretrain_losses") for row in rows),
        "source_accuracy": mean("source_accuracy"),
        "seconds": median_of(rows, "pretrain_seconds"),
        "h_score_random": mean("h_score_random"),
        "h_score": mean("h_score"),
        "h_score_target": mean("h_score_target"),
        "similarity": _similarity(rows, probe=probe),
        "distance": _distance(grid.trials.rows(problem)),
    }


def _distance(rows: Iterable[Row]) -> Mean:
    """Return the distance between the inputs of source and target with the most labels, over seeds."""
    by_size: dict[int, dict[int, float]] = {}
    for row in rows:
        if (distance := number(row, "domain_distance")) is not None:
            by_size.setdefault(row["n_target"], {})[row["seed"]] = distance
    return mean_of(list(by_size[max(by_size)].values()) if by_size else [])


def _similarity(rows: Sequence[Row], *, probe: bool) -> Similarity:
    """Place the H-score of the pretrained features between that of random ones, 0, and of the target task's own, 1."""
    scores = ("h_score_random", "h_score", "h_score_target")
    similarity = mean_of([normalised_score(*(number(row, column) for column in scores)) for row in rows])
    return {**similarity, "case": _case(similarity) if probe else "not measured"}


def _case(
    similarity: Mean,
) -> Literal["itself", "not estimable", "negative", "none", "partial", "full"]:
    low, high = similarity["low"], similarity["high"]
    if similarity["reason"] == "no spread" and similarity["mean"] == 1:
        return "itself"
    if low is None or high is None:
        return "not estimable"
    if high < 0:
        return "negative"
    if low <= 0:
        return "none"
    return "partial" if high < 1 else "full"

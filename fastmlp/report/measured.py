"""What trials and pretrainings measured: means and medians over seeds, losses by epoch, similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from ..stats import mean_interval, normalised_score
from .grid import Grid, Row, number

__all__ = ["measures", "pretraining", "training_curves"]

Json = dict[str, Any]

MEASURES = ("accuracy", "macro_f1", "log_loss", "auc", "ece", "train_accuracy", "final_loss")
H_SCORES = ("h_score_random", "h_score", "h_score_target")


def measures(grid: Grid, problem: str, strategy: str, n: int) -> Json:
    """One cell: counts, and each measure's mean over the seeds that finished."""
    rows = list(grid.ok(problem, strategy, n).values())
    return {
        "n_target": n,
        **grid.counts(problem, strategy, n),
        **{column: _mean(rows, column) for column in MEASURES},
        "train_seconds": _median(rows, "train_seconds"),
        "steps": _median(rows, "steps"),
        "parameters_trained": _median(rows, "parameters_trained"),
    }


def _mean(rows: Sequence[Row], column: str) -> Json:
    return asdict(mean_interval(_numbers(rows, column)))


def _median(rows: Sequence[Row], column: str) -> float | None:
    values = _numbers(rows, column)
    return median(values) if values else None


def _numbers(rows: Sequence[Row], column: str) -> list[float]:
    return [value for row in rows if (value := number(row, column)) is not None]


def training_curves(grid: Grid, problem: str) -> list[Json]:
    """Loss by epoch of what is trained by epochs, at the smallest and the largest size that finished."""
    curves = [
        {"strategy": s, "n_target": n, **curve}
        for n in grid.sizes
        for s in grid.contestants
        if (curve := _curve([row.get("losses") for row in grid.ok(problem, s, n).values()]))
    ]
    sizes = sorted({c["n_target"] for c in curves})
    return [c for c in curves if c["n_target"] in {*sizes[:1], *sizes[-1:]}]


def _curve(losses: Sequence[Any]) -> Json | None:
    """Median and range over seeds, epoch by epoch, or None where no seed has a curve."""
    runs = [run for run in losses if run and all(isinstance(x, int | float) for x in run)]
    if not runs:
        return None
    epochs = list(zip(*runs, strict=False))  # seeds of one cell train equally long
    return {
        "n": len(runs),
        "epochs": list(range(1, len(epochs) + 1)),
        "median": [float(median(values)) for values in epochs],
        "low": [float(min(values)) for values in epochs],
        "high": [float(max(values)) for values in epochs],
    }


def pretraining(grid: Grid, problem: str) -> Json:
    """The pretrainings the trials started from, one a seed, and the similarity they measure."""
    by_seed: dict[int, Row] = {}
    for row in grid.trials.rows(problem):
        if number(row, "source_accuracy") is not None:
            by_seed.setdefault(row["seed"], row)
    rows = [by_seed[seed] for seed in sorted(by_seed)]
    return {
        "n": len(rows),
        "curve": _curve([row.get("pretrain_losses") for row in rows]),
        "source_accuracy": _mean(rows, "source_accuracy"),
        "seconds": _median(rows, "pretrain_seconds"),
        **{column: _mean(rows, column) for column in H_SCORES},
        "similarity": _similarity(rows),
    }


def _similarity(rows: Sequence[Row]) -> Json:
    """Where the pretrained features stand between random ones and the target task's own, and what that is called."""
    similarity = mean_interval(_similarities(rows))
    low, high = similarity.low, similarity.high
    if similarity.reason == "no spread" and similarity.mean == 1:
        case = "itself"
    elif low is None or high is None:
        case = "not estimable"
    elif high < 0:
        case = "negative"
    elif low <= 0:
        case = "none"
    else:
        case = "partial" if high < 1 else "full"
    return {**asdict(similarity), "case": case}


def _similarities(rows: Sequence[Row]) -> list[float]:
    """H-score of the pretrained features by seed: 0 is random weights, 1 is pretraining on the target task itself."""
    places = (normalised_score(*(number(row, column) for column in H_SCORES)) for row in rows)
    return [place for place in places if place is not None]

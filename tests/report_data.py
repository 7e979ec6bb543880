"""Made-up studies: records with the means one asks for, so that the words about them can be checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastmlp.report.study import Study
from fastmlp.report.summary import summarise
from fastmlp.report.table import cell, head

LAB = ("baseline", "baseline-source-scaler", "scratch", "scratch-source-scaler", "frozen", "finetune")
SIZES = (20, 50, 100, 200, 500)

# Mean held-out accuracies of the lab's protocol in another implementation.
LAB_MEANS = {
    "baseline": (0.708, 0.846, 0.896, 0.926, 0.952),
    "scratch": (0.662, 0.815, 0.879, 0.921, 0.955),
    "frozen": (0.716, 0.823, 0.875, 0.908, 0.937),
    "finetune": (0.732, 0.845, 0.900, 0.928, 0.959),
    "baseline-source-scaler": (0.720, 0.847, 0.898, 0.927, 0.952),
    "scratch-source-scaler": (0.682, 0.811, 0.877, 0.918, 0.955),
}

META = {
    "backend": "numba",
    "cpu": "a made-up processor",
    "started": "2026-11-21T06:00:00+00:00",
    "version_fastmlp": "0.1.0",
    "problem:parity": json.dumps(
        {
            "examples": 1797,
            "features": 64,
            "source_classes": 2,
            "target_classes": 10,
            "source_pool": 697,
            "target_pool": 500,
            "probe": 100,
            "held_out": 500,
            "pictures": {task: [[str(k), f"{k:x}" * 64] for k in range(10)] for task in ("source", "target")},
        }
    ),
}


GRADIENT_CHECK = {
    "step": 1e-5,
    "examples": 16,
    "dtype": "float32",
    "backend": "numba",
    "parts": [{"name": "W1", "parameters": 2048, "checked": 20, "error": 1.5e-7}],
}

SHORT_BATCHES = {
    "problem": "rotated-30",
    "batch": 32,
    "sizes": [96, 97, 128],
    "accuracy": {
        "weighted": [[0.82, 0.83, 0.84], [0.83, 0.83, 0.83], [0.85, 0.86, 0.84]],
        "mean": [[0.82, 0.83, 0.84], [0.40, 0.43, 0.41], [0.85, 0.86, 0.84]],
        "drop": [[0.82, 0.83, 0.84], [0.83, 0.82, 0.84], [0.85, 0.86, 0.84]],
    },
}


# What a figure of dots is drawn from
INTERVAL = {"mean": 0.02, "low": 0.01, "high": 0.05, "n": 8, "reason": None, "verdict": "better"}
DOTS: dict[str, Any] = {
    "table": {
        "columns": [head("problem", number=False), head("10 labels"), head("500 labels")],
        "rows": [
            [cell("name", name), cell("points_interval", INTERVAL), cell("number", number)]
            for name, number in (("a problem with quite a long name", 0.3), ("b", None), ("c", -1.0))
        ],
    },
    "columns": [1],
    "name": 1,
    "axis": "points",
    "of": None,
    "at": None,
    "log": False,
}


@dataclass
class MadeUp:
    """What the report is rendered from."""

    settings: dict[str, Any]
    rows: list[dict[str, Any]]
    meta: dict[str, str] = field(default_factory=lambda: dict(META))


def study_of(data: MadeUp, folder: Path | None = None) -> Study:
    """The study as the report reads it; `folder` may hold what other programs left."""
    return Study(data.settings, data.rows, data.meta, folder)


def summary_of(data: MadeUp, folder: Path | None = None) -> Any:
    """Its summary, whose chapters a test may look into without asking whether they are there."""
    return summarise(study_of(data, folder))


def settings(
    *,
    strategies: Sequence[str] = LAB,
    sizes: Sequence[int] = SIZES,
    seeds: int = 20,
    problems: Sequence[str] = ("parity",),
    name: str = "lab",
) -> dict[str, Any]:
    return {
        "name": name,
        "margin": 0.01,
        "grid": {
            "problems": list(problems),
            "strategies": list(strategies),
            "sizes": list(sizes),
            "seeds": seeds,
        },
        "network": {"hidden": [64], "activation": "relu", "dtype": "float32"},
        "pretraining": {"epochs": 30, "lr": 0.05},
        "training": {
            "epochs": 60,
            "lr": 0.05,
            "batch_size": 32,
            "momentum": 0.9,
            "optimizer": "sgd",
            "weight_decay": 0.0,
            "budget": "epochs",
            "short_batch": "weighted",
        },
    }


def lab_mean(strategy: str, n_target: int) -> float:
    return LAB_MEANS[strategy][SIZES.index(n_target)]


def flat(means: Mapping[str, float]) -> Callable[[str, int], float]:
    """The same means at every size; strategies that are not named get 0.8."""
    return lambda strategy, _: means.get(strategy, 0.8)


def study(
    mean: Callable[[str, int], float] = lab_mean, *, spread: float = 0.008, status: str = "ok", **grid: Any
) -> MadeUp:
    """A study whose accuracies have these means, a spread that all strategies of a cell share and one of their own."""
    s = settings(**grid)
    rows = [
        record(problem, strategy, n, seed, mean(strategy, n), spread, status)
        for problem in s["grid"]["problems"]
        for n in s["grid"]["sizes"]
        for strategy in s["grid"]["strategies"]
        for seed in range(s["grid"]["seeds"])
    ]
    return MadeUp(s, rows)


def record(
    problem: str, strategy: str, n_target: int, seed: int, mean: float, spread: float, status: str = "ok"
) -> dict[str, Any]:
    """One row as the store reads it."""
    own = np.random.default_rng([len(strategy), *strategy.encode(), n_target, seed]).standard_normal(4)
    shared = np.random.default_rng([n_target, seed]).standard_normal()
    accuracy = float(np.round(mean + spread * (2 * shared * (20 / n_target) ** 0.5 + own[0]), 3))
    place = {"problem": problem, "strategy": strategy, "n_target": n_target, "seed": seed}
    depends = place | ({"problem": ""} if strategy in {"scratch", "baseline"} else {})  # which know no source
    identity = place | {"key": "-".join(map(str, depends.values()))}
    row = identity | pretraining(seed, own) | {"similarity": 0.4, "status": status, "error": None}
    if status != "ok":
        return row | {"accuracy": None, "losses": [], "error": "MemoryError: none left" if status == "failed" else None}
    return row | measured(strategy, n_target, accuracy, own)


def measured(strategy: str, n_target: int, accuracy: float, own: np.ndarray[Any, Any]) -> dict[str, Any]:
    """What a finished trial has measured."""
    return {
        "accuracy": accuracy,
        "macro_f1": accuracy - 0.004,
        "log_loss": 4 * (1 - accuracy) + 0.05 * abs(own[1]),
        "auc": 1 - (1 - accuracy) / 6,
        "ece": 0.03 + 0.01 * abs(own[2]),
        "train_accuracy": 1.0 if n_target < 100 else 0.995,
        "train_seconds": 2e-5 * n_target * (1 + 0.1 * abs(own[3])),
        "evaluate_seconds": 1e-4,
        "parameters_trained": 650 if "frozen" in strategy else 4810,
        "steps": 60 * -(-n_target // 32),
        "losses": [] if "baseline" in strategy else losses(strategy, n_target, own[0]),
        "final_loss": None if "baseline" in strategy else losses(strategy, n_target, own[0])[-1],
        "diverged_epoch": None,
        "frozen_before": "ab" * 16 if strategy == "frozen" else None,
        "frozen_after": "ab" * 16 if strategy == "frozen" else None,
    }


def losses(strategy: str, n_target: int, noise: float) -> list[float]:
    speed = {"frozen": 0.03, "finetune": 0.07}.get(strategy, 0.05) * (1 + n_target / 150)
    start = {"frozen": 2.5, "finetune": 2.4}.get(strategy, 2.6)
    epochs = np.arange(60)
    return [float(x) for x in start * np.exp(0.15 * noise) * ((1 + epochs) ** -0.3) * np.exp(-speed * epochs) + 0.002]


def pretraining(seed: int, own: np.ndarray[Any, Any]) -> dict[str, Any]:
    epochs = np.arange(30)
    shared = np.random.default_rng([7, seed]).standard_normal(3)
    return {
        "source_accuracy": 0.975 + 0.005 * shared[0],
        "pretrain_seconds": 0.02,
        "pretrain_losses": [float(x) for x in 0.65 * np.exp(0.1 * shared[1]) * np.exp(-0.2 * epochs) + 0.01],
        "h_score": 3.1 + 0.1 * shared[0],
        "h_score_random": 2.4 + 0.1 * shared[1],
        "h_score_target": 4.2 + 0.1 * shared[2],
    }


MANY = (
    *("baseline", "scratch", "scratch-source-scaler", "frozen", "finetune", "partial-1", "partial-2", "discriminative"),
    *("lp-ft", "l2-sp", "bitfit", "lora-4", "transplant-1", "transplant-2", "transfuse-1", "transfuse-2", "my-own"),
)
AXIS = ("same", "halves", "halves-self", "parity")


def large(
    mean: Callable[[str, int], float] | None = None,
    *,
    strategies: Sequence[str] = MANY,
    problems: Sequence[str] = AXIS,
    sizes: Sequence[int] = (20, 100, 500),
    seeds: int = 8,
    spread: float = 0.008,
) -> MadeUp:
    """A study of many strategies on many problems, with all that can be measured and some trials replicated."""
    data = study(
        mean or _rising, spread=spread, strategies=strategies, problems=problems, sizes=sizes, seeds=seeds, name="book"
    )
    data.settings["network"]["hidden"] = [32, 32]
    data.settings["tuning"] = {"trials": 3, "folds": 5}
    data.rows = [row | _inside(row) | _source(row, problems) for row in data.rows]
    data.rows += [
        row | {"varied": purpose, "replicate": k, "accuracy": row["accuracy"] + 0.004 * k * (1 + (purpose == "subset"))}
        for row in data.rows
        if (row["problem"], row["strategy"], row["n_target"]) == (problems[0], "finetune", sizes[0])
        for purpose in ("subset", "weights")
        for k in (1, 2, 3)
    ]
    facts = json.loads(META["problem:parity"])
    data.meta |= {f"problem:{name}": json.dumps(facts) for name in problems}
    data.meta["gradient_check"] = json.dumps(GRADIENT_CHECK)
    data.meta["short_batches"] = json.dumps(SHORT_BATCHES)
    return data


def _rising(strategy: str, n_target: int) -> float:
    start = {"scratch": 0.60, "frozen": 0.72, "baseline": 0.66}.get(strategy, 0.70)
    return 0.95 - (0.95 - start) * (n_target / 20) ** -0.6


def _inside(row: Mapping[str, Any]) -> dict[str, Any]:
    """What `measures.inside` and tuning add."""
    if row["strategy"] == "baseline" or row["status"] != "ok":
        return {}
    gentle = 0.5 if row["strategy"] == "lp-ft" else 1.0
    wobble = 0.01 * (row["seed"] % 3) * gentle
    return {
        "drift": [gentle * 0.2 + wobble, gentle * 0.3 + wobble, 1.4 + wobble],
        "cka": [0.97 - wobble, 0.9 - wobble],
        "source_accuracy_kept": 0.8 + wobble,
        **{f"accuracy_{shift}": row["accuracy"] / (1 + gentle) for shift in ("rotated", "noisy", "inverted")},
        "scratch_loss_steps": None if row["strategy"] == "frozen" else 40 + 10 * (row["strategy"] == "scratch"),
        "train_accuracies": [[1, 0.5], [60, 1.0]],
        "tuning_note": "cross-validated",
        "tuned_lr": 0.05,
        "tuned_epochs": 60,
        "tuned_weight_decay": 0.01,
        "declared_accuracy": row["accuracy"] - 0.02 - wobble,
        "tune_seconds": 0.3,
        "tuning": [0.7, 0.62 + wobble, None],
    }


def _source(row: Mapping[str, Any], problems: Sequence[str]) -> dict[str, Any]:
    """Similarities that fall along the axis."""
    return {"h_score": row["h_score"] + 1.0 - 0.7 * list(problems).index(row["problem"])}


def some_lost(data: MadeUp) -> MadeUp:
    """Frozen diverges on three seeds at 20 labels, fails on two at 50, and has not run on one at 100."""
    lost = {(20, s): "diverged" for s in range(3)} | {(50, s): "failed" for s in range(2)} | {(100, 0): "missing"}
    data.rows = [
        record("parity", "frozen", r["n_target"], r["seed"], 0.0, 0.0, lost[r["n_target"], r["seed"]])
        if r["strategy"] == "frozen" and (r["n_target"], r["seed"]) in lost
        else r
        for r in data.rows
    ]
    return data

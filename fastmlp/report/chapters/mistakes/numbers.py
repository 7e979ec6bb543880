"""Which classes are taken for which, over all seeds of a cell, and pictures of a first layer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from ...grid import FEW_LABELS, PLAIN, Row
from ...pictures import Strip
from ...study import Study

__all__ = ["FirstLayer", "Mistake", "Numbers", "ProblemMistakes", "StrategyMistakes", "numbers"]

Counts = NDArray[np.int64]

TOP = 2  # mistakes that are named
LAYERS = {
    "random": "random weights",
    "pretrained": "what pretraining added",
    "finetune": "what fine-tuning added",
    "scratch": "what training from scratch added",
}


class Mistake(TypedDict):
    """One class taken for another: the share of the held-out examples of the first, over all seeds."""

    true: str
    taken: str
    share: float


class StrategyMistakes(TypedDict):
    """One strategy: the class that it knows least, how often it is right there, and its most frequent mistakes.

    `shares` has a row a true class and a column a class that it is taken for: shares of the true class.
    """

    strategy: str
    hardest: str
    right: float
    mistakes: list[Mistake]
    shares: list[list[float]]


class ProblemMistakes(TypedDict):
    """One problem with one number of labels: scratch, and the best strategy that transfers.

    `common` are mistakes that are among the most frequent of both.
    """

    name: str
    n_target: int
    classes: list[str]
    rows: list[StrategyMistakes]
    common: list[Mistake]


class FirstLayer(TypedDict):
    """Pictures of a first layer and of its changes, how smooth they are, and how large: `study.trial.first_layer`."""

    problem: str
    n_target: int
    strips: list[Strip]
    smooth: dict[str, float]
    moved: dict[str, float]


class Numbers(TypedDict):
    """The problems with such records, by falling similarity, and the pictures, or None."""

    problems: list[ProblemMistakes]
    first_layer: FirstLayer | None


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where no trial says what it took for what."""
    problems = [one for name in study.ordered if name in study.subjects and (one := _problem(study, name))]
    if not problems:
        return None
    return {"problems": problems, "first_layer": first_layer_of(study.meta.get("first_layer"))}


def _problem(study: Study, problem: str) -> ProblemMistakes | None:
    """Return the mistakes on a problem whose classes have names, with the most of few labels; None without any."""
    classes = list(study.facts(problem).get("classes") or ())
    n = max((n for n in study.grid.sizes_of[problem] if n <= FEW_LABELS), default=study.grid.sizes_of[problem][0])
    best = _best(study, problem, n)
    if len(classes) < 3 or best is None or PLAIN not in study.grid.contestants:
        return None
    counted = {s: _counts(study.grid.ok(problem, s, n).values(), len(classes)) for s in (PLAIN, best)}
    if not all(counts.any() for counts in counted.values()):
        return None
    rows = [_strategy(s, counts, classes) for s, counts in counted.items()]
    named = Counter((one["true"], one["taken"]) for row in rows for one in row["mistakes"])
    return {
        "name": problem,
        "n_target": n,
        "classes": classes,
        "rows": rows,
        "common": [one for one in rows[-1]["mistakes"] if named[one["true"], one["taken"]] == len(rows)],
    }


def _best(study: Study, problem: str, n: int) -> str | None:
    """Return the strategy that transfers with the highest mean."""
    place = study.grid.sizes.index(n)
    curves = {s: study.curve(problem, s)[:, place] for s in study.grid.transferring}
    means = {s: float(np.nanmean(x)) for s, x in curves.items() if not np.isnan(x).all()}
    return max(means, key=lambda s: means[s], default=None)


def _counts(rows: Any, n_classes: int) -> Counts:
    """Return held-out examples by true and by likeliest class, (classes, classes), over all seeds."""
    counts = np.zeros(n_classes**2, dtype=np.int64)
    for row in rows:
        for place, many in _pairs(row):
            counts[place] += many
    return counts.reshape(n_classes, n_classes)


def _pairs(row: Row) -> Sequence[Sequence[int]]:
    found: Sequence[Sequence[int]] = row.get("confusion") or ()
    return found


def _strategy(strategy: str, counts: Counts, classes: Sequence[str]) -> StrategyMistakes:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    hardest = int(shares.diagonal().argmin())
    wrong = shares - np.diag(shares.diagonal())
    largest = np.argsort(-wrong, axis=None, kind="stable")[:TOP]
    places = [divmod(int(k), len(classes)) for k in largest if wrong.flat[k] > 0]
    return {
        "strategy": strategy,
        "hardest": classes[hardest],
        "right": float(shares[hardest, hardest]),
        "mistakes": [{"true": classes[i], "taken": classes[j], "share": float(shares[i, j])} for i, j in places],
        "shares": shares.tolist(),
    }


def first_layer_of(text: str | None) -> FirstLayer | None:
    """Return what a study pictured of a first layer, as a JSON object; None where it did not."""
    noted: Mapping[str, Any] = json.loads(text) if text else {}
    layers = {layer["name"]: layer for layer in noted.get("layers", ())}
    if set(LAYERS) - set(layers):
        return None
    return {
        "problem": noted["problem"],
        "n_target": noted["n_target"],
        "strips": [
            {
                "task": name,
                "name": words,
                "labels": [],
                "alt": f"Weights of {len(layers[name]['pixels'])} units of the first layer as pictures, {words}",
                "pixels": layers[name]["pixels"],
            }
            for name, words in LAYERS.items()
        ],
        "smooth": {name: layers[name]["smooth"] for name in LAYERS},
        "moved": {name: layers[name]["moved"] for name in LAYERS},
    }

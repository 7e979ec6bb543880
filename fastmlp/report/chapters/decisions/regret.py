"""The regret of choosing a strategy by some advice."""

from __future__ import annotations

from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from .... import stats
from ...grid import BASELINE, PLAIN
from ...study import SIMILAR_FROM, Study
from .advice import LITTLE_PER_CLASS, Ints, Rule

__all__ = ["AdviceRegret", "Regret", "cells_of", "regret_of", "regrets"]

Array = NDArray[np.float64]

#: Strategies that somebody may always take.
ALWAYS = ("finetune", "frozen", PLAIN, BASELINE)
RULE, NEAREST = "CS231n’s rule", "the best strategy on the nearest problem with another target"


class Regret(TypedDict):
    """Accuracy lost, as a mean over cells with its interval over n seeds: see `stats.Regret`."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    cells: int
    dropped: int
    reason: Literal["no data", "one seed", "no spread"] | None


class AdviceRegret(Regret):
    """The regret of an advice, its name, and whether it asks for an oracle: what nobody with n labels can know."""

    advice: str
    oracle: bool


def regret_of(r: stats.Regret) -> Regret:
    """Return the fields of a regret that are about all cells together."""
    return {
        "mean": r.mean,
        "low": r.low,
        "high": r.high,
        "n": r.n,
        "cells": r.cells,
        "dropped": r.dropped,
        "reason": r.reason,
    }


def cells_of(x: Array) -> Array:
    """Flatten accuracies, (problems, sizes, strategies, seeds), to (cells, strategies, seeds), problem by problem."""
    return x.reshape(-1, *x.shape[2:])


def regrets(study: Study) -> list[AdviceRegret]:
    """Return the regret of some ways of choosing a strategy; the last one chooses at random.

    The measured similarity is an oracle: it takes the labels of the probe set and a network that was trained on the
    target task. The nearest problem is sought among those with another target task, since one with the same target has
    the same labelled examples, which is no evidence about a new target.
    """
    x, names = study.accuracies(study.choices, study.subjects), study.choices
    flat, rule = cells_of(x), Rule.of(study, study.subjects)
    choices: dict[str, Ints | Array | None] = {
        f"always {s}": stats.always(names.index(s), len(flat)) for s in ALWAYS if s in names
    }
    if rule.known and rule.first:
        choices[RULE] = rule.choice(SIMILAR_FROM, LITTLE_PER_CLASS)
    known = [np.nan if s is None else s for s in rule.similarity]
    targets = [study.targets[p] for p in study.subjects]
    if len({target for target, s in zip(targets, known, strict=True) if not np.isnan(s)}) > 1:
        choices[NEAREST] = stats.learned_choice(x, known, targets)
    choices["one at random"] = None
    return [
        {"advice": name, "oracle": name in {RULE, NEAREST}, **regret_of(stats.regret(flat, choice))}
        for name, choice in choices.items()
    ]

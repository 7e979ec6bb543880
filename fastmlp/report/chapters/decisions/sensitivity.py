"""CS231n's rule with other thresholds for "similar" and "little data", which the notes do not define."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from .... import stats
from ...study import Study
from .advice import Rule
from .regret import Array, Regret, cells_of, regret_of

__all__ = ["LITTLE_GRID", "SIMILAR_GRID", "Outcome", "Sensitivity", "SensitivityRow", "sensitivity"]

#: The grid over which the thresholds are moved: all its pairs are tried.
SIMILAR_GRID = (0.25, 0.4, 0.5, 0.6, 0.75)
LITTLE_GRID = (2, 5, 10, 20)  # labels per class

Case = Literal["even", "confirmed", "contradicted", "depends"]


class Outcome(TypedDict):
    """In how many cells the rule agrees with the winners, with one pair of thresholds, and what it costs."""

    agrees: int
    contradicted: int
    undecided: int
    regret: Regret


class SensitivityRow(TypedDict):
    """The outcomes for one threshold of similarity, one for each threshold of labels."""

    similar_from: float
    cells: list[Outcome]


class Sensitivity(TypedDict):
    """The rule under all pairs of thresholds.

    `little` are the thresholds of labels per class; `choices` counts the pairs; `least` and `most` are the smallest and
    the largest mean regret; `case` says which of the two is more frequent for all
    thresholds, or that it *depends* on them.
    """

    little: list[int]
    rows: list[SensitivityRow]
    choices: int
    least: float | None
    most: float | None
    case: Case


def sensitivity(study: Study) -> Sensitivity | None:
    """Count agreement and regret for every pair of thresholds, or None where no similarity could be measured."""
    rule = Rule.of(study, study.subjects)
    if not rule.known:
        return None
    x = cells_of(study.accuracies(study.choices, study.subjects))
    rows: list[SensitivityRow] = [
        {"similar_from": start, "cells": [_outcome(rule, x, start, per_class) for per_class in LITTLE_GRID]}
        for start in SIMILAR_GRID
    ]
    cells = [cell for row in rows for cell in row["cells"]]
    costs = [cell["regret"]["mean"] for cell in cells if cell["regret"]["mean"] is not None]
    return {
        "little": list(LITTLE_GRID),
        "rows": rows,
        "choices": len(cells),
        "least": min(costs, default=None),
        "most": max(costs, default=None),
        "case": _balance([cell["agrees"] - cell["contradicted"] for cell in cells]),
    }


def _outcome(rule: Rule, x: Array, similar_from: float, per_class: int) -> Outcome:
    counts = rule.held(similar_from, per_class).counts
    return {
        "agrees": counts.get("agrees", 0),
        "contradicted": counts.get("contradicted", 0),
        "undecided": counts.get("undecided", 0),
        "regret": regret_of(stats.regret(x, rule.choice(similar_from, per_class))),
    }


def _balance(surplus: Sequence[int]) -> Case:
    """Compare how often the rule is confirmed and contradicted, over all thresholds."""
    if not any(surplus):
        return "even"
    if min(surplus) > 0:
        return "confirmed"
    return "contradicted" if max(surplus) < 0 else "depends"

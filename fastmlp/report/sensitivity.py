"""What becomes of CS231n's rule when "similar" begins and "little data" ends elsewhere: the notes do not say where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stats import Contest, Mark, advice_matrix, advised_choice, regret

__all__ = ["LITTLE_A_CLASS", "LITTLE_GRID", "SIMILAR_FROM", "SIMILAR_GRID", "sensitivity"]

Json = dict[str, Any]
Array = NDArray[np.float64]

#: The thresholds that are declared, and the grid over which they are moved: all its pairs are tried.
SIMILAR_FROM, SIMILAR_GRID = 0.5, (0.25, 0.4, 0.5, 0.6, 0.75)
LITTLE_A_CLASS, LITTLE_GRID = 10, (2, 5, 10, 20)  # labels a class

MARKS: tuple[Mark, ...] = ("agrees", "contradicted", "undecided")


def sensitivity(
    similarity: Sequence[float | None],
    sizes: Sequence[int],
    contests: Sequence[Sequence[Contest]],
    groups: Mapping[Any, Sequence[str]],
    classes: int,
    lost: tuple[Array, Mapping[Any, int]],
) -> Json:
    """Count agreement and regret for every pair of thresholds of the declared grid.

    Parameters
    ----------
    similarity
        (problems,), None where it is not known.
    sizes
        (sizes,), labels.
    contests
        (problems, sizes).
    groups
        The strategies that each piece of advice means.
    classes
        Of the target task: little data is a number of labels a class.
    lost
        Accuracies, (problems * sizes, strategies, seeds), and the place of the strategy that each advice takes.

    Returns
    -------
    dict
        `little`, the thresholds of labels; `rows`, one a threshold of similarity, with `cells` of counts and `regret`;
        `choices`, how many pairs; the smallest and the largest mean regret; and the `case` of the balance.
    """
    little = [k * classes for k in LITTLE_GRID]
    known = np.array([np.nan if s is None else s for s in similarity])
    x, first = lost

    def look(start: float, end: int) -> Json:
        held = advice_matrix(similarity, sizes, contests, groups, similar_from=start, little_to=end)
        choice = advised_choice(known, sizes, first, similar_from=start, little_to=end)
        costs = {k: v for k, v in asdict(regret(x, choice)).items() if k != "by_cell"}
        return {**{mark: held.counts.get(mark, 0) for mark in MARKS}, "regret": costs}

    rows = [(start, [look(start, end) for end in little]) for start in SIMILAR_GRID]
    every = [cell for _, cells in rows for cell in cells]
    costs = [cell["regret"]["mean"] for cell in every if cell["regret"]["mean"] is not None]
    return {
        "little": little,
        "rows": [{"similar_from": start, "cells": cells} for start, cells in rows],
        "choices": len(every),
        "least": min(costs, default=None),
        "most": max(costs, default=None),
        "case": _balance([cell["agrees"] - cell["contradicted"] for cell in every]),
    }


def _balance(surplus: Sequence[int]) -> str:
    """Whether what outweighs what is the same for all thresholds."""
    if not any(surplus):
        return "even"
    if min(surplus) > 0:
        return "confirmed"
    return "contradicted" if max(surplus) < 0 else "depends"

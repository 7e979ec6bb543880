"""Numbers of labels that fit problems: the default where a study names none, and what a refusal proposes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from ...problems import Problem
from .schema import GridSettings

DECLARED = GridSettings().sizes


def sizes_that_fit(problems: Sequence[Problem]) -> tuple[int, ...]:
    """Return those of the default sizes that are possible for all problems.

    Where the smallest target pool holds fewer than the largest of them, all that it holds is the largest size; and if
    that would be the only one, half as many are another.
    """
    least = max(map(fewest, problems))
    most = min(problem.sizes.pool for problem in problems)
    if most >= max(DECLARED):
        return tuple(size for size in DECLARED if size >= least)
    smaller = [size for size in DECLARED if least <= size < most] or [
        half for half in [ceil(most / 2)] if half >= least
    ]
    return (*(size for size in smaller if size < most), most)


def fewest(problem: Problem) -> int:
    """Return the fewest labels that are possible: one of each class, and one beside those of the most frequent."""
    counts = np.bincount(problem.target.y)
    others = 1 - float(counts.max() / counts.sum())
    return max(len(counts), floor(1 / others) + (floor(1 / others) * others < 1))

"""The ends of the decision chart: problems that are alike in what can be known of them, with few labels or many.

The questions were declared before any result. At each end every strategy and the baseline are compared with scratch and
with the baseline, all ends together in one family, so that the one with the highest mean may be named with its
verdicts; and with each other, for who may be the best (`stats.winner_sets`), all ends together again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from ....stats import Winners, paired_family, winner_sets
from ...grid import BASELINE, FEW_LABELS, PLAIN
from ...pairs import PREPARATIONS, Comparison, Difference, difference_of
from ...study import SIMILAR_FROM, Study

__all__ = ["HEAD_WORKS", "Branch", "End", "Numbers", "numbers"]

Array = NDArray[np.float64]
Question = Literal["head", "fits", "fits not", "unknown"]
Part = Literal["few", "many"]

HEAD = "zero-shot"
HEAD_WORKS = 0.5  # of the way from guessing to making no mistake: from there the source's own head works


class End(TypedDict):
    """One end of the chart.

    `top` has the highest mean, `accuracy`, over the end's problems and sizes; `others` may be the best as well, the
    best first. The `case` is *network*, where the baseline may not be the best; *baseline*, where it has the highest
    mean; *open*, where a network has it and the baseline may be the best too. `strategies` have a difference from
    scratch and from the baseline each, None for the strategy itself. `unsteady` counts the problems and sizes, of
    `cells`, at which trainings of the top, or of scratch, are unstable often: see `stability.unsteady`.
    """

    labels: Part
    sizes: list[int]
    top: str
    accuracy: float
    others: list[str]
    case: Literal["network", "baseline", "open"]
    strategies: list[str]
    from_scratch: list[Difference | None]
    from_baseline: list[Difference | None]
    cells: int
    unsteady: int


class Branch(TypedDict):
    """An answer to the chart's questions: the problems for which it is the answer, and its ends."""

    question: Question
    problems: list[str]
    ends: list[End]


class Numbers(TypedDict):
    """The branches that have problems; what preparing inputs alike is worth, if that was measured; the thresholds."""

    branches: list[Branch]
    prepared: Comparison | None
    similar_from: float
    head_works: float
    few: int


def numbers(study: Study) -> Numbers | None:
    """Return the chart, or None without scratch, the baseline, few and many labels, and a choice of problems."""
    grid = study.grid
    few = [n for n in grid.sizes if n <= FEW_LABELS]
    sizes: dict[Part, list[int]] = {"few": few, "many": [n for n in grid.sizes if n > FEW_LABELS]}
    if not {PLAIN, BASELINE} <= set(grid.strategies) or not all(sizes.values()) or len(study.subjects) < 3:
        return None
    found = [(q, part, ps) for q, ps in _answers(study).items() if ps for part in sizes]
    taken = [_accuracies(study, problems, sizes[part]) for _, part, problems in found]
    ends = [
        _end(part, sizes[part], names, x, compared, held, _steadiness(study, problems, sizes[part]))
        for (_, part, problems), (names, x), compared, held in zip(
            found, taken, _compared(study, taken), _winners(taken), strict=True
        )
    ]
    branches: dict[Question, Branch] = {}
    for (question, _, problems), end in zip(found, ends, strict=True):
        if end is not None:
            branch = branches.setdefault(question, {"question": question, "problems": problems, "ends": []})
            branch["ends"].append(end)
    if not branches:
        return None
    return {
        "branches": list(branches.values()),
        "prepared": _prepared(study),
        "similar_from": SIMILAR_FROM,
        "head_works": HEAD_WORKS,
        "few": FEW_LABELS,
    }


def _answers(study: Study) -> dict[Question, list[str]]:
    """Return the problems for which each answer is true, controls left out."""
    head = [p for p in study.subjects if _head_works(study, p)]
    others = [p for p in study.subjects if p not in head]
    known = {p: s for p in others if (s := study.similarity(p)) is not None}
    return {
        "head": head,
        "fits": [p for p, s in known.items() if s >= SIMILAR_FROM],
        "fits not": [p for p, s in known.items() if s < SIMILAR_FROM],
        "unknown": others,
    }


def _head_works(study: Study, problem: str) -> bool:
    """Whether the source's own head is nearer to making no mistake than to guessing, where classes are the same."""
    if HEAD not in study.grid.strategies:
        return False
    reached = study.curve(problem, HEAD)
    guessing = 1 / (study.facts(problem).get("target_classes") or 2)
    return not np.isnan(reached).all() and bool(np.nanmean(reached) - guessing >= HEAD_WORKS * (1 - guessing))


def _accuracies(study: Study, problems: Sequence[str], sizes: Sequence[int]) -> tuple[list[str], Array]:
    """Return the strategies that ran on all the problems, and their mean accuracies, (seeds, strategies).

    A size that a problem does not have is left out of the mean; so is a problem that has none of them.
    """
    grid, columns = study.grid, dict[str, Array]()
    asked = [(p, [grid.sizes.index(n) for n in sizes if n in grid.sizes_of[p]]) for p in problems]
    for s in study.choices:
        means = [study.curve(p, s)[:, places].mean(axis=1) for p, places in asked if places]
        mean = np.mean(means, axis=0) if means else np.full(len(grid.seeds), np.nan)
        if not np.isnan(mean).all():
            columns[s] = mean
    return list(columns), np.array(list(columns.values())).reshape(len(columns), len(grid.seeds)).T


def _compared(study: Study, taken: Sequence[tuple[list[str], Array]]) -> list[dict[str, list[Difference | None]]]:
    """Compare every strategy of every end with scratch and with the baseline, as one family."""
    asked = [
        (k, against, place)
        for k, (names, _) in enumerate(taken)
        for against in (PLAIN, BASELINE)
        if against in names
        for place, s in enumerate(names)
        if s != against
    ]
    pairs = [(taken[k][1][:, place], taken[k][1][:, taken[k][0].index(against)]) for k, against, place in asked]
    found: list[dict[str, list[Difference | None]]] = [
        {against: [None] * len(names) for against in (PLAIN, BASELINE)} for names, _ in taken
    ]
    for (k, against, place), d in zip(asked, paired_family(pairs, margin=study.margin), strict=True):
        found[k][against][place] = difference_of(d)
    return found


def _winners(taken: Sequence[tuple[list[str], Array]]) -> list[Winners]:
    """Return who may be the best at each end, with one guarantee for all."""
    widest = max(len(names) for names, _ in taken)
    cells = [np.pad(x, ((0, 0), (0, widest - x.shape[1])), constant_values=np.nan) for _, x in taken]
    return winner_sets(np.array(cells))


def _end(
    part: Part,
    sizes: list[int],
    names: list[str],
    x: Array,
    compared: dict[str, list[Difference | None]],
    held: Winners,
    steadiness: Callable[[str], tuple[int, int]],
) -> End | None:
    """Return an end, or None if no network has finished there."""
    if held.best is None or not set(names) - {BASELINE}:
        return None
    means = np.nanmean(x, axis=0)
    best, top = held.best, names[held.best]
    cells, unsteady = steadiness(top)
    others = sorted((names[k] for k in held.winners if k != best), key=lambda s: -means[names.index(s)])
    return {
        "labels": part,
        "sizes": sizes,
        "top": top,
        "accuracy": float(means[best]),
        "others": others,
        "case": "baseline" if top == BASELINE else "open" if BASELINE in others else "network",
        "strategies": names,
        "from_scratch": compared[PLAIN],
        "from_baseline": compared[BASELINE],
        "cells": cells,
        "unsteady": unsteady,
    }


def _steadiness(study: Study, problems: Sequence[str], sizes: Sequence[int]) -> Callable[[str], tuple[int, int]]:
    """Return what counts the cells of an end, and those in which trainings of a strategy or of scratch are unsteady."""
    cells = [(p, n) for p in problems for n in sizes if n in study.grid.sizes_of[p]]
    return lambda top: (len(cells), sum(study.is_unsteady(p, n, top, PLAIN) for p, n in cells))


def _prepared(study: Study) -> Comparison | None:
    """Return what preparing the source's inputs as the target's is worth to fine-tuning with the most of few labels."""
    alike, naive = PREPARATIONS
    n = max((n for n in study.grid.sizes if n <= FEW_LABELS), default=0)
    if not {alike, naive} <= set(study.grid.problems) or "finetune" not in study.grid.transferring:
        return None
    return study.pairs[n, (alike, "finetune"), (naive, "finetune")]

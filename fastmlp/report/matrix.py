"""All cells together: who cannot be told apart from the best where, what CS231n would have advised, and what it costs.

A cell is a problem and a number of labels. Winners come from one procedure with one guarantee for the whole matrix;
whether others are tied with the best is a second question, answered by tests of equivalence. The best was chosen by the
numbers, and so all others of its cell are tested, not only those that look near: the family is as large as the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stats import (
    Contest,
    Winners,
    advice_matrix,
    advised_choice,
    always,
    learned_choice,
    regret,
    winner_sets,
)
from .comparisons import Comparisons
from .grid import BASELINE, PLAIN, Grid, number
from .sensitivity import LITTLE_A_CLASS, LITTLE_GRID, SIMILAR_FROM, SIMILAR_GRID, sensitivity

__all__ = ["accuracies", "contests", "matrix"]

Json = dict[str, Any]
Array = NDArray[np.float64]

ADVISED = {
    "linear on top": ("probe",),
    "linear lower down": ("lower probe",),
    "fine-tune": ("fine-tune",),
    "fine-tune or scratch": ("fine-tune", "scratch"),
}


def accuracies(grid: Grid, strategies: Sequence[str]) -> Array:
    """Held-out accuracy, (problems, sizes, strategies, seeds), NaN where a trial is missing."""
    shape = (len(grid.problems), len(grid.sizes), len(strategies), len(grid.seeds))
    x = np.full(shape, np.nan)
    place = {seed: k for k, seed in enumerate(grid.seeds)}
    for p, problem in enumerate(grid.problems):
        for n, size in enumerate(grid.sizes):
            for s, strategy in enumerate(strategies):
                for seed, row in grid.ok(problem, strategy, size).items():
                    x[p, n, s, place[seed]] = np.nan if (v := number(row, "accuracy")) is None else v
    return x


def contests(grid: Grid, made: Comparisons) -> dict[tuple[str, int], Json]:
    """For each cell its best strategy, its winners, and where all others stand against the best.

    Parameters
    ----------
    made
        The comparisons of the plan, which keep their verdicts; those with the best are added.

    Returns
    -------
    dict
        By problem and size: `top`; `winners`, which may be the best; those `tied` with it, those `behind` it or behind
        another, and those `undecided`; who was `present`; the most seeds that one has, `n`; and the `reason`, if there
        is one, why nobody could be told from the best.
    """
    names = grid.contestants
    cells = [(p, n) for p in grid.problems for n in grid.sizes]
    if not names:
        return {}
    x = accuracies(grid, names).reshape(len(cells), len(names), len(grid.seeds))
    found = winner_sets(x.transpose(0, 2, 1))
    best = {cell: names[w.best] for cell, w in zip(cells, found, strict=True) if w.best is not None}
    made.family([(n, (p, top), (p, s)) for (p, n), top in best.items() for s in names if s != top], chosen=True)
    return {cell: _contest(cell, w, names, made) for cell, w in zip(cells, found, strict=True)}


def _contest(cell: tuple[str, int], found: Winners, names: Sequence[str], made: Comparisons) -> Json:
    """One cell: the verdict on each against the best, and where that is open, whether it may be the best itself."""
    problem, n = cell
    top = None if found.best is None else names[found.best]
    winners = [names[s] for s in found.winners]
    present = [s for s, count in zip(names, found.counts, strict=True) if count]
    places: dict[str, list[str]] = {"tied": [], "undecided": [], "behind": []}
    for s in present:
        if s != top:
            verdict = made[n, (problem, str(top)), (problem, s)]["verdict"]
            lost = verdict == "better" or (verdict != "tied" and s not in winners)
            places["tied" if verdict == "tied" else "behind" if lost else "undecided"].append(s)
    return {
        "top": top,
        "winners": winners,
        **places,
        "present": present,
        "n": max(found.counts),
        "reason": found.reason,
    }


def matrix(
    grid: Grid, cells: Mapping[tuple[str, int], Json], similarity: Mapping[str, float | None], classes: int | None
) -> Json:
    """The matrix with its advice and its regrets; problems in the order of their similarity.

    Parameters
    ----------
    cells
        Of `contests`.
    similarity
        Measured, by problem.
    classes
        Of the target task, which says what "little data" is; None where it is not known.
    """
    order = sorted(
        grid.problems, key=lambda p: -9.0 if similarity[p] is None else float(similarity[p] or 0), reverse=True
    )
    held = _advice(grid, cells, order, similarity, classes or 10)
    counts = {s: sum(s in cell["winners"] for cell in cells.values()) for s in grid.contestants}
    often = max(counts.values(), default=0)
    return {
        "problems": [
            {"name": p, "similarity": similarity[p], "cells": [{"n_target": n, **cells[p, n]} for n in grid.sizes]}
            for p in order
            if (p, grid.sizes[0]) in cells
        ],
        "cells": len(cells),
        "alone": sum(len(cell["winners"]) == 1 and len(cell["present"]) > 1 for cell in cells.values()),
        "open": sum(len(cell["winners"]) == len(cell["present"]) > 1 for cell in cells.values()),
        "wins": [{"strategy": s, "cells": k} for s, k in sorted(counts.items(), key=lambda item: -item[1])],
        "most_often": [s for s, k in counts.items() if k == often and often],
        "most": often,
        "advice": held,
        "regrets": _regrets(grid, similarity, LITTLE_A_CLASS * (classes or 10)),
    }


def _advice(
    grid: Grid,
    cells: Mapping[tuple[str, int], Json],
    order: Sequence[str],
    similarity: Mapping[str, float | None],
    classes: int,
) -> Json | None:
    """CS231n's advice against the winners, or None without a similarity or without two strategies."""
    if len(grid.contestants) < 2 or all(similarity[p] is None for p in order):
        return None
    rows = [[Contest(c["present"], c["winners"], [*c["tied"], c["top"]]) for c in _row(cells, p, grid)] for p in order]
    known, groups = [similarity[p] for p in order], advised(grid)
    held = advice_matrix(
        known,
        grid.sizes,
        rows,
        groups,
        similar_from=SIMILAR_FROM,
        little_to=classes * LITTLE_A_CLASS,
        other_thresholds=(SIMILAR_GRID, [classes * k for k in LITTLE_GRID]),
    )
    names, first = _named(grid), _first(grid)
    x = accuracies(grid, names)[[grid.problems.index(p) for p in order]].reshape(-1, len(names), len(grid.seeds))
    moved = sensitivity(known, grid.sizes, rows, groups, classes, (x, first))
    return {**asdict(held), "problems": list(order), "advised": groups, "sensitivity": moved}


def advised(grid: Grid) -> dict[Any, list[str]]:
    """The contestants that each piece of CS231n's advice means, by what their rules do with the body."""
    return {
        advice: [s for kind in kinds for s in grid.contestants if grid.rules[s]["kind"] == kind]
        for advice, kinds in ADVISED.items()
    }


def _row(cells: Mapping[tuple[str, int], Json], problem: str, grid: Grid) -> list[Json]:
    return [cells[problem, n] for n in grid.sizes]


def _regrets(grid: Grid, similarity: Mapping[str, float | None], little: int) -> list[Json]:
    """What some ways of choosing cost, each with its interval over seeds."""
    names = _named(grid)
    if len(names) < 2:
        return []
    x = accuracies(grid, names)
    flat = x.reshape(-1, len(names), len(grid.seeds))
    place = {name: k for k, name in enumerate(names)}
    known = np.array([np.nan if similarity[p] is None else similarity[p] for p in grid.problems], dtype=float)
    choices: dict[str, Any] = {
        f"always {s}": always(place[s], len(flat)) for s in ("finetune", "frozen", PLAIN, BASELINE) if s in place
    }
    first = _first(grid)
    if not np.isnan(known).all() and first:
        choices["CS231n’s rule"] = advised_choice(known, grid.sizes, first, similar_from=SIMILAR_FROM, little_to=little)
    if (~np.isnan(known)).sum() > 1:
        choices["what was best on the nearest other problem"] = learned_choice(x, known)
    choices["one at random"] = None
    return [
        {"advice": told, **{k: v for k, v in asdict(regret(flat, choice)).items() if k != "by_cell"}}
        for told, choice in choices.items()
    ]


def _named(grid: Grid) -> list[str]:
    """All that one may choose: the contestants, and the baseline."""
    return [*grid.contestants, *([BASELINE] if BASELINE in grid.strategies else [])]


def _first(grid: Grid) -> dict[Any, int]:
    """Where in `_named` the strategy stands that is taken for each piece of advice."""
    names = _named(grid)
    return {advice: names.index(group[0]) for advice, group in advised(grid).items() if group}

"""The winners of all cells: which strategies may be the best where, and how often each of them may.

Advice and its regret are in the chapter `decisions`.
"""

from __future__ import annotations

from typing import TypedDict

from .study import Contest, Study

__all__ = ["CellContest", "ProblemContests", "Winners", "Wins", "winners"]


class CellContest(Contest):
    """The contest of one cell of a problem."""

    n_target: int


class ProblemContests(TypedDict):
    """A problem with its contests, one cell per size."""

    name: str
    similarity: float | None
    cells: list[CellContest]


class Wins(TypedDict):
    """In how many cells a strategy may be the best."""

    strategy: str
    cells: int


class Winners(TypedDict):
    """The winners of the whole grid.

    `problems` are in the order of their similarity; there are none without contestants. Controls are among them and are
    not counted. Of all `cells`, `alone` counts those in which one of several strategies is the only winner. `wins` has
    every contestant, the most frequent winner first; `most_often` are those that win the `most` cells, none where no
    cell has a winner. `borderline` counts those, cell by cell, that other draws of signs might have excluded.
    """

    problems: list[ProblemContests]
    cells: int
    alone: int
    borderline: int
    wins: list[Wins]
    most_often: list[str]
    most: int


def winners(study: Study) -> Winners:
    """Return the winners of all cells."""
    contests = [study.contests[p, n] for p, n in study.grid.cells if p in study.subjects and study.contests]
    counts = {s: sum(s in contest["winners"] for contest in contests) for s in study.grid.contestants}
    most = max(counts.values(), default=0)
    return {
        "problems": [_problem(study, p) for p in study.ordered] if contests else [],
        "cells": len(contests),
        "alone": sum(len(contest["winners"]) == 1 and len(contest["present"]) > 1 for contest in contests),
        "borderline": sum(len(contest["borderline"]) for contest in contests),
        "wins": [{"strategy": s, "cells": k} for s, k in sorted(counts.items(), key=lambda item: -item[1])],
        "most_often": [s for s, k in counts.items() if k == most and most],
        "most": most,
    }


def _problem(study: Study, problem: str) -> ProblemContests:
    cells: list[CellContest] = [{**study.contests[problem, n], "n_target": n} for n in study.grid.sizes]
    return {"name": problem, "similarity": study.similarity(problem), "cells": cells}

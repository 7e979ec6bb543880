"""What every chapter may say of a problem: its data, means by cell, comparisons by family, and its pretraining."""

from __future__ import annotations

from typing import Any, TypedDict

from .grid import FACTS
from .measures import CellMeasures, Pretraining
from .pairs import Comparison
from .study import Study

__all__ = ["SHOWN_FAMILIES", "Problem", "problems"]

#: Families of comparisons that chapters show by problem.
SHOWN_FAMILIES = ("question", "baseline", "scaler", "weights")


class Problem(TypedDict):
    """One problem.

    `main` is `measures` without the controls. `facts` has a number, or None, for each of `grid.FACTS`, `folds`, how
    many a cross-validation has, `same_classes`, None if that was not noted, `own`: where a user's own data come from,
    or None, and `backbone`: the pretrained network and what it is asked of, or None. `finished` counts trials.
    """

    name: str
    finished: int
    facts: dict[str, Any]
    measures: dict[str, list[CellMeasures]]
    main: dict[str, list[CellMeasures]]
    comparisons: dict[str, list[Comparison]]
    pretraining: Pretraining


def problems(study: Study) -> list[Problem]:
    """Return the problems in the order of the plan."""
    return [_problem(study, name) for name in study.grid.problems]


def _problem(study: Study, name: str) -> Problem:
    measures, facts = study.measures[name], study.facts(name)
    return {
        "name": name,
        "finished": sum(cell["ok"] for cells in measures.values() for cell in cells),
        "facts": {key: facts.get(key) for key in (*FACTS, "folds", "same_classes", "own", "backbone")},
        "measures": measures,
        "main": {s: cells for s, cells in measures.items() if s not in study.grid.controls},
        "comparisons": {family: study.pairs.family(family, name) for family in SHOWN_FAMILIES},
        "pretraining": study.pretraining[name],
    }

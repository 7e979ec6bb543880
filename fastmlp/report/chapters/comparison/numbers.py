"""The number of comparisons that ended in a verdict, and what is shown of each problem."""

from __future__ import annotations

from typing import TypedDict

from ...measures import CellMeasures
from ...pairs import Comparison
from ...problems import SHOWN_FAMILIES
from ...standings import Standing, standings
from ...study import Study
from .ceiling import CEILING, NearCeiling, near_ceiling
from .worked import Worked, worked

__all__ = ["Compared", "Numbers", "Verdicts", "numbers"]


class Verdicts(TypedDict):
    """The number of comparisons that had two seeds, and how many are undecided."""

    compared: int
    undecided: int


class Compared(TypedDict):
    """One problem: its standings, one cell per size, and whether any trial could be compared in these two families.

    `foreign` is what was computed elsewhere, compared with ours; `accuracy` has its means beside those of ours.
    """

    standings: list[Standing]
    baseline: bool
    scaler: bool
    foreign: list[Comparison]
    accuracy: dict[str, list[CellMeasures]]


class Numbers(TypedDict):
    """The whole study, the cells of it that are near the ceiling, each problem by its name, and tests worked on one."""

    verdicts: Verdicts
    ceiling: list[NearCeiling]
    ceiling_from: float
    problems: dict[str, Compared]
    worked: Worked | None


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    return {
        "verdicts": _verdicts(study),
        "ceiling": near_ceiling(study),
        "ceiling_from": CEILING,
        "problems": {p: _compared(study, p) for p in study.grid.problems},
        "worked": worked(study),
    }


def _verdicts(study: Study) -> Verdicts:
    families = [study.pairs.family(family, p) for p in study.grid.problems for family in SHOWN_FAMILIES]
    verdicts = [c["verdict"] for family in families for c in family if c["n"] >= 2]
    return {"compared": len(verdicts), "undecided": verdicts.count("undecided")}


def _compared(study: Study, problem: str) -> Compared:
    return {
        "standings": standings(study, problem),
        "baseline": any(c["n"] for c in study.pairs.family("baseline", problem)),
        "scaler": any(c["n"] for c in study.pairs.family("scaler", problem)),
        "foreign": [c for c in study.pairs.family("foreign", problem) if c["n"]],
        "accuracy": {s: cells for s, cells in study.measures[problem].items() if s not in study.grid.controls}
        | study.foreign[problem],
    }

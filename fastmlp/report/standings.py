"""The standing of the contestants of a cell against the one with the highest mean: tied, behind or undecided."""

from __future__ import annotations

from typing import Literal, TypedDict

from ..stats import Verdict
from .pairs import FEW
from .study import Study

__all__ = ["Standing", "standings"]

#: What can be said about the contestants of a cell. Each case has its sentence in the templates.
Case = Literal["nothing", "single", "unreplicated", "clear", "tied", "undecided"]


class Standing(TypedDict):
    """The contestants of one cell.

    `top` has the highest mean, or is None where nothing has finished. `leaders` are the top and those `tied` with it.
    `against_baseline` is the verdict on the top against the baseline, or None where the two were not compared.
    """

    n_target: int
    case: Case
    top: str | None
    leaders: list[str]
    tied: list[str]
    undecided: list[str]
    behind: list[str]
    against_baseline: Verdict | None


def standings(study: Study, problem: str) -> list[Standing]:
    """Return the standing in each cell of a problem, one cell per size.

    Each verdict is that of the comparison with the top where contestants are few and each is compared with each; where
    they are many, the contest of the cell decides.
    """
    stand = _by_comparisons if len(study.grid.contestants) <= FEW else _by_contest
    baseline = {(c["n_target"], c["first"]): c["verdict"] for c in study.pairs.family("baseline", problem) if c["n"]}
    results = [stand(study, problem, n) for n in study.grid.sizes]
    for standing in results:
        standing["against_baseline"] = baseline.get((standing["n_target"], str(standing["top"])))
    return results


def _by_comparisons(study: Study, problem: str, n: int) -> Standing:
    contest = study.contests.get((problem, n))  # None without contestants
    top = contest["top"] if contest else None
    if contest is None or top is None:
        return _standing("nothing", n, None, [], [], [], [])
    against = {s: study.pairs[n, (problem, top), (problem, s)] for s in contest["present"] if s != top}
    tied = [s for s, c in against.items() if c["verdict"] == "tied"]
    behind = [s for s, c in against.items() if c["verdict"] == "better"]
    undecided = [s for s in against if s not in tied and s not in behind]
    leaders = [s for s in contest["present"] if s == top or s in tied]
    if not against:
        case: Case = "single"
    elif all(c["n"] < 2 for c in against.values()):
        case = "unreplicated"
    else:
        case = _case(tied, undecided)
    return _standing(case, n, top, leaders, tied, undecided, behind)


def _by_contest(study: Study, problem: str, n: int) -> Standing:
    contest = study.contests[problem, n]
    top, tied, undecided, behind = contest["top"], contest["tied"], contest["undecided"], contest["behind"]
    if contest["reason"] == "no data":
        case: Case = "nothing"
    elif contest["reason"] == "single strategy":
        case = "single"
    elif contest["n"] < 2:
        case = "unreplicated"
    else:
        case = _case(tied, undecided)
    return _standing(case, n, top, [top, *tied] if top else [], tied, undecided, behind)


def _case(tied: list[str], undecided: list[str]) -> Case:
    return "undecided" if undecided else "tied" if tied else "clear"


def _standing(
    case: Case,
    n: int,
    top: str | None,
    leaders: list[str],
    tied: list[str],
    undecided: list[str],
    behind: list[str],
) -> Standing:
    return {
        "n_target": n,
        "case": case,
        "top": top,
        "leaders": leaders,
        "tied": tied,
        "undecided": undecided,
        "behind": behind,
        "against_baseline": None,
    }

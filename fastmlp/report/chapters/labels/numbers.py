"""Label equivalences, and where the lead between two strategies changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from .... import stats
from ...grid import PLAIN
from ...pairs import CROSSINGS, FEW
from ...study import Study

__all__ = ["Crossover", "Equivalence", "Equivalences", "Numbers", "Worth", "numbers"]

Reason = Literal["too few sizes", "one seed", "no spread"]
Leader = Literal["first", "second"]

STANDARD = ("frozen", "finetune")  # of many strategies, these stand for all
FEWEST_SIZES = 3  # that a learning curve needs
DRAWS = 199  # resamples of a curve where there are many; the package's own number where there are few
MANY_CURVES = 12


class Equivalence(TypedDict):
    """The label equivalence of a strategy, at one size or, without one, the median over sizes."""

    n_target: float | None
    times: float | None
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    case: Literal["read", "below range", "above range", "no curve"]
    reason: Reason | None


class Equivalences(TypedDict):
    """The label equivalence of one strategy with scratch: over all sizes, and at each."""

    strategy: str
    overall: Equivalence
    each: list[Equivalence]


class Crossover(TypedDict):
    """Where the lead changes between two strategies: see `stats.Crossover`."""

    first: str
    second: str
    n_target: float | None
    low: float | None
    high: float | None
    before: Leader | None
    after: Leader | None
    share: float | None
    case: Literal["crosses", "no lead on both sides", "no crossover in range", "no curve"]
    reason: Reason | None


class Worth(TypedDict):
    """Label equivalences and crossovers on one problem."""

    name: str
    equivalences: list[Equivalences]
    crossovers: list[Crossover]


class Numbers(TypedDict):
    """The problems that have finished trials, by falling similarity; all have the same `strategies`."""

    strategies: list[str]
    problems: list[Worth]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where no curve can be fitted.

    It takes three sizes, scratch, and a strategy to compare with it.
    """
    grid = study.grid
    names = [s for s in grid.contestants if s != PLAIN]
    problems = [p for p in study.ordered if any(cell["ok"] for cells in study.measures[p].values() for cell in cells)]
    if len(grid.sizes) < FEWEST_SIZES or PLAIN not in grid.strategies or not names or not problems:
        return None
    shown: list[str] = names if len(names) <= FEW else [s for s in STANDARD if s in names] or names[:2]
    many = len(shown) * len(grid.problems) > MANY_CURVES
    return {"strategies": shown, "problems": [_worth(study, p, shown, many=many) for p in problems]}


def _worth(study: Study, problem: str, strategies: Sequence[str], *, many: bool) -> Worth:
    draws = {"draws": DRAWS} if many else {}
    sizes, scratch = study.grid.sizes, study.curve(problem, PLAIN)
    equivalences: list[Equivalences] = []
    for s in strategies:
        overall, each = stats.label_equivalence(sizes, study.curve(problem, s), scratch, **draws)
        equivalences.append({"strategy": s, "overall": _equivalence(overall), "each": [_equivalence(e) for e in each]})
    crossovers = [
        _crossing(study, problem, a, b, **draws) for a, b in CROSSINGS if {a, b} <= set(study.grid.strategies)
    ]
    return {"name": problem, "equivalences": equivalences, "crossovers": crossovers}


def _equivalence(e: stats.Equivalence) -> Equivalence:
    return {
        "n_target": e.n_target,
        "times": e.times,
        "low": e.low,
        "high": e.high,
        "least": e.least,
        "most": e.most,
        "case": e.case,
        "reason": e.reason,
    }


def _crossing(study: Study, problem: str, first: str, second: str, **draws: int) -> Crossover:
    """Return where two curves cross; who leads is said by the verdicts of the study."""
    sizes, curves = study.grid.sizes, (study.curve(problem, first), study.curve(problem, second))
    verdicts = [study.pairs[n, (problem, first), (problem, second)]["verdict"] for n in sizes]
    c = stats.crossover(sizes, *curves, verdicts=verdicts, **draws)
    return {
        "first": first,
        "second": second,
        "n_target": c.n_target,
        "low": c.low,
        "high": c.high,
        "before": c.before,
        "after": c.after,
        "share": c.share,
        "case": c.case,
        "reason": c.reason,
    }

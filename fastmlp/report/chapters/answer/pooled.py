"""Each strategy against scratch over all sizes together, and over few and many labels: what a practitioner asks.

A question for each problem takes hundreds of comparisons off the correction, so that fewer stay undecided than cell by
cell. It hides where a lead changes with the number of labels; few and many show the worst of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from ....stats import mean_interval, paired_family
from ...grid import BASELINE, FEW_LABELS, PLAIN
from ...pairs import Difference, difference_of
from ...study import Study

__all__ = ["Gain", "Pooled", "PooledProblem", "Steady", "Tally", "pooled"]

Array = NDArray[np.float64]

FEWEST_TARGETS = 3  # for an interval over them: of two it would be six times as wide as of three, and say nothing

Part = Literal["all", "few", "many"]


class Tally(TypedDict):
    """How many comparisons were tested, and how they ended; controls apart, and the same trials counted once."""

    tested: int
    better: int
    worse: int
    tied: int
    undecided: int


class PooledProblem(TypedDict):
    """One problem: the difference from scratch of each strategy, in the order of `Pooled.strategies`, by part."""

    name: str
    differences: dict[Part, list[Difference]]


class Gain(TypedDict):
    """What a strategy gains over scratch on another target task: the mean over targets, with its interval over them."""

    strategy: str
    mean: float | None
    low: float | None
    high: float | None
    n: int
    reason: Literal["no data", "too few targets", "no spread"] | None


class Turn(TypedDict):
    """A verdict over all sizes, and what it is if sizes with unstable trainings are left out."""

    problem: str
    strategy: str
    verdict: str
    steady: str


class Steady(TypedDict):
    """How the verdicts over all sizes fare without the sizes where a side is unstable often: see `stability.unsteady`.

    So many of the comparisons that count have such a size, and `turns` are those whose verdict is another without it.
    """

    touched: int
    tested: int
    turns: list[Turn]


class Pooled(TypedDict):
    """All strategies against scratch, problem by problem, by falling similarity.

    `sizes` has the numbers of labels of each part; there are no few and many unless the study has both. All sizes are
    one family of comparisons, few and many another. `gains` are over the `targets` of problems that are no controls,
    each target the mean of its problems; there are none for a single target. `steady` is None where no training was
    unstable often.
    """

    strategies: list[str]
    sizes: dict[Part, list[int]]
    problems: list[PooledProblem]
    tallies: dict[Part, Tally]
    gains: list[Gain]
    targets: int
    steady: Steady | None


def pooled(study: Study) -> Pooled | None:
    """Compare over sizes; None without scratch, another strategy, and a second size."""
    grid, names = study.grid, [s for s in study.choices if s != PLAIN]
    if PLAIN not in grid.strategies or not names or len(grid.sizes) < 2:
        return None
    few, many = [n for n in grid.sizes if n <= FEW_LABELS], [n for n in grid.sizes if n > FEW_LABELS]
    sizes: dict[Part, list[int]] = {"all": list(grid.sizes)}
    if few and many:
        sizes |= {"few": few, "many": many}
    problems: list[PooledProblem] = [{"name": p, "differences": {}} for p in study.ordered]
    for family in (["all"], ["few", "many"]):
        asked = [(one, part, s) for part in sizes if part in family for one in problems for s in names]
        values = (_pair(study, one["name"], s, sizes[part]) for one, part, s in asked)
        for (one, part, _), d in zip(asked, paired_family(values, margin=study.margin), strict=True):
            one["differences"].setdefault(part, []).append(difference_of(d))
    targets = list(dict.fromkeys(study.targets[p] for p in study.subjects))
    return {
        "strategies": names,
        "sizes": sizes,
        "problems": problems,
        "tallies": {part: _tally(_distinct(study, problems, names, part)) for part in sizes},
        "gains": [_gain(study, problems, k, s, targets) for k, s in enumerate(names)] if len(targets) > 1 else [],
        "targets": len(targets),
        "steady": _steady(study, problems, names) if study.unsteady else None,
    }


def _steady(study: Study, problems: Sequence[PooledProblem], names: Sequence[str]) -> Steady:
    """Compare over all sizes once more, as one family again, each pair on the sizes where neither side is unsteady."""
    asked = [(one["name"], s) for one in problems for s in names]
    left = {(p, s): [n for n in study.grid.sizes_of[p] if not study.is_unsteady(p, n, s, PLAIN)] for p, s in asked}
    found = paired_family((_pair(study, p, s, left[p, s]) for p, s in asked), margin=study.margin)
    again: list[PooledProblem] = [{"name": one["name"], "differences": {"all": []}} for one in problems]
    by_name = {one["name"]: one["differences"]["all"] for one in again}
    for (p, _), d in zip(asked, found, strict=True):
        by_name[p].append(difference_of(d))
    before, after = (_distinct_by_name(study, them, names, "all") for them in (problems, again))
    counted = [place for place, d in before.items() if d["p_different"] is not None]
    return {
        "touched": sum(len(left[place]) < len(study.grid.sizes_of[place[0]]) for place in counted),
        "tested": len(counted),
        "turns": [
            {"problem": p, "strategy": s, "verdict": before[p, s]["verdict"], "steady": after[p, s]["verdict"]}
            for p, s in counted
            if before[p, s]["verdict"] != after[p, s]["verdict"]
        ],
    }


def _pair(study: Study, problem: str, strategy: str, sizes: Sequence[int]) -> tuple[Array, Array]:
    """Return mean accuracies over sizes, of a strategy and of scratch, seed by seed; NaN where a size is missing.

    A size for which a problem has too few examples is no part of its means.
    """
    places = [study.grid.sizes.index(n) for n in sizes if n in study.grid.sizes_of[problem]]
    if not places:
        return np.empty(0), np.empty(0)
    first, second = (study.curve(problem, s)[:, places].mean(axis=1) for s in (strategy, PLAIN))
    return first, second


def _distinct(study: Study, problems: Sequence[PooledProblem], names: Sequence[str], part: Part) -> list[Difference]:
    """Return the differences that count: on problems that are no controls, each with trials of its own."""
    return list(_distinct_by_name(study, problems, names, part).values())


def _distinct_by_name(
    study: Study, problems: Sequence[PooledProblem], names: Sequence[str], part: Part
) -> dict[tuple[str, str], Difference]:
    """Return them by the first problem that has the trials, and the strategy."""
    found: dict[tuple[str, str], Difference] = {}
    for one in problems:
        if one["name"] in study.subjects:
            for s, d in zip(names, one["differences"][part], strict=True):
                found.setdefault((study.targets[one["name"]] if s == BASELINE else one["name"], s), d)
    return found


def _tally(differences: Iterable[Difference]) -> Tally:
    verdicts = [d["verdict"] for d in differences if d["p_different"] is not None]
    return {
        "tested": len(verdicts),
        "better": verdicts.count("better"),
        "worse": verdicts.count("worse"),
        "tied": verdicts.count("tied"),
        "undecided": verdicts.count("undecided"),
    }


def _gain(study: Study, problems: Sequence[PooledProblem], k: int, strategy: str, targets: Sequence[str]) -> Gain:
    by_target: dict[str, list[float]] = {target: [] for target in targets}
    for one in problems:
        mean = one["differences"]["all"][k]["mean"]
        if one["name"] in study.subjects and mean is not None:
            by_target[study.targets[one["name"]]].append(mean)
    m = mean_interval([float(np.mean(means)) for means in by_target.values() if means])
    if m.n < FEWEST_TARGETS:
        reason: Literal["no data", "too few targets"] = "too few targets" if m.n > 1 else "no data"
        return {"strategy": strategy, "mean": m.mean, "low": None, "high": None, "n": m.n, "reason": reason}
    case: Literal["no spread"] | None = "no spread" if m.low is None else None
    return {"strategy": strategy, "mean": m.mean, "low": m.low, "high": m.high, "n": m.n, "reason": case}

"""The chapter's tests worked step by step: fine-tuning against others on the first seeds of one cell of the study."""

from __future__ import annotations

from operator import itemgetter
from typing import TypedDict

from .... import stats
from ...grid import BASELINE, PLAIN
from ...study import Array, Study

__all__ = ["Worked", "WorkedPair", "worked"]

SEEDS = 5
FIRST, OTHERS = "finetune", (PLAIN, "frozen", BASELINE)


class WorkedPair(TypedDict):
    """One comparison, with what a reader needs to follow it.

    `differences` are first minus second, seed by seed; `error` is their standard deviation over the root of their
    number. `t` is their mean over that, and `t_tie` how far the mean, without its sign, is beyond the margin. `p` and
    `p_tie` are those of the two tests by themselves, `corrected` and `corrected_tie` those of the family, for which p
    was multiplied by `factor` and by `factor_tie`.
    """

    first: str
    second: str
    differences: list[float]
    mean: float
    error: float
    t: float
    p: float
    factor: int
    corrected: float
    t_tie: float
    p_tie: float
    factor_tie: int
    corrected_tie: float
    verdict: stats.Verdict


class Worked(TypedDict):
    """A family of comparisons in one cell, and the seeds it was made from."""

    problem: str
    n_target: int
    seeds: list[int]
    pairs: list[WorkedPair]


def worked(study: Study) -> Worked | None:
    """Return a family of two comparisons or more; None if the study has no cell for it.

    It is the first problem, in the order of the plan, and of its sizes the middle one, so no result chooses the cell.
    """
    grid = study.grid
    others = [s for s in OTHERS if s in grid.strategies]
    if FIRST not in grid.strategies or len(others) < 2 or len(grid.seeds) < SEEDS:
        return None
    problem, middle = grid.problems[0], len(grid.sizes) // 2
    first, *rest = (study.curve(problem, s)[:SEEDS, middle] for s in (FIRST, *others))
    family = stats.paired_family([(first, other) for other in rest], margin=study.margin)
    if any(d.dropped or d.reason for d in family):
        return None
    alone = [stats.paired_difference(first, other, margin=study.margin) for other in rest]
    pairs = [
        _pair(name, first - other, one, corrected, study.margin)
        for name, other, one, corrected in zip(others, rest, alone, family, strict=True)
    ]
    for k, pair in enumerate(sorted(pairs, key=itemgetter("p"))):
        pair["factor"] = len(pairs) - k
    for k, pair in enumerate(sorted(pairs, key=itemgetter("p_tie"))):
        pair["factor_tie"] = len(pairs) - k
    return {"problem": problem, "n_target": grid.sizes[middle], "seeds": list(grid.seeds[:SEEDS]), "pairs": pairs}


def _pair(
    name: str, differences: Array, alone: stats.Difference, family: stats.Difference, margin: float
) -> WorkedPair:
    mean, error = float(differences.mean()), float(differences.std(ddof=1) / SEEDS**0.5)
    return {
        "first": FIRST,
        "second": name,
        "differences": differences.tolist(),
        "mean": mean,
        "error": error,
        "t": mean / error,
        "p": alone.p_different or 0.0,
        "factor": 1,
        "corrected": family.p_different or 0.0,
        "t_tie": (abs(mean) - margin) / error,
        "p_tie": alone.p_equivalent or 0.0,
        "factor_tie": 1,
        "corrected_tie": family.p_equivalent or 0.0,
        "verdict": family.verdict,
    }

"""What pretrained weights are worth with the fewest labels, kept as they are or trained further."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from ...grid import PLAIN
from ...pairs import Comparison
from ...study import Study

__all__ = ["Kept", "Numbers", "numbers"]

WAYS = ("frozen", "finetune")  # to keep the weights as they are, and to train them further


class Kept(TypedDict):
    """One problem: what each way gains over scratch with its fewest labels, in the order of `Numbers.ways`."""

    name: str
    comparisons: list[Comparison]


class Numbers(TypedDict):
    """The problems by falling similarity; the ways that the study has, and the verdicts of each on what is counted.

    `labels` is the smallest number of labels, `problems` the number of problems that are no controls and were compared.
    """

    ways: list[str]
    labels: int
    kept: list[Kept]
    problems: int
    counts: dict[str, dict[str, int]]


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter; there are no ways without scratch."""
    grid = study.grid
    ways = [s for s in WAYS if {s, PLAIN} <= set(grid.strategies)]
    kept: list[Kept] = [{"name": p, "comparisons": [_with_fewest(study, p, s) for s in ways]} for p in study.ordered]
    counted = [one for one in kept if one["name"] in study.subjects and any(c["n"] > 1 for c in one["comparisons"])]
    return {
        "ways": ways if counted else [],
        "labels": grid.sizes[0],
        "kept": kept,
        "problems": len(counted),
        "counts": {s: Counter(one["comparisons"][k]["verdict"] for one in counted) for k, s in enumerate(ways)},
    }


def _with_fewest(study: Study, problem: str, strategy: str) -> Comparison:
    n = study.grid.sizes[0]
    return study.pairs[n, (problem, strategy), (problem, PLAIN)]

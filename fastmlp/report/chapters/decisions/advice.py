"""CS231n's rule: what it advises in each cell, and whether the winners agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .... import stats
from ...grid import Grid
from ...study import SIMILAR_FROM, Contest, Study

__all__ = ["LITTLE_PER_CLASS", "Advice", "Marked", "Rule", "advice", "advised_strategies"]

Ints = NDArray[np.int64]

#: Little data is up to so many labels per class of the target task, as was declared: a task of many classes needs more
#: labels than one of few.
LITTLE_PER_CLASS = 10
CLASSES = 10  # of a target task for which the study noted no number

#: What the contestants do with the body that each piece of advice means.
KINDS: dict[stats.Advice, tuple[str, ...]] = {
    "linear on top": ("probe",),
    "linear lower down": ("lower probe",),
    "fine-tune": ("fine-tune",),
    "fine-tune or scratch": ("fine-tune", "scratch"),
}


class Marked(TypedDict):
    """A problem with a mark for each of its cells."""

    name: str
    similarity: float | None
    marks: list[stats.Mark]


class Advice(TypedDict):
    """What the rule advises, and whether the winners agree.

    `problems` are in the order of their similarity, controls left out. `advised` are the strategies that each piece of
    advice means; `counts` says how many cells have which mark. Little data ends with between `little_least` and
    `little_most` labels: the two differ where the target tasks have different numbers of classes.
    """

    problems: list[Marked]
    advised: dict[stats.Advice, list[str]]
    counts: dict[stats.Mark, int]
    similar_from: float
    little_per_class: int
    little_least: int
    little_most: int


@dataclass(frozen=True)
class Rule:
    """CS231n's rule on some problems of a study, for any thresholds.

    Attributes
    ----------
    similarity, classes
        (problems,), measured; classes of the target task.
    sizes
        (sizes,), labels.
    contests
        (problems, sizes).
    advised
        The contestants that each piece of advice means.
    first
        The place in `Study.choices` of the strategy that stands for each piece of advice.
    """

    similarity: list[float | None]
    classes: list[int]
    sizes: tuple[int, ...]
    contests: list[list[stats.Contest]]
    advised: dict[stats.Advice, list[str]]
    first: dict[stats.Advice, int]

    @classmethod
    def of(cls, study: Study, problems: Sequence[str]) -> Rule:
        """Apply the rule to problems, which keep their order."""
        grid, advised = study.grid, advised_strategies(study.grid)
        return cls(
            similarity=[study.similarity(p) for p in problems],
            classes=[study.facts(p).get("target_classes") or CLASSES for p in problems],
            sizes=grid.sizes,
            contests=[[_contest(study.contests[p, n]) for n in grid.sizes] for p in problems],
            advised=advised,
            first={advice: study.choices.index(group[0]) for advice, group in advised.items() if group},
        )

    @property
    def known(self) -> bool:
        """Whether a similarity could be measured."""
        return any(s is not None for s in self.similarity)

    def held(self, similar_from: float, per_class: int) -> stats.AdviceMatrix:
        """Compare the rule with the winners, with thresholds of similarity and of labels per class."""
        return stats.advice_matrix(
            self.similarity,
            self.sizes,
            self.contests,
            self.advised,
            similar_from=similar_from,
            little_to=self.little_to(per_class),
        )

    def choice(self, similar_from: float, per_class: int) -> Ints:
        """Return the strategy that the rule takes in each cell, (problems * sizes,): see `stats.advised_choice`."""
        similarity = [np.nan if s is None else s for s in self.similarity]
        little_to = self.little_to(per_class)
        return stats.advised_choice(similarity, self.sizes, self.first, similar_from=similar_from, little_to=little_to)

    def little_to(self, per_class: int) -> list[int]:
        """Return the labels up to which data are little, (problems,)."""
        return [per_class * classes for classes in self.classes]


def advice(study: Study) -> Advice | None:
    """Return what the rule advises with the declared thresholds, or None where no similarity could be measured."""
    problems = [p for p in study.ordered if p in study.subjects]
    rule = Rule.of(study, problems)
    if not rule.known:
        return None
    held, little = rule.held(SIMILAR_FROM, LITTLE_PER_CLASS), rule.little_to(LITTLE_PER_CLASS)
    return {
        "problems": [
            {"name": p, "similarity": similarity, "marks": list(marks)}
            for p, similarity, marks in zip(problems, rule.similarity, held.marks, strict=True)
        ],
        "advised": rule.advised,
        "counts": held.counts,
        "similar_from": SIMILAR_FROM,
        "little_per_class": LITTLE_PER_CLASS,
        "little_least": min(little),
        "little_most": max(little),
    }


def advised_strategies(grid: Grid) -> dict[stats.Advice, list[str]]:
    """Return the contestants that each piece of advice means, by what their rules do with the body."""
    return {
        advice: [s for kind in kinds for s in grid.contestants if grid.rules[s]["kind"] == kind]
        for advice, kinds in KINDS.items()
    }


def _contest(c: Contest) -> stats.Contest:
    tied = c["tied"] if c["top"] is None else [*c["tied"], c["top"]]
    return stats.Contest(c["present"], c["winners"], tied)

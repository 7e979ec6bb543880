"""Winners, advice and regrets of a study."""

from __future__ import annotations

from typing import TypedDict

from ...study import Study
from ...winners import Winners, winners
from .advice import Advice, advice
from .lecture import Way, lecture
from .quadrants import Quadrant, quadrants
from .regret import AdviceRegret, regrets
from .sensitivity import Sensitivity, sensitivity
from .sources import Sources, sources
from .worth import Worth, worth

__all__ = ["Numbers", "numbers"]


class Numbers(TypedDict):
    """The winners; CS231n's advice, by `quadrants` too, and its `sensitivity` to thresholds, None without a similarity.

    `sources` is None where fewer than three problems share a target, and `worth` where nobody has measured it.
    """

    winners: Winners
    advice: Advice | None
    quadrants: list[Quadrant] | None
    lecture: list[Way]
    sensitivity: Sensitivity | None
    regrets: list[AdviceRegret]
    sources: Sources | None
    worth: Worth | None


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None without a choice between contestants."""
    if len(study.grid.contestants) < 2:
        return None
    return {
        "winners": winners(study),
        "advice": advice(study),
        "quadrants": quadrants(study),
        "lecture": lecture(study),
        "sensitivity": sensitivity(study),
        "regrets": regrets(study),
        "sources": sources(study),
        "worth": worth(study),
    }

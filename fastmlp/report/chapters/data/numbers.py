"""Pictures of examples, and how far the target's inputs are from the source's."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from ...pictures import Strip, strips
from ...study import Study

__all__ = ["Inputs", "Numbers", "numbers"]

FAR = 1.0  # standard deviations of the source by which a feature's mean is shifted, from which inputs are called far


class Inputs(TypedDict):
    """What a pretrained network sees of a problem's target inputs: see `fastmlp.problems.InputFacts`.

    `case` chooses the sentence: *ignored*, if features that vary in the target are 0 for every pretrained network;
    *far*, if the mean of some feature is shifted by a standard deviation of the source or more; else *near*.
    """

    name: str
    case: Literal["ignored", "far", "near"]
    constant_in_source: int
    constant_in_source_only: int
    ignored: int
    ignored_features: list[int]
    largest_mean_shift: float | None
    largest_spread_ratio: float | None
    largest_input: float | None
    outside_source_range: float


class Numbers(TypedDict):
    """Strips of source and target by problem, none where the study kept no pictures; and the inputs of each problem.

    Problems of studies from before inputs were described are not among `inputs`.
    """

    pictures: dict[str, list[Strip]]
    inputs: list[Inputs]


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    described = [(name, study.facts(name).get("inputs")) for name in study.ordered]
    return {
        "pictures": {name: strips(study, name) for name in study.grid.problems},
        "inputs": [_inputs(name, facts) for name, facts in described if facts],
    }


def _inputs(name: str, facts: dict[str, Any]) -> Inputs:
    shift = facts["largest_mean_shift"]
    return {
        "name": name,
        "case": "ignored" if facts["ignored"] else "far" if shift is not None and shift >= FAR else "near",
        "constant_in_source": facts["constant_in_source"],
        "constant_in_source_only": facts["constant_in_source_only"],
        "ignored": facts["ignored"],
        "ignored_features": facts["constant_in_source_only_features"] if facts["ignored"] else [],
        "largest_mean_shift": shift,
        "largest_spread_ratio": facts["largest_spread_ratio"],
        "largest_input": facts["largest_input"],
        "outside_source_range": facts["outside_source_range"],
    }

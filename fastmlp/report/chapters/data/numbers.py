"""Pictures of examples, and how far the target's inputs are from the source's."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from ...format import label
from ...study import Study

__all__ = ["Inputs", "Numbers", "Strip", "numbers", "titled"]

FAR = 1.0  # standard deviations of the source by which a feature's mean is shifted, from which inputs are called far


class Strip(TypedDict):
    """Examples of one task side by side: their labels, and one text of hexadecimal digits each."""

    task: str
    name: str
    labels: list[str]
    alt: str
    pixels: list[str]


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
        "pictures": {name: _strips(study, name) for name in study.grid.problems},
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


def _strips(study: Study, problem: str) -> list[Strip]:
    shown = study.facts(problem).get("pictures") or {}
    return [
        {
            "task": task,
            "name": f"{task} task",
            "labels": [name for name, _ in examples],
            "alt": f"Pictures of the {task} task, labelled {', '.join(name for name, _ in examples)}",
            "pixels": [pixels for _, pixels in examples],
        }
        for task, examples in shown.items()
        if examples
    ]


def titled(strip: Strip, problem: str) -> Strip:
    """Return a strip under the name of its problem, where it stands among those of others."""
    name = label(problem) if strip["task"] == "source" else "target"
    return {**strip, "name": name, "alt": f"{strip['alt']}, problem {label(problem)}"}

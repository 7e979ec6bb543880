"""From a study to one plain dict: every number that the report may quote, and only numbers and names.

The dict can be written as JSON, holds no NaN, and None only where its neighbour `reason` says why. Another kind of
report can start here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from .chapters import CONTENTS
from .counts import Counts, counts
from .grid import BASELINE, flat
from .pairs import FEW
from .problems import Problem, problems
from .study import Study

__all__ = ["Facts", "Summary", "summarise"]

FEW_PROBLEMS = 2  # with more, the book tells them together


class Facts(TypedDict):
    """What was planned, by the names that the settings have, and what follows from it for the whole book.

    `level` is what networks are made of: layers, or the stages of a backbone.
    """

    name: str
    shard: str | None
    problems: list[str]
    strategies: list[str]
    baseline: str | None
    contestants: list[str]
    pretrained: list[str]
    large: bool
    few: list[str]
    controls: dict[str, str | None]
    foreign: list[str]
    own_measures: list[str]
    control_problems: list[str]
    lacking: dict[str, list[str]]
    cells: int
    sizes: list[int]
    n_seeds: int
    margin: float
    settings: list[dict[str, Any]]
    stages: list[str]
    level: str
    network: dict[str, Any]
    pretraining: dict[str, Any]
    training: dict[str, Any]


class Summary(TypedDict):
    """What templates see.

    `contents` has the names of all chapters and `present` of those that are in this book; `numbers` has an entry for
    each of all, None for those that are not.
    """

    study: Facts
    counts: Counts
    problems: list[Problem]
    ordered: list[Problem]
    contents: list[str]
    present: list[str]
    numbers: dict[str, Mapping[str, object] | None]


def summarise(study: Study) -> Summary:
    """Return everything that the report quotes."""
    by_name = {problem["name"]: problem for problem in problems(study)}
    numbers = {chapter.name: chapter.numbers(study) for chapter in CONTENTS}
    return {
        "study": _facts(study),
        "counts": counts(study),
        "problems": list(by_name.values()),
        "ordered": [by_name[name] for name in study.ordered],
        "contents": list(numbers),
        "present": [name for name, own in numbers.items() if own is not None],
        "numbers": numbers,
    }


def _facts(study: Study) -> Facts:
    grid, settings = study.grid, study.settings
    return {
        "name": settings["name"],
        "shard": study.meta.get("shard"),
        "problems": list(grid.problems),
        "strategies": list(grid.strategies),
        "baseline": BASELINE if BASELINE in grid.strategies else None,
        "contestants": list(grid.contestants),
        "pretrained": list(grid.transferring),
        "large": len(grid.contestants) > FEW or len(grid.problems) > FEW_PROBLEMS,
        "few": study.few,
        "controls": grid.controls,
        "foreign": list(grid.foreign),
        "own_measures": list(grid.own_measures),
        "control_problems": list(study.control_problems),
        "lacking": study.lacking,
        "cells": len(grid.cells),
        "sizes": list(grid.sizes),
        "n_seeds": len(grid.seeds),
        "margin": study.margin,
        "settings": [{"name": name, "value": value} for name, value in flat(settings).items()],
        "stages": list(study.stages),
        "level": "stage" if study.stages else "layer",
        "network": dict(settings["network"]),
        "pretraining": dict(settings["pretraining"]),
        "training": dict(settings["training"]),
    }

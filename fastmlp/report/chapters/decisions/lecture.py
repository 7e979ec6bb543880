"""CS231n's lecture on few labels and different data: another source or more data, and no earlier features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from ....stats import mean_interval
from ...study import SIMILAR_FROM, Study
from .advice import LITTLE_PER_CLASS, Rule

__all__ = ["Way", "lecture"]

Array = NDArray[np.float64]


class Way(TypedDict):
    """What another way gains over the notes' advice, as a mean over `cells` with its interval over seeds."""

    way: Literal["another source", "more labels"]
    strategy: str
    cells: int
    mean: float | None
    low: float | None
    high: float | None
    n: int
    reason: Literal["no data", "one seed", "no spread"] | None


def lecture(study: Study) -> list[Way]:
    """Return what each way gains in the cells of few labels and different data, where there is such a way.

    The notes are represented by the first strategy they advise. Another source is the most similar one of those for the
    same target task, fine-tuned; more labels are the next number of the study, for the same strategy.
    """
    rule = Rule.of(study, study.subjects)
    notes, tuned = (rule.advised[advice] for advice in ("linear lower down", "fine-tune"))
    if not rule.known or not notes:
        return []
    held = rule.held(SIMILAR_FROM, LITTLE_PER_CLASS)
    sizes, planned = study.grid.sizes, set(study.grid.cells)
    cells = [
        (p, k)
        for p, row in zip(study.subjects, held.advice, strict=True)
        for k, advice in enumerate(row)
        if advice == "linear lower down" and (p, sizes[k]) in planned
    ]
    stay = {(p, k): study.curve(p, notes[0])[:, k] for p, k in cells}
    sources = [
        study.curve(other, tuned[0])[:, k] - stay[p, k]
        for p, k in cells
        if tuned and (other := _best_source(study, p)) is not None
    ]
    labels = [study.curve(p, notes[0])[:, k + 1] - stay[p, k] for p, k in cells if (p, (*sizes, 0)[k + 1]) in planned]
    ways: list[Way] = []
    if sources:
        ways.append(_way("another source", tuned[0], sources))
    if labels:
        ways.append(_way("more labels", notes[0], labels))
    return ways


def _best_source(study: Study, problem: str) -> str | None:
    """Return the most similar problem with the same target, if it is more similar than this one."""
    known = {
        p: s
        for p in study.subjects
        if study.targets[p] == study.targets[problem] and (s := study.similarity(p)) is not None
    }
    best = max(known, key=lambda p: known[p], default=problem)
    return best if known and known[best] > known[problem] else None


def _way(way: Literal["another source", "more labels"], strategy: str, gains: Sequence[Array]) -> Way:
    m = mean_interval(np.mean(gains, axis=0))
    return {
        "way": way,
        "strategy": strategy,
        "cells": len(gains),
        "mean": m.mean,
        "low": m.low,
        "high": m.high,
        "n": m.n,
        "reason": m.reason,
    }

"""What a network that was pretrained on a source brings, if its inputs were prepared as the target's, and if not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from ...grid import BASELINE, PLAIN
from ...measures import Mean
from ...pairs import PREPARATIONS, Comparison
from ...pictures import Strip, strips
from ...study import Study

__all__ = ["Numbers", "Row", "Way", "numbers"]

SHOWN = ("zero-shot", "keep-head", "finetune", "frozen")
LABELS = 50  # the size that sentences are about is the nearest to this


class Way(TypedDict):
    """One way to prepare: what the inputs look like to the network, and how its strategies do beside scratch.

    `better` and `worse` count comparisons of a strategy with scratch in a cell, of `tested`. `zero_shot` is the
    accuracy without any label, None where that was not tried.
    """

    name: str
    largest_mean_shift: float | None
    largest_input: float | None
    outside: float | None
    zero_shot: Mean | None
    tested: int
    better: int
    worse: int


class Row(TypedDict):
    """One strategy with one number of labels: its accuracy after each way, and the difference with its verdict."""

    n_target: int
    strategy: str
    alike: Mean
    naive: Mean
    difference: Comparison | None


class Numbers(TypedDict):
    """The two ways, the one that is like the target's first.

    The `case` is *turns*, if comparisons with scratch are more often better than worse after the first way and the
    reverse after the second; *helps*, if every difference that was tested is better after the first; else *unclear*.
    `told` are the rows with the number of labels that sentences are about.
    """

    alike: Way
    naive: Way
    case: Literal["turns", "helps", "unclear"]
    rows: list[Row]
    told: list[Row]
    pictures: list[Strip]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where a study does not have both."""
    grid = study.grid
    names = [s for s in SHOWN if s in grid.transferring]
    if not set(PREPARATIONS) <= set(grid.problems) or not names or PLAIN not in grid.strategies:
        return None
    alike, naive = (_way(study, name) for name in PREPARATIONS)
    rows = [_row(study, n, s) for n in grid.sizes for s in (*names, PLAIN, BASELINE) if s in grid.strategies]
    tested = [row["difference"] for row in rows if row["difference"] and row["difference"]["p_different"] is not None]
    turns = alike["better"] > alike["worse"] and naive["worse"] > naive["better"]
    helps = bool(tested) and all(c["verdict"] == "better" for c in tested)
    told = min(grid.sizes, key=lambda n: abs(math.log(n / LABELS)))
    first, second = (strips(study, name) for name in PREPARATIONS)
    return {
        "alike": alike,
        "naive": naive,
        "case": "turns" if turns else "helps" if helps else "unclear",
        "rows": rows,
        "told": [row for row in rows if row["n_target"] == told and row["difference"]],
        "pictures": _together(first, second),
    }


def _way(study: Study, problem: str) -> Way:
    facts: dict[str, Any] = study.facts(problem).get("inputs") or {}
    verdicts = [
        c["verdict"]
        for n in study.grid.sizes
        for s in study.grid.transferring
        if (c := study.pairs[n, (problem, s), (problem, PLAIN)])["p_different"] is not None
    ]
    zero = study.measures[problem].get("zero-shot")
    return {
        "name": problem,
        "largest_mean_shift": facts.get("largest_mean_shift"),
        "largest_input": facts.get("largest_input"),
        "outside": facts.get("outside_source_range"),
        "zero_shot": zero[0]["accuracy"] if zero else None,
        "tested": len(verdicts),
        "better": verdicts.count("better"),
        "worse": verdicts.count("worse"),
    }


def _row(study: Study, n: int, strategy: str) -> Row:
    k = study.grid.sizes.index(n)
    alike, naive = (study.measures[problem][strategy][k]["accuracy"] for problem in PREPARATIONS)
    transfers = strategy in study.grid.transferring
    sides = [(problem, strategy) for problem in PREPARATIONS]
    return {
        "n_target": n,
        "strategy": strategy,
        "alike": alike,
        "naive": naive,
        "difference": study.pairs[n, sides[0], sides[1]] if transfers else None,
    }


def _together(first: Sequence[Strip], second: Sequence[Strip]) -> list[Strip]:
    """Return the target, and the source after each way."""
    named = {"target": "target", **dict(zip(PREPARATIONS, PREPARATIONS, strict=True))}
    found = [(named["target"], [s for s in first if s["task"] == "target"])]
    found += [
        (name, [s for s in of_problem if s["task"] == "source"])
        for name, of_problem in zip(PREPARATIONS, (first, second), strict=True)
    ]
    return [{**strip, "name": name, "alt": f"{strip['alt']}, {name}"} for name, of_task in found for strip in of_task]

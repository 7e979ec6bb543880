"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...table import POINTS_BEHIND, Cell, Table, cell, head, kind_head, shade
from ...tables import problem_columns
from ...winners import Winners
from .advice import Advice
from .quadrants import Quadrant
from .regret import AdviceRegret
from .sensitivity import Outcome, Sensitivity
from .sources import Sources
from .worth import Gain, Worth

#: Points of regret above the smallest at which the shade of a cell changes.
POINTS_ABOVE = tuple(step / 2 for step in POINTS_BEHIND)


def wins(data: Winners) -> Table:
    """Return in how many cells each strategy may be the best."""
    return {
        "columns": [head("strategy", number=False), head("cells in which it may be the best")],
        "rows": [[cell("name", w["strategy"]), cell("count", w["cells"])] for w in data["wins"]],
    }


def advice(data: Advice, contests: Winners) -> Table:
    """Return whether the winners agree with CS231n's advice, one row per problem and one column per size."""
    return {
        "columns": problem_columns(contests["problems"]),
        "rows": [
            [cell("name", p["name"]), cell("number2", p["similarity"]), *(cell("mark", mark) for mark in p["marks"])]
            for p in data["problems"]
        ],
    }


def regrets(ways: Sequence[AdviceRegret]) -> Table:
    """Return the regret of each way of choosing, one row per way."""
    heads = ("regret (points)", "95 % interval", "cells", "seeds")
    return {
        "columns": [head("choose", number=False), head("needs an oracle", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", r["advice"]),
                cell("text", "yes" if r["oracle"] else "no"),
                cell("points", r["mean"]),
                cell("points_interval", r),
                cell("count", r["cells"]),
                cell("count", r["n"]),
            ]
            for r in ways
        ],
    }


def worth(data: Worth) -> Table:
    """Return the regret of following the advice and of fixed rules, and what the advice gains; one row per way."""
    heads = ("regret (points)", "95 % interval, seeds", "the advice gains (points)", "95 % interval, tasks")
    return {
        "columns": [head("choose", number=False), *map(head, heads), head("the advice is", number=False)],
        "rows": [
            [
                cell("text", way["advice"]),
                cell("points", way["mean"]),
                cell("points_interval", way),
                *_gain(way["gain"]),
            ]
            for way in data["ways"]
        ],
    }


def _gain(gain: Gain | None) -> list[Cell]:
    if gain is None:
        return [cell("count", None)] * 3
    return [cell("points", gain["mean"]), cell("points_interval", gain), cell("verdict", gain)]


def source_regrets(data: Sources) -> Table:
    """Return the regret of ways of choosing a source: of all sources and, where that was computed, of all but one."""
    every, harder = regrets(data["regrets"]), {r["advice"]: r for r in data["harder"]}
    if not harder:
        return every
    rest = [
        [cell("points", left["mean"]), cell("points_interval", left)] if left else [cell("count", None)] * 2
        for left in (harder.get(row[0]["value"]) for row in every["rows"])
    ]
    return {
        "columns": [*every["columns"], head("regret, the harder choice"), head("95 % interval, the harder choice")],
        "rows": [row + more for row, more in zip(every["rows"], rest, strict=True)],
    }


def quadrants(found: Sequence[Quadrant]) -> Table:
    """Return how each case of the rule fares, one row per case."""
    heads = ("cells", "agrees", "by chance", "contradicted", "undecided", "regret (points)", "95 % interval")
    return {
        "columns": [head("advice", number=False), head("regret of", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", q["advice"]),
                cell("names", [q["representative"]] if q["representative"] else []),
                cell("count", q["cells"]),
                cell("count", q["agrees"]),
                cell("number2", q["chance"]),
                cell("count", q["contradicted"]),
                cell("count", q["undecided"]),
                cell("points", q["regret"]["mean"]),
                cell("points_interval", q["regret"]),
            ]
            for q in found
        ],
    }


def sensitivity(data: Sensitivity) -> Table:
    """Return how many cells agree, contradict and are undecided, for each pair of thresholds."""
    return _thresholds(data, lambda outcome: cell("tally", outcome))


def sensitive_regret(data: Sensitivity) -> Table:
    """Return what CS231n's rule costs, for the same thresholds; the darker, the cheaper."""
    least = data["least"] or 0.0

    def show(outcome: Outcome) -> Cell:
        cost = outcome["regret"]
        return cell("cost", cost, None if cost["mean"] is None else shade(-cost["mean"], -least, POINTS_ABOVE))

    return _thresholds(data, show)


def _thresholds(data: Sensitivity, show: Callable[[Outcome], Cell]) -> Table:
    return {
        "columns": [head("similar from"), *(kind_head("up_to_per_class", n) for n in data["little"])],
        "rows": [[cell("number2", row["similar_from"]), *map(show, row["cells"])] for row in data["rows"]],
    }

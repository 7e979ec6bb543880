"""Components of variance of replicated cells, and the smallest detectable difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from .... import stats
from ...grid import PLAIN, number
from ...study import Study

__all__ = ["Component", "Detectable", "Ledger", "Numbers", "Power", "PowerRow", "numbers"]

Array = NDArray[np.float64]
Values = Mapping[int, list[float]]  # of replicates, by seed

#: The pairs of which the first that was planned stands for all comparisons.
BEST_KNOWN = (("finetune", PLAIN), ("finetune", "frozen"))
LARGEST_VARIANCE = 0.25  # of accuracies: half are 0 and half are 1


class Component(TypedDict):
    """A component of variance: see `stats.Component`."""

    name: str
    variance: float | None
    low: float | None
    high: float | None
    share: float | None
    seeds: int
    replicates: int
    dropped: int
    reason: Literal["no data", "too few seeds", "no spread", "parts exceed the total"] | None


class Ledger(TypedDict):
    """Where the variance of one cell comes from.

    `parts` end with the rest and the total. `largest` is the purpose that accounts for most, None where none accounts
    for anything; `rivals` are those whose interval reaches its own.
    """

    problem: str
    strategy: str
    n_target: int
    parts: list[Component]
    largest: str | None
    rivals: list[str]


class Detectable(TypedDict):
    """The smallest detectable difference: see `stats.Detectable`."""

    difference: float | None
    sd: float | None
    n: int
    dropped: int
    power: float
    comparisons: int
    reason: stats.Reason | None


class PowerRow(TypedDict):
    """The smallest detectable difference with one number of labels."""

    n_target: int
    smallest: Detectable


class Power(TypedDict):
    """The power of the study for two strategies on a problem, among that many comparisons."""

    problem: str
    first: str
    second: str
    comparisons: int
    power: float
    rows: list[PowerRow]


class Numbers(TypedDict):
    """A ledger for each cell that was replicated; the power of at most one pair."""

    ledgers: list[Ledger]
    power: list[Power]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where there are neither replicates nor a pair to compare."""
    ledgers, power = _ledgers(study), _power(study)
    return {"ledgers": ledgers, "power": power} if ledgers or power else None


def _ledgers(study: Study) -> list[Ledger]:
    cells: dict[tuple[str, str, int], dict[str, dict[int, list[float]]]] = {}
    for row in study.replicates:
        value = number(row, "accuracy")
        if row["status"] == "ok" and value is not None:
            purposes = cells.setdefault((row["problem"], row["strategy"], row["n_target"]), {})
            purposes.setdefault(row["varied"], {}).setdefault(row["seed"], []).append(value)
    return [_ledger(study, *cell, purposes) for cell, purposes in cells.items()]


def _ledger(study: Study, problem: str, strategy: str, n: int, purposes: Mapping[str, Values]) -> Ledger:
    own = [number(row, "accuracy") for row in study.grid.ok(problem, strategy, n).values()]
    components = stats.variance_components(
        [v for v in own if v is not None], {p: _table(seeds) for p, seeds in purposes.items()}
    )
    parts = [_component(c) for c in components.parts]
    ranked = sorted((c for c in parts if c["variance"]), key=lambda c: -(c["variance"] or 0.0))
    low = ranked[0]["low"] if ranked else None
    return {
        "problem": problem,
        "strategy": strategy,
        "n_target": n,
        "parts": [*parts, _component(components.rest), _component(components.total)],
        "largest": ranked[0]["name"] if ranked else None,
        "rivals": [c["name"] for c in ranked[1:] if low is None or c["high"] is None or c["high"] >= low],
    }


def _table(seeds: Values) -> Array:
    """Return replicates, (seeds, most replicates of a seed), NaN where one is missing."""
    table = np.full((len(seeds), max(map(len, seeds.values()))), np.nan)
    for k, values in enumerate(seeds.values()):
        table[k, : len(values)] = values
    return table


def _component(c: stats.Component) -> Component:
    """Return a component whose interval ends where variances of numbers between 0 and 1 do."""
    return {
        "name": c.name,
        "variance": c.variance,
        "low": c.low,
        "high": None if c.high is None else min(c.high, LARGEST_VARIANCE),
        "share": c.share,
        "seeds": c.seeds,
        "replicates": c.replicates,
        "dropped": c.dropped,
        "reason": c.reason,
    }


def _power(study: Study) -> list[Power]:
    """Return the power for the best-known pair of strategies, on the first problem of the plan."""
    grid = study.grid
    pairs = [(a, b) for a, b in BEST_KNOWN if {a, b} <= set(grid.strategies)]
    if not pairs or len(grid.seeds) < 2:
        return []
    (first, second), problem = pairs[0], grid.problems[0]
    comparisons = max([1, *(c["together"] for c in study.pairs.family("question", problem))])
    a, b = study.curve(problem, first), study.curve(problem, second)
    rows: list[PowerRow] = [
        {
            "n_target": n,
            "smallest": _detectable(stats.smallest_difference(a[:, k], b[:, k], comparisons=comparisons)),
        }
        for k, n in enumerate(grid.sizes)
    ]
    return [
        {
            "problem": problem,
            "first": first,
            "second": second,
            "comparisons": comparisons,
            "power": rows[0]["smallest"]["power"],
            "rows": rows,
        }
    ]


def _detectable(d: stats.Detectable) -> Detectable:
    return {
        "difference": d.difference,
        "sd": d.sd,
        "n": d.n,
        "dropped": d.dropped,
        "power": d.power,
        "comparisons": d.comparisons,
        "reason": d.reason,
    }

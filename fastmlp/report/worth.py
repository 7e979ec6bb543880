"""What pretraining is worth in labels, where strategies cross, and where the variance of an accuracy comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stats import crossover, label_equivalence, seeds_to_decide, smallest_difference, variance_components
from .grid import PLAIN, Grid, Row, number

__all__ = ["ledgers", "power", "worth"]

Json = dict[str, Any]
Array = NDArray[np.float64]

FEWEST_SIZES = 3  # that a learning curve needs
CROSSINGS = (("frozen", "finetune"), ("bitfit", "finetune"), ("finetune", PLAIN), ("frozen", PLAIN))
DRAWS = 199  # resamples of a curve where there are many; the package's own number where there are few
MANY_CURVES = 12
LARGEST_VARIANCE = 0.25  # of accuracies: half are 0 and half are 1


def worth(grid: Grid, problem: str, strategies: Sequence[str], *, many: bool) -> Json | None:
    """Label equivalence of some strategies with scratch, and where some pairs of curves cross.

    Returns
    -------
    dict or None
        `equivalences` and `crossovers`; None with fewer than three sizes or without scratch.
    """
    if len(grid.sizes) < FEWEST_SIZES or PLAIN not in grid.strategies:
        return None
    options: dict[str, int] = {"draws": DRAWS} if many else {}
    reference = _curve(grid, problem, PLAIN)
    equivalences = []
    for s in strategies:
        overall, each = label_equivalence(grid.sizes, _curve(grid, problem, s), reference, **options)
        equivalences.append({"strategy": s, "overall": asdict(overall), "each": [asdict(e) for e in each]})
    crossings = [
        {
            "first": a,
            "second": b,
            **asdict(crossover(grid.sizes, _curve(grid, problem, a), _curve(grid, problem, b), **options)),
        }
        for a, b in CROSSINGS
        if {a, b} <= set(grid.strategies)
    ]
    return {"equivalences": equivalences, "crossovers": crossings}


def _curve(grid: Grid, problem: str, strategy: str) -> Array:
    """Accuracies, (seeds, sizes), NaN where a trial is missing."""
    x = np.full((len(grid.seeds), len(grid.sizes)), np.nan)
    for k, n in enumerate(grid.sizes):
        found = grid.ok(problem, strategy, n)
        for s, seed in enumerate(grid.seeds):
            value = number(found[seed], "accuracy") if seed in found else None
            x[s, k] = np.nan if value is None else value
    return x


def ledgers(grid: Grid, rows: Sequence[Row]) -> list[Json]:
    """Where the variance of an accuracy comes from, for every cell that was replicated."""
    cells: dict[tuple[str, str, int], dict[str, dict[int, list[float]]]] = {}
    for row in rows:
        value = number(row, "accuracy")
        if row.get("varied") and row["status"] == "ok" and value is not None:
            purposes = cells.setdefault((row["problem"], row["strategy"], row["n_target"]), {})
            purposes.setdefault(row["varied"], {}).setdefault(row["seed"], []).append(value)
    return [_ledger(grid, *cell, purposes) for cell, purposes in cells.items()]


def _ledger(grid: Grid, problem: str, strategy: str, n: int, purposes: Mapping[str, Mapping[int, list[float]]]) -> Json:
    own = [number(row, "accuracy") for row in grid.ok(problem, strategy, n).values()]
    found = variance_components([v for v in own if v is not None], {p: _table(seeds) for p, seeds in purposes.items()})
    parts = [_possible(asdict(c)) for c in (*found.parts, found.rest, found.total)]
    known = sorted((c for c in parts[:-2] if c["variance"]), key=lambda c: -c["variance"])
    low = known[0]["low"] if known else None
    return {
        "problem": problem,
        "strategy": strategy,
        "n_target": n,
        "parts": parts,
        "largest": known[0]["name"] if known else None,
        "rivals": [c["name"] for c in known[1:] if low is None or c["high"] is None or c["high"] >= low],
    }


def _possible(component: Json) -> Json:
    """The same with an interval that ends where variances of numbers between 0 and 1 do."""
    high = component["high"]
    return {**component, "high": None if high is None else min(high, LARGEST_VARIANCE)}


def _table(seeds: Mapping[int, list[float]]) -> Array:
    """Replicates, (seeds, most replicates of a seed), NaN where one is missing."""
    table = np.full((len(seeds), max(map(len, seeds.values()))), np.nan)
    for k, values in enumerate(seeds.values()):
        table[k, : len(values)] = values
    return table


def power(grid: Grid, problem: str, first: str, second: str, margin: float, comparisons: int) -> list[Json]:
    """The smallest difference that could have been seen, and how many seeds would decide, a row a size."""
    a, b = _curve(grid, problem, first), _curve(grid, problem, second)
    return [
        {
            "n_target": n,
            "smallest": asdict(smallest_difference(a[:, k], b[:, k], comparisons=comparisons)),
            "needed": asdict(seeds_to_decide(a[:, k], b[:, k], margin=margin, comparisons=comparisons)),
        }
        for k, n in enumerate(grid.sizes)
    ]

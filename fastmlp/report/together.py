"""Parts of the summary that look at all problems together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .comparisons import FEW, Comparisons
from .grid import BASELINE, PLAIN, Grid
from .worth import MANY_CURVES, power, worth

__all__ = ["absent", "add_worth", "freezing", "known", "overview", "power_of", "rule_families", "verdicts"]

Json = dict[str, Any]


def add_worth(grid: Grid, problems: Sequence[Json]) -> None:
    """Add label equivalences to each problem: of what transfers, or where that is much, of two that stand for it."""
    names = [s for s in grid.contestants if s != PLAIN]
    shown = [s for s in ("frozen", "finetune") if s in names] or names[:2]
    shown = names if len(names) <= FEW else shown
    many = len(shown) * len(problems) > MANY_CURVES
    for p in problems:
        p["worth"] = worth(grid, p["name"], shown, many=many) if names and p["finished"] else None


def power_of(grid: Grid, margin: float, problems: Sequence[Json]) -> list[Json]:
    """What the study could have seen between its two best-known strategies, on the first problem."""
    pairs = [(a, b) for a, b in (("finetune", PLAIN), ("finetune", "frozen")) if {a, b} <= set(grid.strategies)]
    if not pairs or len(grid.seeds) < 2:
        return []
    (first, second), name = pairs[0], problems[0]["name"]
    comparisons = max([1, *(c["together"] for c in problems[0]["comparisons"]["question"])])
    rows = power(grid, name, first, second, margin, comparisons)
    chance = rows[0]["smallest"]["power"]
    return [
        {"problem": name, "first": first, "second": second, "comparisons": comparisons, "power": chance, "rows": rows}
    ]


def absent(problems: Sequence[Json], late: Json) -> list[str]:
    """The chapters for which there is no data."""
    looked_into = [row for p in problems if p["inside"] for row in p["inside"]["rows"]]
    there = {
        "axis": len(problems) > 1,
        "negative": bool(late["negative"]),
        "general": bool(late["general"]),
        "gradient": bool(late["gradient"]),
        "layers": bool(late["layers"]),
        "inside": any(row["cka"] for row in looked_into),
        "soon": any(row["soon"]["reached"] for row in looked_into),
        "labels": any(p["worth"] and p["worth"]["equivalences"] for p in problems),
        "ledger": bool(late["ledgers"]),
        "tuning": any(p["tuning"] for p in problems),
        "peers": bool(late["peers"]),
        "pictures": any(p["pictures"] for p in problems),
    }
    return [name for name, has in there.items() if not has]


def known(similarity: float | None) -> float:
    """A similarity to sort by; what is not known comes last."""
    return -9.0 if similarity is None else similarity


def overview(problems: Sequence[Json]) -> Json:
    """In how many cells the best network beats the baseline or is beaten."""
    tops = [size["against_baseline"] for p in problems for size in p["answer"]["sizes"]]
    return {
        "cells": len(tops),
        "baseline_better": tops.count("worse"),
        "network_better": tops.count("better"),
    }


def freezing(grid: Grid, made: Comparisons) -> dict[str, list[Json]]:
    """finetune against frozen at the smallest and the largest size of each problem that has both."""
    if not {"frozen", "finetune"} <= set(grid.strategies):
        return {p: [] for p in grid.problems}
    asked = [(n, (p, "finetune"), (p, "frozen")) for p in grid.problems for n in grid.sizes]
    found = dict(zip(asked, made.family(asked), strict=True))
    known = {p: [c for (_, (q, _), _), c in found.items() if q == p and c["n"]] for p in grid.problems}
    return {p: cs if len(cs) < 2 else [cs[0], cs[-1]] for p, cs in known.items()}


def rule_families(grid: Grid) -> list[Json]:
    """The rules of what transfers, and of its controls, by family in the order of the plan."""
    families: dict[str, Json] = {}
    for s, rule in grid.rules.items():
        if s not in {BASELINE, PLAIN} and not rule["plain"]:
            known = rule["known"] and not rule.get("own")
            name = rule["family"] if known else s
            families.setdefault(name, {"family": name, "known": known, "rules": []})["rules"].append(rule)
    return list(families.values())


def verdicts(problems: Sequence[Json]) -> Json:
    """Of all comparisons that had two seeds, how many came to no verdict."""
    every = [c for p in problems for family in p["comparisons"].values() for c in family if c["n"] >= 2]
    return {"compared": len(every), "undecided": sum(c["verdict"] == "undecided" for c in every)}

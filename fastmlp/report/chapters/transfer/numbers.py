"""Frozen against fine-tuned, the rules of strategies by family, their training losses, hashes of what was frozen."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from ...grid import BASELINE, PLAIN, Grid
from ...measures import TrainingCurve, training_curves
from ...pairs import Comparison
from ...strategies import Rule
from ...study import Study

__all__ = ["Family", "Freezing", "Hashes", "Numbers", "numbers"]


class Freezing(TypedDict):
    """On one problem, finetune minus frozen at the smallest and at the largest size that has both."""

    name: str
    comparisons: list[Comparison]


class Family(TypedDict):
    """The rules of one family of strategies. A strategy of the user's own is a family by itself, and not `known`."""

    family: str
    known: bool
    rules: list[Rule]


class Hashes(TypedDict):
    """In how many trials frozen parameters were hashed before and after, and in how many they were the same."""

    checked: int
    unchanged: int


class Numbers(TypedDict):
    """Problems in the order of the plan, families too; `curves` by problem, at its smallest and its largest size."""

    freezing: list[Freezing]
    families: list[Family]
    hashes: Hashes
    curves: dict[str, list[TrainingCurve]]


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    grid = study.grid
    return {
        "freezing": [{"name": p, "comparisons": _freezing(study, p)} for p in grid.problems],
        "families": _families(grid),
        "hashes": _hashes(grid),
        "curves": {p: _curves(grid, p) for p in grid.problems},
    }


def _freezing(study: Study, problem: str) -> list[Comparison]:
    pairs = [c for c in study.pairs.family("freezing", problem) if c["n"]]
    return pairs if len(pairs) < 2 else [pairs[0], pairs[-1]]


def _families(grid: Grid) -> list[Family]:
    """Return the rules of what transfers, and of its controls, by family."""
    families: dict[str, Family] = {}
    for s, rule in grid.rules.items():
        if s not in {BASELINE, PLAIN} and not rule["plain"]:
            known = rule["known"] and not rule.get("own")
            name = rule["family"] if known else s
            families.setdefault(name, {"family": name, "known": known, "rules": []})["rules"].append(rule)
    return list(families.values())


def _hashes(grid: Grid) -> Hashes:
    hashes = ((row.get("frozen_before"), row.get("frozen_after")) for row in grid.trials.rows())
    checked = Counter(before == after for before, after in hashes if before)
    return {"checked": checked.total(), "unchanged": checked[True]}


def _curves(grid: Grid, problem: str) -> list[TrainingCurve]:
    """Return the losses of what is trained by epochs, at the smallest and the largest size that have any."""
    curves = training_curves(grid, problem)
    sizes = [c["n_target"] for c in curves]  # they rise
    return [c for c in curves if c["n_target"] in {sizes[0], sizes[-1]}]

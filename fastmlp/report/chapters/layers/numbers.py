"""Accuracy by depth, and Yosinski's differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ...grid import number
from ...measures import Mean, mean_of
from ...pairs import Comparison, Pair, transplanted, yosinski_pairs
from ...study import Study

__all__ = ["Depth", "Numbers", "Protocol", "ProtocolRow", "Series", "drawn", "numbers"]

DRAWN = 6  # series that one drawing can hold


class Depth(Mean):
    """Mean accuracy with k layers."""

    k: int


class Series(TypedDict):
    """One family of strategies on one problem; `change` is the deepest minus the shallowest."""

    problem: str
    family: str
    n_target: int
    points: list[Depth]
    change: Comparison


class ProtocolRow(TypedDict):
    """Yosinski's differences with k layers copied.

    `fragile` is base B minus BnB, what broken co-adaptation costs; `specific` is BnB minus AnB; `recovered` is BnB+
    minus base B; `beyond_random` is AnB minus frozen random layers.
    """

    k: int
    fragile: Comparison
    specific: Comparison
    recovered: Comparison
    beyond_random: Comparison


class Protocol(TypedDict):
    """Yosinski's experiment at the largest size."""

    n_target: int
    rows: list[ProtocolRow]


class Numbers(TypedDict):
    """Series of every problem and family; the protocol, or None where the study is not that experiment."""

    series: list[Series]
    protocol: Protocol | None


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None without a family of strategies of several depths."""
    series = _series(study)
    return {"series": series, "protocol": _protocol(study)} if series else None


def _series(study: Study) -> list[Series]:
    grid, n = study.grid, study.grid.sizes[-1]
    all_series: list[Series] = []
    for p, family, members in transplanted(grid):
        points: list[Depth] = [
            {**mean_of([number(row, "accuracy") for row in grid.ok(p, s, n).values()]), "k": k} for k, s in members
        ]
        if any(point["n"] for point in points):
            change = study.pairs[Pair(n, (p, members[-1][1]), (p, members[0][1]))]
            all_series.append({"problem": p, "family": family, "n_target": n, "points": points, "change": change})
    return all_series


def _protocol(study: Study) -> Protocol | None:
    by_depth: dict[int, dict[str, Comparison]] = {}
    for k, kind, pair in yosinski_pairs(study.grid):
        by_depth.setdefault(k, {})[kind] = study.pairs[pair]
    rows: list[ProtocolRow] = [
        {
            "k": k,
            "fragile": kinds["fragile"],
            "specific": kinds["specific"],
            "recovered": kinds["recovered"],
            "beyond_random": kinds["beyond_random"],
        }
        for k, kinds in by_depth.items()
    ]
    return {"n_target": study.grid.sizes[-1], "rows": rows} if rows else None


def drawn(series: Sequence[Series], problems: Sequence[str]) -> list[Series]:
    """Return the series that one drawing can hold: of the first, the middle and the last problem."""
    shown = {problems[0], problems[len(problems) // 2], problems[-1]} if len(problems) > 3 else set(problems)
    order = list(dict.fromkeys(s["family"] for s in series))
    return sorted((s for s in series if s["problem"] in shown), key=lambda s: order.index(s["family"]))[:DRAWN]

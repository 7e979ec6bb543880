"""Comparisons of two strategies over all sizes: at which of them the first is better, tied, undecided or worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from ....stats import Verdict
from ...pairs import Comparison

__all__ = ["Relation", "relations"]

VERDICTS: tuple[Verdict, ...] = ("better", "worse", "tied", "undecided")


class Relation(TypedDict):
    """Two strategies on one problem.

    `verdicts` are those that occur, `sizes` those at which the two could be compared; a list for each verdict has its
    sizes, and `differences` the mean differences there.
    """

    first: str
    second: str
    verdicts: list[Verdict]
    sizes: list[int]
    better: list[int]
    worse: list[int]
    tied: list[int]
    undecided: list[int]
    differences: dict[str, list[float | None]]


def relations(comparisons: Iterable[Comparison]) -> list[Relation]:
    """Return a relation for each pair of strategies that could be compared."""
    pairs: dict[tuple[str, str], list[Comparison]] = {}
    for c in comparisons:
        if c["n"]:
            pairs.setdefault((c["first"], c["second"]), []).append(c)
    return [_relation(first, second, compared) for (first, second), compared in pairs.items()]


def _relation(first: str, second: str, compared: Sequence[Comparison]) -> Relation:
    by_verdict = {verdict: [c for c in compared if c["verdict"] == verdict] for verdict in VERDICTS}
    sizes = {verdict: [c["n_target"] for c in of_it] for verdict, of_it in by_verdict.items()}
    return {
        "first": first,
        "second": second,
        "verdicts": [verdict for verdict in VERDICTS if by_verdict[verdict]],
        "sizes": sorted(c["n_target"] for c in compared),
        "better": sizes["better"],
        "worse": sizes["worse"],
        "tied": sizes["tied"],
        "undecided": sizes["undecided"],
        "differences": {verdict: [c["mean"] for c in by_verdict[verdict]] for verdict in ("better", "worse")},
    }

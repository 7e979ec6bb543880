"""The answer that the verdicts of one problem allow.

Here verdicts become cases; templates hold one sentence for each case. No threshold and no number is in a template, and
no word is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from .comparisons import FEW
from .grid import Grid, number

__all__ = ["HEADLINES", "SIZE_CASES", "answer"]

Json = dict[str, Any]

#: What can be said about the contestants at one size. Each has its sentence in the templates.
SIZE_CASES = ("nothing", "single", "unreplicated", "clear", "tied", "undecided")

#: What can be said about all sizes together.
HEADLINES = (
    "no_network",
    "nothing",
    "single",
    "unreplicated",
    "best_everywhere",
    "tied_everywhere",
    "undecided_everywhere",
    "never_behind",
    "depends",
)

VERDICTS = ("better", "worse", "tied", "undecided")


def answer(
    grid: Grid,
    problem: str,
    comparisons: Mapping[str, list[Json]],
    cells: Mapping[tuple[str, int], Json],
    transfer: Sequence[Json],
) -> Json:
    """What the verdicts say: for each size, over all sizes, and about baseline, scratch and scaler.

    Parameters
    ----------
    grid, problem, comparisons
        What was compared.
    cells
        The contests of the matrix, which decide where there are too many strategies to compare each with each.
    transfer
        What transfers, minus scratch: see `negative`.

    Returns
    -------
    dict
        `headline` and `groups` answer the question; `baseline`, `transfer`, `scaler` and `weights` are lists of
        relations, each a pair of strategies with the sizes at which the first is better, tied, undecided and worse.
    """
    known = {(c["n_target"], c["first"]): c["verdict"] for c in comparisons["baseline"] if c["n"]}
    few = len(grid.contestants) <= FEW
    sizes = [
        _at_size(grid, problem, n, comparisons["question"]) if few else _by_winners(n, cells[problem, n])
        for n in grid.sizes
    ]
    for size in sizes:
        size["against_baseline"] = known.get((size["n_target"], size["top"]))
    beaten = [n for n in grid.sizes if any(known.get((n, c)) == "better" for c in grid.contestants)]
    return {
        "sizes": sizes,
        "groups": _groups(sizes),
        "headline": _headline(grid, sizes),
        "baseline_wins": [s["n_target"] for s in sizes if s["against_baseline"] == "worse"],
        "baseline_beaten": beaten,
        "baseline_unbeaten": [n for n in dict.fromkeys(n for n, _ in known) if n not in beaten],
        "baseline": _relations(comparisons["baseline"]),
        "transfer": _relations(transfer),
        "scaler": _relations(comparisons["scaler"]),
        "weights": _relations(comparisons["weights"]),
    }


def _at_size(grid: Grid, problem: str, n: int, question: Sequence[Json]) -> Json:
    """The contestants at one size, against the one with the highest mean: set apart, tied, undecided, behind."""
    means = {s: _mean_accuracy(grid, problem, s, n) for s in grid.contestants}
    present = {s: mean for s, mean in means.items() if mean is not None}
    result: Json = {"n_target": n, "top": None, "leaders": [], "tied": [], "undecided": [], "behind": []}
    if not present:
        return result | {"case": "nothing"}
    top = max(present, key=lambda s: present[s])
    result["top"] = top
    if len(present) == 1:
        return result | {"case": "single"}
    place = {"better": "behind", "tied": "tied", "undecided": "undecided", "worse": "undecided"}
    at_size = [c for c in question if c["n_target"] == n and top in {c["first"], c["second"]}]
    for c in at_size:
        other = c["second"] if c["first"] == top else c["first"]
        if other in present:
            result[place[_seen_from(c, top)]].append(other)
    result["leaders"] = [s for s in grid.contestants if s in {top, *result["tied"]}]
    if not any(c["n"] >= 2 for c in at_size):
        return result | {"case": "unreplicated"}
    return result | {"case": "undecided" if result["undecided"] else "tied" if result["tied"] else "clear"}


def _by_winners(n: int, cell: Json) -> Json:
    """The same from the winners of the cell."""
    result = {"n_target": n, **{k: cell[k] for k in ("top", "tied", "undecided", "behind")}}
    result["leaders"] = [cell["top"], *cell["tied"]] if cell["top"] else []
    case = {"no data": "nothing", "single strategy": "single"}.get(cell["reason"] or "")
    if not case and cell["n"] < 2:
        case = "unreplicated"
    return result | {"case": case or ("undecided" if cell["undecided"] else "tied" if cell["tied"] else "clear")}


def _seen_from(comparison: Json, strategy: str) -> str:
    """The verdict about `strategy`, whichever side of the comparison it is on."""
    verdict: str = comparison["verdict"]
    if comparison["first"] == strategy:
        return verdict
    return {"better": "worse", "worse": "better"}.get(verdict, verdict)


def _mean_accuracy(grid: Grid, problem: str, strategy: str, n: int) -> float | None:
    values = [number(row, "accuracy") for row in grid.ok(problem, strategy, n).values()]
    kept = [value for value in values if value is not None]
    return sum(kept) / len(kept) if kept else None


def _groups(sizes: Sequence[Json]) -> list[Json]:
    """Neighbouring sizes with the same answer, told together."""

    def same(size: Json) -> tuple[Any, ...]:
        told = size["leaders"] if size["case"] == "tied" else [size["top"], *size["tied"]]
        return size["case"], told, size["undecided"], size["behind"], size["against_baseline"]

    groups = [list(members) for _, members in groupby(sizes, key=same)]
    return [{**members[0], "sizes": [m["n_target"] for m in members]} for members in groups]


def _headline(grid: Grid, sizes: Sequence[Json]) -> Json:
    """One case for all the sizes that have something to compare, and the strategies it names."""
    if not grid.contestants:
        return {"case": "no_network", "strategies": [], "sizes": []}
    compared = [s for s in sizes if s["case"] in {"clear", "tied", "undecided"}]
    if not compared:
        cases = {s["case"] for s in sizes}
        case = next((c for c in ("unreplicated", "single") if c in cases), "nothing")
        return {"case": case, "strategies": list(dict.fromkeys(s["top"] for s in sizes if s["top"])), "sizes": []}
    in_front = [c for c in grid.contestants if all(c in {*s["leaders"], *s["undecided"]} for s in compared)]
    if not any(s["behind"] for s in compared):
        case = "undecided_everywhere" if any(s["undecided"] for s in compared) else "tied_everywhere"
    elif all(s["case"] == "clear" for s in compared) and in_front:
        case = "best_everywhere"
    else:
        case = "never_behind" if in_front else "depends"
    return {"case": case, "strategies": in_front, "sizes": [s["n_target"] for s in compared]}


def _relations(comparisons: Iterable[Json]) -> list[Json]:
    """For each pair, the sizes at which the first is better, worse, tied, undecided, and by how much it differs there.

    `told` names the verdicts that occur, `all` the sizes that could be compared.
    """
    relations: dict[tuple[str, str], Json] = {}
    for c in comparisons:
        if c["n"]:
            relation = relations.setdefault((c["first"], c["second"]), {"first": c["first"], "second": c["second"]})
            relation.setdefault(c["verdict"], []).append({"n_target": c["n_target"], "mean": c["mean"]})
    return [_told(relation) for relation in relations.values()]


def _told(relation: Json) -> Json:
    """The same relation with its sizes and differences in lists, ready to be put into words."""
    found = {v: relation.get(v, []) for v in VERDICTS}
    return {
        "first": relation["first"],
        "second": relation["second"],
        "told": [v for v in VERDICTS if found[v]],
        "all": sorted(c["n_target"] for cases in found.values() for c in cases),
        **{v: [c["n_target"] for c in cases] for v, cases in found.items()},
        "by": {v: [c["mean"] for c in found[v]] for v in ("better", "worse")},
    }

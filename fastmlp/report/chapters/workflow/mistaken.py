"""What a mistake in the preparation of inputs costs: the same trials, with it and without."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from ...measures import Mean
from ...pairs import Comparison, is_same
from ...study import Study

__all__ = ["Mistake", "Mistaken", "mistaken"]


class Mistake(TypedDict):
    """One mistake, one strategy, one number of labels: accuracy without it and with it, and with it minus without."""

    problem: str
    strategy: str
    n_target: int
    right: Mean
    wrong: Mean
    difference: Comparison


class Mistaken(TypedDict):
    """All of them, the dearest first.

    `does` says in words what each problem's mistake is, None where that was not noted; `counts` has how many
    differences have each verdict, or are the same on every seed; `worst` is the largest loss that is shown, if one is.
    """

    does: dict[str, str | None]
    rows: list[Mistake]
    counts: dict[str, int]
    tested: int
    worst: Mistake | None


def mistaken(study: Study) -> Mistaken | None:
    """Compare each problem whose inputs are prepared with a mistake with the one without; None if there are no two."""
    grid = study.grid
    rows = [_mistake(study, wrong, s, n) for wrong in grid.mistaken for n in grid.sizes for s in grid.transferring]
    if not rows:
        return None
    rows.sort(key=lambda row: (row["difference"]["mean"] is None, row["difference"]["mean"] or 0.0))
    tested = [row["difference"] for row in rows if row["difference"]["n"]]
    counts = Counter("same" if is_same(difference) else difference["verdict"] for difference in tested)
    return {
        "does": {p: (study.facts(p).get("backbone") or {}).get("mistake") for p in grid.mistaken},
        "rows": rows,
        "counts": {verdict: counts[verdict] for verdict in ("worse", "better", "tied", "undecided", "same")},
        "tested": len(tested),
        "worst": next((row for row in rows if row["difference"]["verdict"] == "worse"), None),
    }


def _mistake(study: Study, wrong: str, strategy: str, n: int) -> Mistake:
    place, right = study.grid.sizes.index(n), study.grid.mistaken[wrong]
    return {
        "problem": wrong,
        "strategy": strategy,
        "n_target": n,
        "right": study.measures[right][strategy][place]["accuracy"],
        "wrong": study.measures[wrong][strategy][place]["accuracy"],
        "difference": study.pairs[n, (wrong, strategy), (right, strategy)],
    }

"""The effects of claims as a table for a forest plot: each in the column of its outcome."""

from __future__ import annotations

from ..table import Cell, Table, cell, head
from .judge import IN_POINTS, Judged, Outcome, Tally

__all__ = ["forest"]

OUTCOMES: tuple[Outcome, ...] = ("reproduced", "not reproduced at this scale", "undecided")


def forest(data: Tally, *, in_points: bool) -> Table:
    """Return the effect of each claim that was tested, in the column of its outcome, one row per claim.

    Claims about accuracies are `in_points`, the others are numbers without a unit.
    """
    claims = [claim for card in data["cards"] for claim in card["claims"]]
    rows = [
        [cell("name", claim["name"]), *(_effect(claim, outcome, in_points=in_points) for outcome in OUTCOMES)]
        for claim in claims
        if (claim["measure"] in IN_POINTS) == in_points and claim["outcome"] in OUTCOMES
    ]
    return {"columns": [head("claim", number=False), *map(head, OUTCOMES)], "rows": rows}


def _effect(claim: Judged, outcome: Outcome, *, in_points: bool) -> Cell:
    if claim["outcome"] != outcome:
        return cell("count", None)
    return cell("effect" if in_points else "mean", claim["difference"])

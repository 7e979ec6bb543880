"""The cards, in a study that can test most of the claims."""

from __future__ import annotations

from typing import TypedDict

from ...claims import CLAIMS, Card, Outcome, answerable, judge
from ...study import Study

__all__ = ["Numbers", "numbers", "tally"]


class Numbers(TypedDict):
    """The cards, how many claims there are, and how many had which outcome."""

    cards: list[Card]
    claims: int
    counts: dict[Outcome, int]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where fewer than half of the claims can be tested."""
    return tally(judge(study)) if 2 * len(answerable(study)) >= len(CLAIMS) else None


def tally(cards: list[Card]) -> Numbers:
    """Count the outcomes of cards."""
    found = [claim["outcome"] for card in cards for claim in card["claims"]]
    return {"cards": cards, "claims": len(found), "counts": {one: found.count(one) for one in dict.fromkeys(found)}}

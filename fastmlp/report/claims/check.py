"""Compare verdicts on claims with those that were written down: a change has to be renewed on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from .judge import Card

__all__ = ["Beside", "Change", "beside", "changes", "written"]


class Change(TypedDict):
    """A claim whose outcome is not what was written down; None where it was not, or is no longer, among the claims."""

    name: str
    written: str | None
    found: str | None


class Beside(TypedDict):
    """The claims of which another study of the same claims found something else.

    Of these `opposed` counts those that one of the two reproduces and the other does not. Of the others, one of the two
    could not decide.
    """

    changes: list[Change]
    opposed: int


def written(cards: Sequence[Card]) -> dict[str, str]:
    """Return what is written down: the outcome of each claim by its name."""
    return {claim["name"]: claim["outcome"] for card in cards for claim in card["claims"]}


def changes(cards: Sequence[Card], before: Mapping[str, str]) -> list[Change]:
    """Return the claims whose outcome has changed, in the order of the claims; those that are gone come last.

    Examples
    --------
    >>> changes([], {"kumar-drift": "reproduced"})
    [{'name': 'kumar-drift', 'written': 'reproduced', 'found': None}]
    """
    now = written(cards)
    return [
        {"name": name, "written": before.get(name), "found": now.get(name)}
        for name in {**now, **before}
        if before.get(name) != now.get(name)
    ]


def beside(cards: Sequence[Card], before: Mapping[str, str]) -> Beside:
    """Return where what was written down of another study differs from these cards.

    Examples
    --------
    >>> beside([], {"kumar-drift": "reproduced"})
    {'changes': [{'name': 'kumar-drift', 'written': 'reproduced', 'found': None}], 'opposed': 0}
    """
    found, decided = changes(cards, before), {"reproduced", "not reproduced at this scale"}
    return {"changes": found, "opposed": sum({c["written"], c["found"]} == decided for c in found)}

"""Families of names that end in a number: ``partial-2`` belongs to ``partial-k``, ``rotated-30`` to ``rotated-A``.

A number has one spelling: ``partial-02`` and ``rotated-30.0`` are refused, because one thing under two names would be
compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, TypeVar

from .errors import UnknownName

Make = TypeVar("Make")


@dataclass(frozen=True)
class Family(Generic[Make]):
    """Members that differ in a number.

    Parameters
    ----------
    make
        What makes a member from its number; the room that owns the family decides how it is called.
    letter
        Stands for the number in the family's name.
    low, high
        Bounds of the number, both included.
    whole
        Whether the number is a whole one.
    numbers
        The members that the family's name stands for; None if that depends on something else.
    """

    make: Make
    letter: str = "k"
    low: float = 1
    high: float = inf
    whole: bool = True
    numbers: tuple[int, ...] | None = None

    def pattern(self, stem: str) -> str:
        """Return how a refusal lists the family: ``partial-k`` or ``rotated-A (0 to 180)``."""
        bounds = "" if self.high == inf else f" ({self.low:g} to {self.high:g})"
        return f"{stem}-{self.letter}{bounds}"

    def read(self, text: str) -> float | None:
        """Return the number that a text stands for, however it is spelled; None if it is none of this family's."""
        with suppress(ValueError):  # not a number, or one of thousands of digits
            value = int(text) if self.whole else float(text) + 0.0  # without the sign of a zero
            return value if self.low <= value <= self.high else None
        return None


@dataclass(frozen=True)
class Member(Generic[Make]):
    """A name that a family reads: the family, the number, and the one spelling of the name."""

    family: Family[Make]
    number: float
    spelling: str


def find_member(name: str, families: Mapping[str, Family[Make]]) -> Member[Make] | None:
    """Return what a family reads in a name, whose spelling may be wrong; None if no family reads it.

    Examples
    --------
    >>> find_member("rotated-30.0", {"rotated": Family(None, "A", 0, 180, whole=False)}).spelling
    'rotated-30'
    """
    for stem, family in families.items():
        start, dash, text = name.partition(f"{stem}-")
        if dash and not start and (number := family.read(text)) is not None:
            return Member(family, number, f"{stem}-{repr(number).removesuffix('.0')}")
    return None


def get_member(name: str, kind: str, rows: Iterable[str], families: Mapping[str, Family[Make]]) -> Member[Make]:
    """Return a member of a family by name.

    Parameters
    ----------
    name
        Of the member.
    kind
        What a refusal calls it.
    rows
        Names that are no family's, for the refusal.
    families
        By the part of the name before the number.

    Raises
    ------
    UnknownName
        If no family has it, or it is spelled in another way, with the nearest name.
    """
    member = find_member(name, families)
    if member is not None and member.spelling == name:
        return member
    spelled = [] if member is None else [member.spelling]
    raise UnknownName(kind, name, [*spelled, *rows, *patterns(families)])


def patterns(families: Mapping[str, Family[Any]]) -> Iterator[str]:
    """Go through the families as a refusal lists them."""
    return (family.pattern(stem) for stem, family in families.items())


def why_taken(name: str, rows: Iterable[str], families: Mapping[str, Family[Any]]) -> str | None:
    """Return why a user's own row cannot have a name; None if it can.

    A name that only begins as a family's does, such as ``lora-big``, is free; what looks like a member is not, because
    reports group members by their names.
    """
    if name in rows:
        return f"{name!r} exists already"
    if (member := find_member(name, families)) is not None:
        same = "exists already" if member.spelling == name else f"reads as {member.spelling!r}, which exists already"
        return f"{name!r} {same}"
    for stem, family in families.items():
        if name in {stem, f"{stem}-{family.letter}".lower()}:
            return f"{name!r} is the name of a family, {family.pattern(stem)}"
        if name.startswith(f"{stem}-") and _is_number(name.removeprefix(f"{stem}-")):
            return f"{name!r} looks like a member of a family, {family.pattern(stem)}"
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

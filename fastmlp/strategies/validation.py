"""What each field of a strategy and of its phases may hold, and the check of a value against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..checks import is_real, is_whole, plain, to_float
from ..errors import FieldError, UnknownName, shown


class Words(NamedTuple):
    """One of a few words."""

    known: tuple[str, ...]


class Number(NamedTuple):
    """A number of a kind, from the least to the most; the least itself is not allowed if it must be above."""

    kind: type[int | float]
    least: float
    most: float
    above: bool = False


STRATEGY: Mapping[str, Words | Number | type[bool]] = MappingProxyType(
    {
        "start": Words(("pretrained", "random", "meanvar")),
        "head": Words(("new", "source")),
        "layers": Number(int, 1, 1000),
        "cut": bool,
        "unfreeze": Words(("schedule", "plateau")),
        "held_back": Number(float, 0, 0.9),
        "scaler": Words(("source", "target")),
    }
)
PHASE: Mapping[str, Number] = MappingProxyType(
    {
        "head": Number(float, 0, 1e6),
        "body": Number(float, 0, 1e6),
        "biases": Number(float, 0, 1e6),
        "frozen": Number(int, 0, 1000),
        "divisor": Number(float, 0, 1e6, above=True),
        "pull": Number(float, 0, 1e12),
        "rank": Number(int, 0, 1000),
        "share": Number(float, 0, 1, above=True),
        "patience": Number(int, 1, 1_000_000),
    }
)
FIELDS: Mapping[str, Mapping[str, Words | Number | type[bool]]] = MappingProxyType(
    {"Strategy": STRATEGY, "Phase": PHASE}
)


def check_fields(part: Any) -> None:
    """Check the fields of a `Strategy` or a `Phase`, and convert their scalars to Python's own types.

    None is allowed where it has a meaning: as a default, and as the start of a baseline.

    Raises
    ------
    FieldError
        At the first field that holds a value it may not, with the value.
    """
    owner = type(part).__name__
    for field in fields(part):
        value = getattr(part, field.name)
        converted: object
        if value is None and (field.default is None or field.name == "start"):
            continue
        match FIELDS[owner].get(field.name):
            case Words(known):
                converted = _word(owner, field.name, value, known)
            case Number() as number:
                converted = _number(owner, field.name, value, number)
            case type():
                converted = _truth(owner, field.name, value)
            case None:  # phases, which are checked where they are known
                continue
        object.__setattr__(part, field.name, converted)


def _word(owner: str, name: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise FieldError(owner, name, f"must be text, not {shown(value)}")
    if value not in known:
        raise FieldError(owner, name, str(UnknownName(name, value, known)))
    return str(value)


def _number(owner: str, name: str, value: Any, number: Number) -> float:
    if not (is_whole(value) if number.kind is int else is_real(value)):
        called = "a whole number" if number.kind is int else "a number"
        raise FieldError(owner, name, f"must be {called}, not {shown(value)}")
    converted = int(value) if number.kind is int else to_float(value)
    if converted > number.most:
        raise FieldError(owner, name, f"must be at most {number.most:g}, not {shown(plain(value))}")
    if not (converted > number.least or (converted == number.least and not number.above)):
        bound = f"{'above' if number.above else 'at least'} {number.least:g}"
        raise FieldError(owner, name, f"must be {bound}, not {shown(plain(value))}")
    return converted


def _truth(owner: str, name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise FieldError(owner, name, f"must be true or false, not {shown(value)}")
    return bool(value)

"""What each field of a strategy and of its phases may hold: one table, and the refusal of all else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, NamedTuple

from ..errors import FieldError, UnknownName


class Words(NamedTuple):
    """One of a few words."""

    known: tuple[str, ...]


class Number(NamedTuple):
    """A number of a kind, from the least to the most; or above the least, which is then left out."""

    kind: type[int | float]
    least: float
    most: float
    above: bool = False


FIELDS: Mapping[str, Words | Number | type[bool]] = MappingProxyType(
    {
        "start": Words(("pretrained", "random", "meanvar")),
        "layers": Number(int, 1, 1000),
        "cut": bool,
        "unfreeze": Words(("schedule", "plateau")),
        "held_back": Number(float, 0, 0.9),
        "scaler": Words(("source", "target")),
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
KINDS: Mapping[type, tuple[Any, str]] = {int: (Integral, "a whole number"), float: (Real, "a number")}


def check_fields(part: Any) -> None:
    """Refuse a field of a `Strategy` or a `Phase` that holds what it may not; numbers become Python's own.

    None is allowed where it stands for something: as a default, and as the start of a baseline.

    Raises
    ------
    FieldError
        At the first field, with its value.
    """
    owner = type(part).__name__
    for field in fields(part):
        value = getattr(part, field.name)
        if value is None and (field.default is None or field.name == "start"):
            continue
        match FIELDS.get(field.name):
            case Words(known):
                _check_word(owner, field.name, value, known)
            case Number() as number:
                _check_number(owner, field.name, value, number)
                object.__setattr__(part, field.name, number.kind(value))
            case type() if not isinstance(value, bool):
                raise FieldError(owner, field.name, f"must be true or false, not {value!r}")


def _check_word(owner: str, name: str, value: Any, known: tuple[str, ...]) -> None:
    if not isinstance(value, str):
        raise FieldError(owner, name, f"must be text, not {value!r}")
    if value not in known:
        raise FieldError(owner, name, str(UnknownName(name, value, known)))


def _check_number(owner: str, name: str, value: Any, number: Number) -> None:
    kind, called = KINDS[number.kind]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise FieldError(owner, name, f"must be {called}, not {value!r}")
    if value > number.most:
        raise FieldError(owner, name, f"must be at most {number.most:g}, not {value!r}")
    if not (value > number.least or (value == number.least and not number.above)):
        raise FieldError(
            owner, name, f"must be {'above' if number.above else 'at least'} {number.least:g}, not {value!r}"
        )

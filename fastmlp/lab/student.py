"""A student's functions, called with copies of their arguments, and what a check says when they are wrong."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from .texts import at


class Mistake(Exception):
    """A check failed.

    Parameters
    ----------
    key
        Its sentence in the texts: a known mistake, or what was seen if it is none of them.
    where, seen, expected
        The smallest numbers that show it; empty if the sentence says it all.
    facts
        What the sentence mentions.
    """

    def __init__(self, key: str, where: str = "", seen: object = "", expected: object = "", **facts: object) -> None:
        super().__init__(key)
        self.key, self.facts = key, facts
        self.numbers = (where, short(seen), short(expected)) if where else None


def short(value: object) -> str:
    """Return a number with four digits, an array with its first few, and anything else as it is."""
    if isinstance(value, np.ndarray | list | tuple):
        flat = np.asarray(value).ravel()
        return "[" + ", ".join(map(short, flat[:6].tolist())) + (", ...]" if flat.size > 6 else "]")
    if isinstance(value, float | np.floating):
        return f"{float(value):.4g}"
    return str(value)[:200]


class Student:
    """The functions in a namespace.

    Parameters
    ----------
    namespace
        Global names of a notebook or of a file.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.namespace = namespace

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function with copies of arrays; generators, networks and scalers are handed on as they are.

        Raises
        ------
        Mistake
            If it is missing, not written yet, raises, or changes one of the arrays.
        """
        function = self.namespace.get(name)
        if not callable(function):
            raise Mistake("missing", function=name)
        copies = [_copy(argument) for argument in arguments]
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                value = function(*copies)
        except NotImplementedError as error:
            raise Mistake("not_written", function=name, error=str(error)) from error
        except Exception as error:
            raise Mistake("raised", **_described(name, error)) from error
        for before, after in zip(arguments, copies, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=True):
                raise Mistake("input_changed", at("its_first_values"), after, before, function=name)
        if value is None:
            raise Mistake("returns_nothing", function=name)
        return value


def _copy(argument: Any) -> Any:
    return argument.copy() if isinstance(argument, np.ndarray) else argument


def _described(name: str, error: Exception) -> dict[str, str]:
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames[1:] if not frame.filename.endswith(("numpy", "sklearn"))] or frames
    place = f"line {inside[0].lineno}" + (f", {inside[0].line}" if inside[0].line else "")
    return {"function": name, "error": f"{type(error).__name__}: {error}"[:300], "place": place}


def pair(value: Any, function: str, what: str) -> tuple[Any, Any]:
    """Unpack what returns two things.

    Raises
    ------
    Mistake
        If it does not.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Mistake("not_a_pair", function=function, what=what, kind=type(value).__name__)
    return value[0], value[1]


def number(value: Any, function: str) -> float:
    """Return a single number.

    Raises
    ------
    Mistake
        If it is none.
    """
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.size != 1:
        raise Mistake("not_a_number", function=function, kind=type(value).__name__)
    return float(array.ravel()[0])


def floats(value: Any, function: str, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return an array of a shape.

    Raises
    ------
    Mistake
        If it is none, or has another shape.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise Mistake("not_an_array", function=function, kind=type(value).__name__) from None
    if array.shape != shape:
        raise Mistake("shape", at("shape"), str(array.shape), str(shape), function=function)
    return array


def snapshot(value: Any) -> Any:
    """Return a copy of a network or scaler, of whatever kind, that later changes do not reach."""
    return deepcopy(value)

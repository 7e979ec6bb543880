"""A student's functions, called with copies of their arguments, and what a check says when they are wrong."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .texts import at

Floats = NDArray[np.float64]


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
        try:
            flat = np.asarray(value).ravel()
        except ValueError:  # its parts have shapes of their own
            return str(value)[:200]
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

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace

    @contextmanager
    def standing_in(self, functions: Mapping[str, Any]) -> Iterator[None]:
        """Replace functions in the namespace for a while."""
        kept = {name: self.namespace[name] for name in functions if name in self.namespace}
        try:
            self.namespace.update(functions)
            yield
        finally:
            for name in functions.keys() - kept.keys():
                del self.namespace[name]
            self.namespace.update(kept)

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


def pair_with_number(value: Any, function: str, what: str, place: int) -> tuple[Any, float]:
    """Unpack what returns two things, at `place` (0 or 1) a number; return the other thing, then the number.

    Raises
    ------
    Mistake
        If there are not two, if the other one is the number, or if none is.
    """
    both = pair(value, function, what)
    if _number(both[place]) is None and _number(both[1 - place]) is not None:
        raise Mistake("pair_swapped", function=function, what=what)
    return both[1 - place], number(both[place], function)


def number(value: Any, function: str) -> float:
    """Return a single number.

    Raises
    ------
    Mistake
        If it is none.
    """
    found = _number(value)
    if found is None:
        raise Mistake("not_a_number", function=function, kind=type(value).__name__)
    return found


def _number(value: Any) -> float | None:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None
    return float(array.ravel()[0]) if array.size == 1 else None


def array(value: Any, function: str) -> Floats:
    """Return an array of numbers, of whatever shape.

    Raises
    ------
    Mistake
        If it is none.
    """
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise Mistake("not_an_array", function=function, kind=type(value).__name__) from None


def floats(value: Any, function: str, shape: tuple[int, ...]) -> Floats:
    """Return an array of a shape.

    Raises
    ------
    Mistake
        If it is none, or has another shape.
    """
    found = array(value, function)
    if found.shape != shape:
        raise Mistake("shape", at("shape"), str(found.shape), str(shape), function=function)
    return found


def table(value: Any, function: str, rows: int) -> Floats:
    """Return an array of so many rows, (rows, anything).

    Raises
    ------
    Mistake
        If it is none, or has another shape.
    """
    found = array(value, function)
    if found.ndim != 2 or len(found) != rows:
        raise Mistake("shape", at("shape"), str(found.shape), f"({rows}, ...)", function=function)
    return found


def snapshot(value: Any) -> Any:
    """Return a copy of a network or scaler, of whatever kind, that later changes do not reach."""
    return deepcopy(value)

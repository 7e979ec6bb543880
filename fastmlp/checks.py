"""Refusals of arguments: what is wrong, with the values that disagree, before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from .errors import InvalidInput, ShapeError, UnknownName
from .inputs import as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .layout import Ints

# What counts as a number here; asking numbers.Integral and numbers.Real takes ten times as long.
WHOLE = int, np.integer
REAL = (*WHOLE, float, np.floating)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number, of Python's or of NumPy's; true and false are none."""
    return isinstance(value, WHOLE) and not isinstance(value, bool)


def check_sizes(sizes: object) -> tuple[int, ...]:
    """Return layer sizes as whole numbers.

    Raises
    ------
    ShapeError
        If there are fewer than two, or one is none or below 1.
    """
    given = () if isinstance(sizes, str) or not isinstance(sizes, Iterable) else tuple(sizes)
    if len(given) < 2 or not all(is_whole(size) and size >= 1 for size in given):
        raise ShapeError(f"a network needs two or more layer sizes, each a whole number of at least 1, not {sizes!r}")
    return tuple(map(int, given))


def check_dtype(dtype: Any, known: Collection[str]) -> np.dtype[Any]:
    """Return a dtype of NumPy's.

    Raises
    ------
    UnknownName
        If it is none of those that are known.
    """
    for name in known:
        with suppress(TypeError):  # NumPy knows no such dtype
            if dtype is not None and np.dtype(dtype) == name:
                return np.dtype(name)
    raise UnknownName("dtype", dtype, known)


def check_order(order: ArrayLike, epochs: int, n: int) -> Ints:
    """Return the order in which examples are visited, as int64 (epochs, n).

    Raises
    ------
    ShapeError, InvalidInput
        If the shape is another, or it names examples that do not exist.
    """
    rows = as_array("order", order)
    if rows.shape != (epochs, n) or rows.dtype.kind not in "iu":
        raise ShapeError(
            f"order is {rows.dtype} of shape {rows.shape}; integers (epochs, n) = ({epochs}, {n}) are needed"
        )
    if rows.min() < 0 or rows.max() >= n:
        raise InvalidInput(f"order goes from {rows.min()} to {rows.max()}; there are examples 0 to {n - 1}")
    return np.ascontiguousarray(rows, dtype=np.int64)


def at_least_one(name: str, value: object) -> int:
    """Return a whole number.

    Raises
    ------
    InvalidInput
        If it is not one, or below 1.
    """
    if not is_whole(value) or value < 1:
        raise InvalidInput(f"{name} is {value!r}; it must be a whole number of at least 1")
    return int(value)


def in_range(name: str, value: object, *, above: float | None = None, least: float = 0, below: float = np.inf) -> float:
    """Return a number between two bounds.

    Raises
    ------
    InvalidInput
        If it lies outside, or is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, REAL):
        raise InvalidInput(f"{name} is {value!r}; it must be a number")
    low, says = (least, f"at least {least}") if above is None else (above, f"above {above}")
    if not (value < below and (value > low if above is not None else value >= low)):
        raise InvalidInput(f"{name} is {value}; it must be {says} and below {below}")
    return float(value)

"""Check arguments before anything is computed, and convert scalars to Python's own types.

Whatever a public function is given goes through here once. What comes out is an ``int``, a ``float``, a ``bool``, a
``str`` or an array of a known dtype, so nothing behind it depends on the type that the caller used.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from .errors import InvalidInput, ShapeError, UnknownName, shown
from .inputs import as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .layout import Ints

# Python's and NumPy's numbers. Asking numbers.Integral and numbers.Real takes ten times as long.
WHOLE = int, np.integer
REAL = (*WHOLE, float, np.floating)
LARGEST = 2**63 - 1
MOST_PARAMETERS = 2**36  # a quarter of a terabyte in float32, so that a slip of the keyboard is refused and not tried


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number of Python's or NumPy's; True and False are not numbers."""
    return isinstance(value, WHOLE) and not isinstance(value, bool)


def is_real(value: object) -> TypeGuard[float]:
    """Whether a value is a real number of Python's or NumPy's; True and False are not numbers."""
    return isinstance(value, REAL) and not isinstance(value, bool)


def at_least_one(name: str, value: object) -> int:
    """Return a whole number of at least 1, which int64 can hold, as an ``int``.

    Raises
    ------
    InvalidInput
        If it is not one.
    """
    if not is_whole(value) or value < 1:
        raise InvalidInput(f"{name} is {shown(plain(value))}; it must be a whole number of at least 1")
    if value > LARGEST:
        raise InvalidInput(f"{name} is {shown(plain(value))}; it must be at most {LARGEST}")
    return int(value)


def at_most(name: str, value: object, most: int) -> int:
    """Return a whole number from 1 to `most` as an ``int``.

    Raises
    ------
    InvalidInput
        If it is not one.
    """
    number = at_least_one(name, value)
    if number > most:
        raise InvalidInput(f"{name} is {shown(number)}; it must be at most {most}")
    return number


def at_least_one_or_none(name: str, value: object) -> int | None:
    """Return a whole number of at least 1, see `at_least_one`, or None.

    Raises
    ------
    InvalidInput
        If it is something else.
    """
    return None if value is None else at_least_one(name, value)


def in_range(
    name: str,
    value: object,
    *,
    above: float | None = None,
    least: float = 0,
    below: float = np.inf,
    most: float | None = None,
) -> float:
    """Return a number between two bounds as a ``float``.

    Parameters
    ----------
    name
        Of the argument, for the message.
    value
        The number.
    above, least
        Lower bound: the number must be greater than `above`, or at least `least` if `above` is None.
    below, most
        Upper bound: the number must be less than `below`, or at most `most` if that is given.

    Raises
    ------
    InvalidInput
        If it is outside, or is not a number.
    """
    if not is_real(value):
        raise InvalidInput(f"{name} is {shown(value)}; it must be a number")
    number = to_float(value)
    fits = (number < below if most is None else number <= most) and (
        number > above if above is not None else number >= least
    )
    if not fits:
        says = f"at least {least}" if above is None else f"above {above}"
        high = f"below {below}" if most is None else f"at most {most}"
        raise InvalidInput(f"{name} is {shown(plain(value))}; it must be {says} and {high}")
    return number


def true_or_false(name: str, value: object) -> bool:
    """Return a truth value of Python's or NumPy's as a ``bool``.

    Raises
    ------
    InvalidInput
        If it is not one.
    """
    if not isinstance(value, bool | np.bool_):
        raise InvalidInput(f"{name} is {shown(value)}; it must be True or False")
    return bool(value)


def check_name(kind: str, name: object, known: Collection[str]) -> str:
    """Return a name that is in a table as a ``str``.

    Raises
    ------
    UnknownName
        If it is not text, or not in the table.
    """
    if not isinstance(name, str) or name not in known:
        raise UnknownName(kind, name, known)
    return str(name)


def plain(value: object) -> object:
    """Return a scalar of NumPy's as Python's own, and anything else unchanged."""
    return value.item() if isinstance(value, np.generic) else value


def to_float(value: float) -> float:
    """Return a number as a ``float``; a whole number beyond its range becomes infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def check_sizes(sizes: object) -> tuple[int, ...]:
    """Return layer sizes as whole numbers.

    Raises
    ------
    ShapeError
        If there are fewer than two, one is not a whole number of at least 1, or they need too many parameters.
    """
    given: tuple[Any, ...] = ()
    with suppress(TypeError):  # not a sequence
        given = () if isinstance(sizes, str) else tuple(sizes)  # type: ignore[arg-type]
    if len(given) < 2 or not all(is_whole(size) and size >= 1 for size in given):
        raise ShapeError(
            f"a network needs two or more layer sizes, each a whole number of at least 1, not {shown(sizes)}"
        )
    whole = tuple(map(int, given))
    if sum((n_in + 1) * n_out for n_in, n_out in pairwise(whole)) > MOST_PARAMETERS:
        raise ShapeError(f"sizes {shown(sizes)} need more than {MOST_PARAMETERS} parameters")
    return whole


def check_dtype(dtype: Any, known: Collection[str]) -> np.dtype[Any]:
    """Return a dtype of NumPy's.

    Raises
    ------
    UnknownName
        If it is not one of the known ones.
    """
    for name in known:
        with suppress(Exception):  # NumPy does not know such a dtype; what it raises depends on the value
            if dtype is not None and np.dtype(dtype) == name:
                return np.dtype(name)
    raise UnknownName("dtype", dtype, known)


def check_order(order: ArrayLike, epochs: int, n: int) -> Ints:
    """Return the order in which examples are visited, as int64 (epochs, n).

    Raises
    ------
    ShapeError, InvalidInput
        If the shape is different, or it names examples that do not exist.
    """
    rows = as_array("order", order)
    if rows.shape != (epochs, n) or rows.dtype.kind not in "iu":
        wanted = f"({shown(epochs)}, {n})"
        raise ShapeError(f"order is {rows.dtype} of shape {rows.shape}; integers (epochs, n) = {wanted} are needed")
    if rows.min() < 0 or rows.max() >= n:
        raise InvalidInput(f"order goes from {rows.min()} to {rows.max()}; there are examples 0 to {n - 1}")
    return np.ascontiguousarray(rows, dtype=np.int64)

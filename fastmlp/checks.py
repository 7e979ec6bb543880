"""Refusals of arguments: what is wrong, with the values that disagree, before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from .errors import InvalidInput, LabelError, NotFiniteError, ShapeError, UnknownName

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .layout import Floats, Ints

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


def check_inputs(X: ArrayLike, n_features: int, dtype: DTypeLike) -> Floats:
    """Return inputs as a contiguous array (n, n_features) of a dtype.

    Raises
    ------
    ShapeError, InvalidInput, NotFiniteError
        If the shape is another, there are no examples, or a value is not a finite real number in that dtype.
    """
    x = _as_array("X", X)
    if x.dtype.kind not in "fiub":
        raise InvalidInput(f"X holds {x.dtype} values; real numbers are needed")
    if x.ndim != 2 or x.shape[1] != n_features:
        raise ShapeError(f"X has shape {x.shape}; the network expects (n, {n_features})")
    if len(x) == 0:
        raise ShapeError(f"X holds 0 examples, shape {x.shape}; at least 1 is needed")
    cast = np.ascontiguousarray(x) if x.dtype == dtype else _cast(x, dtype)
    if not np.isfinite(cast).all():
        row, column = np.argwhere(~np.isfinite(cast))[0]
        raise NotFiniteError(f"X[{row}, {column}] is {x[row, column]}; inputs must be finite in {np.dtype(dtype)}")
    return cast


def _as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ShapeError(f"{name} is no array: {error}") from error


@np.errstate(over="ignore")
def _cast(x: Floats, dtype: DTypeLike) -> Floats:
    """Cast inputs; what is beyond the range of the dtype becomes infinite."""
    return np.ascontiguousarray(x, dtype=dtype)


def check_labels(y: ArrayLike, n: int, n_classes: int) -> Ints:
    """Return labels as int64 (n,).

    Raises
    ------
    ShapeError, LabelError
        If there is not one for each example, or one is not a whole number from 0 to n_classes - 1.
    """
    labels = _as_array("y", y)
    if labels.shape != (n,):
        raise ShapeError(f"y has shape {labels.shape}; X has {n} examples")
    if labels.dtype.kind not in "iub":
        raise LabelError(f"y holds {labels.dtype} values; integer labels are needed")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise LabelError(f"y goes from {labels.min()} to {labels.max()}; the network has classes 0 to {n_classes - 1}")
    return labels.astype(np.int64, copy=False)


def check_trainable(labels: Ints, n_classes: int) -> Ints:
    """Return labels that a network can learn from.

    Raises
    ------
    LabelError
        If there are fewer examples than classes, or one class only.
    """
    if len(labels) < n_classes:
        raise LabelError(f"{len(labels)} examples for {n_classes} classes; at least one for each is needed")
    if labels.min() == labels.max():
        raise LabelError(f"all {len(labels)} labels are {labels[0]}; two or more of the {n_classes} classes are needed")
    return labels


def check_order(order: ArrayLike, epochs: int, n: int) -> Ints:
    """Return the order in which examples are visited, as int64 (epochs, n).

    Raises
    ------
    ShapeError, InvalidInput
        If the shape is another, or it names examples that do not exist.
    """
    rows = _as_array("order", order)
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

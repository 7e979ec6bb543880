"""Inputs and labels as users give them, converted to arrays or refused before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InvalidInput, LabelError, NotFiniteError, ShapeError, shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .layout import Floats, Ints


def check_inputs(X: ArrayLike, n_features: int, dtype: DTypeLike) -> Floats:
    """Return inputs as a contiguous array (n, n_features) of a dtype.

    Raises
    ------
    ShapeError, InvalidInput, NotFiniteError
        If the shape is another, there are no examples, or a value is not a finite real number in that dtype.
    """
    x = as_array("X", X)
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


def as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Return a value as an array of NumPy's; `name` is what a refusal calls it."""
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ShapeError(f"{name} is no array: {error}") from error
    if array.ndim == 0:
        raise ShapeError(f"{name} is {shown(value)}; an array is needed")
    return array


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
    labels = as_array("y", y)
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

"""Datasets of PyTorch, or anything of their shape: pairs of inputs and a label."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from ...errors import InvalidInput, ShapeError, shown
from .array_files import matrix, of_arrays
from .table import Table, Wanted


def is_dataset(data: Any) -> bool:
    """Whether an object is a dataset: one of PyTorch's, or one with a length and items that is no array."""
    of_torch = any(base.__module__.startswith("torch.utils.data") for base in type(data).__mro__)
    pairs = hasattr(type(data), "__getitem__") and hasattr(type(data), "__len__")
    return of_torch or (pairs and not hasattr(data, "__array__") and not isinstance(data, list | tuple | str | dict))


def read_dataset(data: Any, wanted: Wanted) -> Table:
    """Read each example once, (inputs, label); inputs of any shape are made flat.

    If the dataset names its classes, as torchvision's folders do, labels are these names.

    Raises
    ------
    InvalidInput, ShapeError
        If its items are no such pairs, or inputs are of several shapes.
    """
    name = f"the {type(data).__name__}"
    pairs = _pairs(data, name)
    first = next(pairs, None)
    if first is None:
        raise ShapeError(f"{name}: holds no example")
    X, labels = _collect(first, pairs, len(data) if hasattr(type(data), "__len__") else None, name)
    classes = getattr(data, "classes", None)
    if classes is not None and all(isinstance(label, int) and 0 <= label < len(classes) for label in labels):
        labels = [str(classes[label]) for label in labels]
    return of_arrays(name, matrix(X), labels, None, None, wanted)


def _collect(first: tuple[Any, Any], others: Iterator[tuple[Any, Any]], n: int | None, name: str) -> tuple[Any, Any]:
    """Return inputs (n, features) and labels; where the length is known, inputs go straight to their place."""
    labels: list[Any] = []
    rows: Any = [] if n is None else np.empty((n, first[0].size), first[0].dtype)
    for place, (x, label) in enumerate(chain([first], others)):
        if x.shape != first[0].shape:
            raise ShapeError(f"{name}: example {place} has inputs {x.shape}, and the first {first[0].shape}")
        labels.append(label)
        if n is None:
            rows.append(x.ravel())
        else:
            rows[place] = x.ravel()
    return np.asarray(rows), labels


def _pairs(data: Any, name: str) -> Iterator[tuple[Any, Any]]:
    """Yield inputs as arrays, and labels as Python has them."""
    examples = (data[k] for k in range(len(data))) if hasattr(type(data), "__getitem__") else iter(data)
    for place, example in enumerate(examples):
        if not isinstance(example, tuple | list) or len(example) != 2:
            raise InvalidInput(f"{name}: example {place} is {shown(example)}; a pair of inputs and a label is needed")
        x, label = example
        array = np.asarray(x.detach() if hasattr(x, "detach") else x)
        if array.dtype.kind not in "fiub":
            raise InvalidInput(f"{name}: the inputs of example {place} are {shown(x)}; numbers are needed")
        yield array, label.item() if hasattr(label, "item") else label

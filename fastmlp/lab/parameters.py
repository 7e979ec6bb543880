"""The four arrays of a student's network, whatever holds them: a dict, a list, an object, one flat vector.

They are recognised by their shapes, so a check takes sizes that all differ. Weights may be (in, out) or (out, in),
biases (out,), (1, out) or (out, 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .student import Mistake
from .texts import at

Values = dict[str, NDArray[np.float64]]
Sizes = tuple[int, int, int]
DEEPEST = 6


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters of a network of inputs, hidden units and classes."""
    n_inputs, n_hidden, n_classes = sizes
    return {"W1": (n_inputs, n_hidden), "b1": (n_hidden,), "W2": (n_hidden, n_classes), "b2": (n_classes,)}


def arrays_in(value: Any, depth: int = 0) -> Iterator[NDArray[Any]]:
    """Find the arrays of numbers in a network."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            yield value
        elif value.dtype == object:
            for item in value.ravel():
                yield from arrays_in(item, depth + 1)
        return
    if depth > DEEPEST:
        return
    for part in _parts(value):
        yield from arrays_in(part, depth + 1)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple):
        return list(value)
    if hasattr(value, "weights") and hasattr(value, "biases"):
        return [value.weights, value.biases]
    slots = [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
    return [*getattr(value, "__dict__", {}).values(), *slots]


def views(net: Any, sizes: Sizes, function: str) -> Values:
    """Return views of the parameters, W as (in, out) and b as (out,): to write to them changes the network.

    Raises
    ------
    Mistake
        If one of them is not there.
    """
    found: Values = {}
    arrays = list(arrays_in(net))
    wanted = shapes(sizes)
    total = sum(int(np.prod(shape)) for shape in wanted.values())
    for array in arrays:
        if array.shape == (total,):
            stops = np.cumsum([int(np.prod(shape)) for shape in wanted.values()])[:-1]
            parts = zip(wanted.items(), np.split(array, stops), strict=True)
            return {name: part.reshape(shape) for (name, shape), part in parts}
    for name, shape in wanted.items():
        for array in arrays:
            if array.shape == shape:
                found[name] = array
            elif len(shape) == 2 and array.shape == shape[::-1]:
                found[name] = array.T
            elif len(shape) == 1 and array.shape in {(1, *shape), (*shape, 1)}:
                found[name] = array.reshape(shape)
            if name in found:
                break
        else:
            listed = ", ".join(str(array.shape) for array in arrays) or "none"
            raise Mistake(
                "no_parameter",
                at("arrays_of_what_function_returned", function=function),
                listed,
                shape,
                what=name,
                function=function,
            )
    return found


def values(net: Any, sizes: Sizes, function: str) -> Values:
    """Return copies of the parameters in float64."""
    return {name: np.array(view, dtype=np.float64) for name, view in views(net, sizes, function).items()}


def assign(net: Any, sizes: Sizes, new: Values) -> None:
    """Write parameters into a network."""
    for name, view in views(net, sizes, "init_mlp").items():
        view[...] = new[name]


def largest_gap(mine: Values, theirs: Values) -> tuple[str, tuple[int, ...], float]:
    """Return the entry in which two sets of parameters differ most, and by how much of the largest entry."""
    scale = max(float(np.abs(value).max()) for value in theirs.values()) or 1.0
    gaps = {name: np.nan_to_num(np.abs(mine[name] - theirs[name]), nan=np.inf) for name in theirs}
    worst = max(gaps, key=lambda name: float(gaps[name].max()))
    place = tuple(int(i) for i in np.unravel_index(int(gaps[worst].argmax()), gaps[worst].shape))
    return worst, place, float(gaps[worst][place]) / scale


def close(mine: Values, theirs: Values, tolerance: float) -> bool:
    """Whether two sets of parameters agree, relative to the largest entry of the second."""
    return largest_gap(mine, theirs)[2] <= tolerance

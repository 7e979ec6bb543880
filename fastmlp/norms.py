"""Numbers that a network has for each layer, and LayerNorm: rows, normalised to mean 0 and variance 1.

Ba, Kiros & Hinton (2016, arXiv 1607.06450), section 3. Where it is a layer's inputs that are normalised, gain and shift
are no parameters: the linear layer that follows has them in itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .checks import in_range
from .errors import InvalidInput, ShapeError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layout import Floats


def check_by_layer(name: str, given: object, n_layers: int) -> tuple[float, ...]:
    """Return a number from 0 to below 1 for each layer, or () if all are 0.

    Raises
    ------
    ShapeError, InvalidInput
        If there is not one such number for each layer.
    """
    if not isinstance(given, tuple | list):
        raise InvalidInput(f"{name} are {shown(given)}; a number for each layer is needed, or ()")
    if given and len(given) != n_layers:
        raise ShapeError(f"{name} are {shown(given)}; the network has {n_layers} layers")
    numbers = tuple(in_range(name, number, below=1.0) for number in given)
    return numbers if any(numbers) else ()


def normalised(x: Floats, epsilon: float) -> Floats:
    """Return (x - mean) / sqrt(variance + epsilon) of each row, (n, units); x itself if epsilon is 0."""
    if not epsilon:
        return x
    centred = x - x.mean(axis=1, dtype=np.float64, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + epsilon)
    rows: Floats = np.divide(centred, spread, out=np.empty_like(x), casting="same_kind")
    return rows


def stretches(norms: Sequence[float], inner_norms: Sequence[float], depth: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches of layers below a depth in which nothing is normalised but first inputs and last outputs.

    Examples
    --------
    >>> list(stretches((1e-5, 0.0, 1e-5), (), 3)), list(stretches((), (0.0, 1e-5, 0.0), 3)), list(stretches((), (), 3))
    ([(0, 2), (2, 3)], [(0, 2), (2, 3)], [(0, 3)])
    """
    ends = [k for k in range(1, depth) if (norms and norms[k]) or (inner_norms and inner_norms[k - 1])]
    yield from pairwise([0, *ends, depth])

"""LayerNorm: each row of a layer's inputs, normalised to mean 0 and variance 1.

Ba, Kiros & Hinton (2016, arXiv 1607.06450), section 3. Gain and shift are no parameters here: a linear layer follows,
and they are part of it.
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


def check_norms(norms: object, n_layers: int) -> tuple[float, ...]:
    """Return what is added to the variance of each layer's inputs; 0 where they are not normalised, () if none are.

    Raises
    ------
    ShapeError, InvalidInput
        If there is not one number of at least 0 for each layer.
    """
    if not isinstance(norms, tuple | list):
        raise InvalidInput(f"norms are {shown(norms)}; a number for each layer is needed, or ()")
    if norms and len(norms) != n_layers:
        raise ShapeError(f"norms are {shown(norms)}; the network has {n_layers} layers")
    epsilons = tuple(in_range("norms", epsilon, below=1.0) for epsilon in norms)
    return epsilons if any(epsilons) else ()


def normalised(x: Floats, epsilon: float) -> Floats:
    """Return (x - mean) / sqrt(variance + epsilon) of each row, (n, units); x itself if epsilon is 0."""
    if not epsilon:
        return x
    centred = x - x.mean(axis=1, dtype=np.float64, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + epsilon)
    rows: Floats = np.divide(centred, spread, out=np.empty_like(x), casting="same_kind")
    return rows


def stretches(norms: Sequence[float], depth: int) -> Iterator[tuple[int, int, float]]:
    """Yield the stretches of layers below a depth that normalise their first inputs only: (start, stop, epsilon).

    Examples
    --------
    >>> list(stretches((1e-5, 0.0, 1e-5), 3)), list(stretches((), 3))
    ([(0, 2, 1e-05), (2, 3, 1e-05)], [(0, 3, 0.0)])
    """
    places = [layer for layer in range(1, depth) if norms and norms[layer]]
    for start, stop in pairwise([0, *places, depth]):
        yield start, stop, norms[start] if norms else 0.0

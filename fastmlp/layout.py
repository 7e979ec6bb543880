"""Where the parameters of a network lie in its one flat vector.

Layer by layer, weights (in, out) row by row and then the bias (out,)::

    | W1 (64, 64) | b1 (64,) | W2 (64, 10) | b2 (10,) |
      ^ starts[0]              ^ starts[1]             ^ starts[2], n_parameters

A layer that is normalised before its activation has a gain (out,) and a shift (out,) behind its bias.

One vector makes copying, hashing, comparing and freezing a matter of slices: the layers above the first k are
``theta[layout.starts[k]:]``, and they are themselves the vector of a network with layout ``layout.above(k)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """Layer sizes, and the places that follow from them.

    Parameters
    ----------
    sizes
        Units of each layer from the inputs to the outputs: ``(64, 64, 10)`` has two layers of weights.
    rescaled
        Whether each layer of weights has a gain and a shift, (layers,); () if none has.

    Raises
    ------
    ShapeError
        If there are fewer than two sizes, or one is below 1.

    Examples
    --------
    >>> layout = Layout((64, 64, 10))
    >>> layout.n_layers, layout.n_parameters, layout.starts[1]
    (2, 4810, 4160)
    """

    sizes: tuple[int, ...]
    rescaled: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ShapeError(f"a network needs two or more layer sizes, each at least 1, not {self.sizes}")

    @property
    def n_layers(self) -> int:
        """Number of weight matrices."""
        return len(self.sizes) - 1

    @cached_property
    def lengths(self) -> Ints:
        """How many parameters each weight matrix and each bias has, (layers, 2); gain and shift count as the bias."""
        return np.array([(n_in * n_out, n_out * vectors) for n_in, n_out, vectors in self._layers], dtype=np.int64)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First parameter of every layer, and the end."""
        return tuple(accumulate(((n_in + vectors) * n_out for n_in, n_out, vectors in self._layers), initial=0))

    @property
    def n_parameters(self) -> int:
        """Length of the flat vector."""
        return self.starts[-1]

    def above(self, layer: int) -> Layout:
        """Layout of the network that is left when the first layers are taken off."""
        return Layout(self.sizes[layer:], self.rescaled[layer:])

    def views(self, theta: Floats) -> tuple[list[Floats], list[Floats]]:
        """Weight matrices and biases of a flat vector, sharing its memory.

        Parameters
        ----------
        theta : (n_parameters,)

        Returns
        -------
        weights : one (in, out) a layer
        biases : one (out,) a layer
        """
        weights, biases = [], []
        for start, (n_in, n_out) in zip(self.starts, pairwise(self.sizes), strict=False):
            middle = start + n_in * n_out
            weights.append(theta[start:middle].reshape(n_in, n_out))
            biases.append(theta[middle : middle + n_out])
        return weights, biases

    def gains(self, theta: Floats) -> list[Floats | None]:
        """Gain and shift of each layer, (2, out), sharing the memory of a flat vector; None where a layer has none."""
        return [
            theta[end - 2 * n_out : end].reshape(2, n_out) if vectors > 1 else None
            for end, (_, n_out, vectors) in zip(self.starts[1:], self._layers, strict=True)
        ]

    @cached_property
    def _layers(self) -> list[tuple[int, int, int]]:
        """Inputs, outputs, and vectors beside the weights of each layer."""
        rescaled = self.rescaled or (False,) * self.n_layers
        pairs = zip(pairwise(self.sizes), rescaled, strict=True)
        return [(n_in, n_out, 3 if has_gain else 1) for (n_in, n_out), has_gain in pairs]

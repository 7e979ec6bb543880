"""Where the parameters of a network lie in its one flat vector.

Layer by layer, weights (in, out) row by row and then the bias (out,)::

    | W1 (64, 64) | b1 (64,) | W2 (64, 10) | b2 (10,) |
      ^ start(0)               ^ start(1)              ^ n_parameters

One vector makes copying, hashing, comparing and freezing a matter of slices: the layers above the first k are
``theta[layout.start(k):]``, and they are themselves the vector of a network with layout ``layout.above(k)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Ints = NDArray[np.int64]

# The code of an activation or an optimiser, in both backends, is its place in these tuples.
ACTIVATIONS = ("relu", "tanh", "logistic", "identity")
OPTIMIZERS = ("sgd", "adam", "adamw")

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's defaults: Kingma & Ba 2015, algorithm 1; the same in PyTorch
TINY = 1e-30  # a moment below this is zero; left alone it decays into denormal numbers, which slow every step


@dataclass(frozen=True)
class Layout:
    """Layer sizes, and the places that follow from them.

    Parameters
    ----------
    sizes
        Units of each layer from the inputs to the outputs: ``(64, 64, 10)`` has two layers of weights.

    Raises
    ------
    ShapeError
        If there are fewer than two sizes, or one is below 1.

    Examples
    --------
    >>> layout = Layout((64, 64, 10))
    >>> layout.n_layers, layout.n_parameters, layout.start(1)
    (2, 4810, 4160)
    """

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ShapeError(f"a network needs two or more layer sizes, each at least 1, not {self.sizes}")

    @property
    def n_layers(self) -> int:
        """Number of weight matrices."""
        return len(self.sizes) - 1

    @cached_property
    def offsets(self) -> Ints:
        """Where each weight matrix and each bias begins, (layers, 2)."""
        starts, at = [], 0
        for n_in, n_out in zip(self.sizes, self.sizes[1:], strict=False):
            starts.append((at, at + n_in * n_out))
            at += (n_in + 1) * n_out
        return np.array(starts, dtype=np.int64)

    @property
    def n_parameters(self) -> int:
        """Length of the flat vector."""
        return self.start(self.n_layers)

    def start(self, layer: int) -> int:
        """First parameter of a layer, counted from 0; ``start(n_layers)`` is the end."""
        pairs = zip(self.sizes[:layer], self.sizes[1:], strict=False)
        return sum((n_in + 1) * n_out for n_in, n_out in pairs)

    def above(self, layer: int) -> Layout:
        """Layout of the network that is left when the first layers are taken off."""
        return Layout(self.sizes[layer:])

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
        for (w, b), n_in, n_out in zip(self.offsets.tolist(), self.sizes, self.sizes[1:], strict=False):
            weights.append(theta[w:b].reshape(n_in, n_out))
            biases.append(theta[b : b + n_out])
        return weights, biases

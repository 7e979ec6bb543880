"""What lies between the layers of a network besides activations, as backends are told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from .backends import is_own
from .backends.between import BEFORE, BEFORE_KEY, BEHIND, BEHIND_KEY, INNER, N_COLUMNS, NORM, WORDS
from .errors import InvalidInput
from .norms import normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .layout import Floats, Ints, Layout


class HasBetween(Protocol):
    """What is asked of a `Network`."""

    @property
    def norms(self) -> tuple[float, ...]:
        """Epsilons of the norms of inputs."""

    @property
    def inner_norms(self) -> tuple[float, ...]:
        """Epsilons of those before activations."""

    @property
    def dropout(self) -> tuple[float, ...]:
        """Shares of inputs that are dropped."""

    @property
    def norm_dropout(self) -> tuple[float, ...]:
        """Shares of normalised inputs that are dropped."""

    @property
    def layout(self) -> Layout:
        """Where its parameters lie."""


def first_inputs(net: HasBetween, x: Floats, layer: int, keys: Ints | None = None) -> Floats:
    """Return the inputs of a layer, (n, sizes[layer]), for a training of the layers from there on.

    They are normalised, if the layer does that, unless they are to be dropped before.
    """
    return normalised(x, net.norms[layer]) if net.norms and not _drops_before_norm(net, layer, keys) else x


def between_options(
    net: HasBetween, first: int, backend: str, keys: Ints | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return what a backend is told of a network of which the layers from `first` on are trained.

    Parameters
    ----------
    keys : (L, 2)
        Of the masks before and behind the norm of each layer's inputs; None if nothing is to be dropped.

    Raises
    ------
    InvalidInput
        If there is anything to tell, and the backend is a user's own, which has no gradient of it.
    """
    if keys is None and not (net.norms or net.inner_norms):
        return {}
    table = np.zeros((net.layout.n_layers - first, N_COLUMNS))
    if net.norms:
        table[:, NORM] = net.norms[first:]
        table[0, NORM] *= _drops_before_norm(net, first, keys)
    if net.inner_norms:
        table[:, INNER] = net.inner_norms[first:]
    normalises = table.any()
    if keys is not None:
        masks = (net.dropout, BEFORE, BEFORE_KEY), (net.norm_dropout, BEHIND, BEHIND_KEY)
        for (shares, column, place), drawn in zip(masks, keys[first:].T, strict=True):
            if shares:
                table[:, column] = shares[first:]
                table[:, place] = np.where(table[:, column] > 0, drawn, 0)
    if not table.any():
        return {}
    if is_own(backend):
        what = "an inner layer normalises its inputs (LayerNorm)" if normalises else "the network has dropout"
        raise InvalidInput(f"{what}; backend {backend!r} has no gradient of that")
    return {"between": table}


def draw_keys(net: HasBetween, rng: np.random.Generator | None) -> Ints | None:
    """Draw the keys of the masks of a training, (L, 2); None without a generator."""
    return None if rng is None else rng.integers(WORDS, size=(net.layout.n_layers, 2))


def _drops_before_norm(net: HasBetween, layer: int, keys: Ints | None) -> bool:
    return keys is not None and bool(net.dropout) and net.dropout[layer] > 0

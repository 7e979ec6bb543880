"""A phase of a training, resolved for one network.

A phase is three tables with one row per layer and two columns, weights and biases: learning rates, weight decays and
pulls towards the start. Freezing, discriminative rates, unfreezing and penalties are different numbers in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import in_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Layout
    from ..network import Network
    from .options import TrainingOptions

    Table = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Adapters:
    """The factors that a low-rank training starts from: A is drawn and B is zero, so the first output is the base's.

    Parameters
    ----------
    rank
        Columns of every A and rows of every B.
    factors
        One array per layer below the head: A (in, rank), then B (rank, out), row by row.
    """

    rank: int
    factors: tuple[Floats, ...]


def draw_adapters(net: Network, rank: int, rng: np.random.Generator) -> Adapters:
    """Draw A from the normal law with variance 1 / in, and set B to zero (Hu et al. 2021, section 4.1)."""
    return Adapters(
        rank,
        tuple(
            np.concatenate([rng.normal(scale=n_in**-0.5, size=n_in * rank), np.zeros(rank * n_out)]).astype(net.dtype)
            for n_in, n_out in zip(net.sizes[:-2], net.sizes[1:-1], strict=True)
        ),
    )


@dataclass(frozen=True, eq=False)
class ResolvedPhase:
    """One phase, resolved for a network of L layers.

    Parameters
    ----------
    epochs
        How long it lasts at most.
    rates : (L, 2)
        Learning rate of each weight matrix and each bias; where it is zero, no work is done.
    decays : (L, 2)
        Weight decay of each.
    pulls : (L, 2)
        Strength of the pull towards the start of the training (L2-SP), taken as a proximal step.
    patience
        End the phase when the loss on held-back examples has not improved for this many epochs; None runs all epochs.
    adapters
        If given, weights below the head move as W = base + A @ B and the biases there do not move. In all rows but the
        last, the columns of the tables then stand for A and B.
    """

    epochs: int
    rates: Table
    decays: Table
    pulls: Table
    patience: int | None = None
    adapters: Adapters | None = None

    @cached_property
    def trainable(self) -> NDArray[np.bool_]:
        """Which weight matrices and biases are free to move, (L, 2)."""
        free: NDArray[np.bool_] = self.rates != 0
        if self.adapters:
            free[:-1, 0] |= free[:-1, 1]
            free[:-1, 1] = False
        return free

    @cached_property
    def lowest(self) -> int:
        """The lowest layer of which something is free to move; the last one if nothing is."""
        moves = [True in layer for layer in self.trainable.tolist()]
        return moves.index(True) if True in moves else len(moves) - 1

    def free_by_layer(self, layout: Layout) -> list[int]:
        """Count the numbers of each layer that are free to move, (L,); with adapters, those of the factors."""
        counts = list(_count_free(layout, self.trainable.tobytes()))
        if self.adapters:
            counts[:-1] = [part.size * (count > 0) for part, count in zip(self.adapters.factors, counts, strict=False)]
        return counts


@lru_cache(maxsize=256)  # the trials of a study free the same few layers again and again
def _count_free(layout: Layout, trainable: bytes) -> tuple[int, ...]:
    """Count the numbers of each layer that a table frees, (L,)."""
    return tuple((layout.lengths * free_table(trainable)).sum(axis=1).tolist())


@lru_cache(maxsize=256)  # and leave the same parts alone
def frozen_parts(layout: Layout, trainable: tuple[bytes, ...]) -> tuple[slice, ...]:
    """Return where the parameters lie that no table frees; an empty slice at last, if there are none.

    Parameters
    ----------
    trainable
        The bytes of `ResolvedPhase.trainable` of some phases.
    """
    free = np.any([np.zeros((layout.n_layers, 2), np.bool_), *map(free_table, trainable)], axis=0)
    places = accumulate(layout.lengths.ravel().tolist(), initial=0)
    parts = [slice(*ends) for ends in pairwise(places)]
    return (*(part for part, moves in zip(parts, free.ravel().tolist(), strict=True) if not moves), slice(0))


def free_table(trainable: bytes) -> NDArray[np.bool_]:
    """Return the table, (L, 2), whose bytes these are."""
    return np.frombuffer(trainable, np.bool_).reshape(-1, 2)


def resolve_phase(dtype: np.dtype[Any], multipliers: Table, options: TrainingOptions, epochs: int) -> ResolvedPhase:
    """Resolve a phase: multipliers times the learning rate, decay on weight matrices, no pull, no patience, full rank.

    Parameters
    ----------
    dtype
        Of the network that it is resolved for.
    multipliers : (L, 2)
        Of the learning rate, for each weight matrix and each bias.
    options
        Hold the learning rate and the weight decay, or the L2 penalty in its place.
    epochs
        Of this phase.

    Raises
    ------
    InvalidInput
        If the learning rate is not finite in the network's dtype.
    """
    rates = in_range("lr", options.lr, above=0, below=float(np.finfo(dtype).max)) * multipliers
    decays = np.zeros_like(multipliers)
    decays[:, 0] = options.l2 or options.weight_decay
    return ResolvedPhase(epochs, rates, decays, np.zeros_like(multipliers))

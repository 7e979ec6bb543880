"""A phase of a training, resolved for one network, and what all phases of a training share.

A phase is three tables with a row a layer and two columns, weights and bias: learning rates, weight decays and pulls
towards the start. Freezing, discriminative rates, unfreezing and penalties are other numbers in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..checks import at_least_one, in_range
from ..errors import UnknownName
from ..layout import OPTIMIZERS
from ..network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Layout

    Table = NDArray[np.float64]


@dataclass(frozen=True)
class Optimizer:
    """What all phases of a training share.

    Parameters
    ----------
    name
        ``sgd`` (with classical momentum), ``adam`` or ``adamw``; the rules and defaults are PyTorch's.
    batch_size
        Examples in a batch; more than there are means all of them.
    momentum
        Of ``sgd``, in [0, 1).

    Raises
    ------
    UnknownName, InvalidInput
        If the name is unknown or a number is out of range.
    """

    name: str = "sgd"
    batch_size: int = 32
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise UnknownName("optimizer", self.name, OPTIMIZERS)
        at_least_one("batch_size", self.batch_size)
        in_range("momentum", self.momentum, below=1)


@dataclass(frozen=True, eq=False)
class Adapters:
    """What a low-rank training begins with: A drawn, B zero, so that the first output is the base's.

    Parameters
    ----------
    rank
        Columns of every A and rows of every B.
    factors
        Of each layer below the head, A (in, rank) and then B (rank, out), row by row.
    """

    rank: int
    factors: tuple[Floats, ...]


def draw_adapters(net: Network, rank: int, rng: np.random.Generator) -> Adapters:
    """Draw A from the normal law with variance 1 / in, and let B be zero (Hu et al. 2021, section 4.1)."""
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
        How long it lasts, at the most.
    rates : (L, 2)
        Learning rate of each weight matrix and each bias; zero means that no work is done for it.
    decays : (L, 2)
        Weight decay of the same.
    pulls : (L, 2)
        Strength of the pull towards the start of the training (L2-SP), taken as a proximal step.
    patience
        Ends the phase when the loss on held-back examples has not improved for so many epochs; None lets it run.
    adapters
        If there are any, weights below the head move as W = base + A @ B, and the biases there do not: but for the last
        row, the columns of the tables then stand for A and B.
    """

    epochs: int
    rates: Table
    decays: Table
    pulls: Table
    patience: int | None = None
    adapters: Adapters | None = None

    @property
    def trainable(self) -> NDArray[np.bool_]:
        """Which weight matrices and biases are free to move, (L, 2)."""
        free: NDArray[np.bool_] = self.rates != 0
        if self.adapters:
            free[:-1, 0] |= free[:-1, 1]
            free[:-1, 1] = False
        return free

    def free_by_layer(self, layout: Layout) -> list[int]:
        """Count the numbers of each layer that are free to move, the head's last."""
        counts: list[int] = (layout.lengths * self.trainable).sum(axis=1).tolist()
        if self.adapters:
            counts[:-1] = [part.size * (count > 0) for part, count in zip(self.adapters.factors, counts, strict=False)]
        return counts


def resolve_phase(
    net: Network,
    epochs: int,
    multipliers: Table,
    lr: float,
    weight_decay: float,
) -> ResolvedPhase:
    """Resolve a phase: multipliers times the learning rate, decay on weight matrices, no pull, no patience, full rank.

    Raises
    ------
    InvalidInput
        If the rate is not above 0 and finite in the network's dtype, or the decay is negative.
    """
    rates = in_range("lr", lr, above=0, below=float(np.finfo(net.dtype).max)) * multipliers
    decays = np.zeros_like(multipliers)
    decays[:, 0] = in_range("weight_decay", weight_decay)
    return ResolvedPhase(epochs, rates, decays, np.zeros_like(multipliers))

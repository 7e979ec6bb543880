"""Training within low rank: `reference_lora.train_lora`, by PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...registry import CROSS_ENTROPY
from ..reference_lora import factor_sizes, merge
from .optimizers import GroupedOptimizer
from .stages import Between, lora_stages, moving_cells
from .training import StageTraining, moments_of, visits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


def train_lora(
    theta: Floats,
    factors: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
    order: Ints,
    batch_size: int,
    rank: int,
    scale: float,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    base: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    between: NDArray[np.float64] | None = None,
) -> int:
    """See `reference_lora.train_lora`; autograd goes through base + scale * A @ B."""
    lies = None if between is None else Between(between)
    stages = lora_stages(base, factors, sizes, activation, rank, scale, lies)
    cells = moving_cells(stages, stages, rates, decays, np.zeros_like(rates))
    adapters = GroupedOptimizer(cells, optimizer, momentum, nesterov=nesterov)
    moments = moments_of(state, factor_sizes(sizes, rank), rates)
    visits = visits_of(x, y, order, batch_size, sample_weight)
    adapters.load(moments, first)
    done = StageTraining(stages, adapters, visits, losses, weighted=weighted, loss=loss, between=lies).run(first, last)
    adapters.store(moments)
    merge(theta, base, factors, sizes, rank, scale, between)
    return done

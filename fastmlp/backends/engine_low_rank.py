"""A whole training within low rank inside one compiled call; `reference_low_rank` has the mathematics.

The forward pass and the way back to a layer run on the merged weights, as in any training. What is new is thin: with
d the gradient at a layer's outputs, A descends along x.T @ (d @ B.T) and B along (x @ A).T @ d, so both are updates of
a weight matrix of rank columns or rows, and the same tile makes them. The full gradient x.T @ d is never computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .engine import delta_at, try_batch
from .jit import entry, inlined
from .plan import BIAS, COLUMNS, INPUTS, OUTPUTS, ROWS, SOURCE, VALUE, WEIGHT
from .products import affine, descend, descend_bias, pull_back, turn_weights
from .rules import set_update

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints

A, B = range(2)  # columns of a table of places


@entry
def train_low_rank(
    parameters: Floats, base: Floats, factors: Floats, places: Ints, plan: Ints, unit: int, inputs: Floats,
    deltas: Floats, spare: Floats, thin: Floats, row: Floats, labels: Ints, numbers: Floats, activation: int,
    shape: Floats, flat: Floats, optimizer: int, x: Floats, y: NDArray[np.int64], order: Ints, batch_size: int,
    rank: int, width: int, scale: float, rates: NDArray[np.float64], decays: NDArray[np.float64], momentum: float,
    losses: NDArray[np.float64], first: int, last: int,
) -> int:  # fmt: skip
    """Updates `first` to `last` - 1; see `reference_low_rank.train_low_rank`.

    Parameters
    ----------
    parameters
        The merged network, padded, of whose moments only the head's are used.
    base
        The padded weights that are not trained.
    factors
        Padded A (ROWS, width) and B (width, COLUMNS) of each layer at `places`, and zeros at the end.
    thin
        Buffer for x @ A, (batch, width).
    flat
        The shape of the identity, whose slope is 1 everywhere.
    rank, width
        The rank, and the rank rounded up to the unit.
    """
    for s in range(first, last):
        count = try_batch(
            parameters, plan, unit, inputs, deltas, spare, row, labels, activation, shape, x, y, order, batch_size,
            losses, s,
        )  # fmt: skip
        if count == 0:
            return s
        for layer in range(plan.shape[0] - 1, -1, -1):
            here, there = delta_at(deltas, layer), delta_at(deltas, layer + 1)
            if layer > 0:
                turn_weights(spare, parameters, plan[layer, WEIGHT], plan[layer, ROWS], plan[layer, COLUMNS])
                pull_back(
                    deltas, there, here, plan[layer, COLUMNS], spare, count, plan[layer, OUTPUTS], plan[layer, ROWS],
                    inputs, plan[layer, SOURCE], shape,
                )  # fmt: skip
            if layer == plan.shape[0] - 1:
                head(
                    inputs, deltas, here, parameters, plan[layer], count, optimizer, rates[layer], decays[layer],
                    momentum, s + 1, numbers,
                )  # fmt: skip
            else:
                adapt(
                    inputs, deltas, here, spare, thin, factors, places[layer], plan[layer], count, flat, optimizer,
                    rank, width, scale, rates[layer], decays[layer], momentum, s + 1, numbers,
                )  # fmt: skip
                merge(parameters, base, factors, places[layer], plan[layer], spare, rank, width, scale)
    return last


@inlined
def head(
    inputs: Floats, deltas: Floats, here: int, parameters: Floats, layer: Ints, count: int, optimizer: int,
    rate: Floats, decay: Floats, momentum: float, t: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update the head's weights and bias as ever."""
    if rate[0] != 0:
        set_update(numbers, optimizer, rate[0], decay[0], 0.0, momentum, t)
        descend(
            inputs, layer[SOURCE], layer[ROWS], deltas, here, count, parameters, layer[WEIGHT], layer[INPUTS],
            layer[COLUMNS], optimizer, numbers,
        )  # fmt: skip
    if rate[1] != 0:
        set_update(numbers, optimizer, rate[1], decay[1], 0.0, momentum, t)
        descend_bias(deltas, here, count, parameters, layer[BIAS], layer[COLUMNS], optimizer, numbers)


@inlined
def adapt(
    inputs: Floats, deltas: Floats, here: int, spare: Floats, thin: Floats, factors: Floats, place: Ints, layer: Ints,
    count: int, flat: Floats, optimizer: int, rank: int, width: int, scale: float, rate: Floats, decay: Floats,
    momentum: float, t: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update A and B of one layer. Both gradients are taken before either moves."""
    zeros, through = factors.shape[1] - layer[COLUMNS] - width, deltas.size // 2 - thin.size
    affine(
        thin, 0, inputs, layer[SOURCE], layer[ROWS], factors, place[A], zeros, count, layer[INPUTS], width,
        thin.dtype.type(-np.inf),
    )  # fmt: skip
    turn_weights(spare, factors, place[B], width, layer[COLUMNS])
    pull_back(deltas, through, here, layer[COLUMNS], spare, count, layer[OUTPUTS], width, thin, 0, flat)
    for i in range(count * width):
        thin[i] *= scale
        deltas[through + i] *= scale
    if rate[0] != 0:
        set_update(numbers, optimizer, rate[0], decay[0], 0.0, momentum, t)
        descend(
            inputs, layer[SOURCE], layer[ROWS], deltas, through, count, factors, place[A], layer[INPUTS], width,
            optimizer, numbers,
        )  # fmt: skip
    if rate[1] != 0:
        set_update(numbers, optimizer, rate[1], decay[1], 0.0, momentum, t)
        descend(
            thin, 0, width, deltas, here, count, factors, place[B], rank, layer[COLUMNS], optimizer, numbers
        )  # fmt: skip


@inlined
def merge(
    parameters: Floats, base: Floats, factors: Floats, place: Ints, layer: Ints, spare: Floats, rank: int, width: int,
    scale: float,
) -> None:  # fmt: skip
    """W = base + scale * A @ B."""
    zeros, at = factors.shape[1] - layer[COLUMNS] - width, layer[WEIGHT]
    affine(
        spare, 0, factors[VALUE], place[A], width, factors, place[B], zeros, layer[ROWS], rank, layer[COLUMNS],
        spare.dtype.type(-np.inf),
    )  # fmt: skip
    for i in range(layer[ROWS] * layer[COLUMNS]):
        parameters[VALUE, at + i] = base[at + i] + scale * spare[i]

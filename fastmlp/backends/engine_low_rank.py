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
from .padding import narrow, size_of, start_of, widen
from .plan import BIAS, COLUMNS, INPUTS, OUTPUTS, ROWS, SOURCE, WEIGHT
from .products import affine, descend, pull_back, turn
from .rules import ONE, set_update

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints

A, B = range(2)  # columns of a table of places


@entry
def train_low_rank(
    theta: Floats, base: Floats, parameters: Floats, still: Floats, factors: Floats, places: Ints, plan: Ints,
    unit: int, inputs: Floats, deltas: Floats, spare: Floats, thin: Floats, row: Floats, labels: Ints, numbers: Floats,
    activation: int, shape: Floats, flat: Floats, optimizer: int, x: Floats, y: NDArray[np.int64], order: Ints,
    batch_size: int, rank: int, width: int, scale: float, rates: NDArray[np.float64], decays: NDArray[np.float64],
    momentum: float, losses: NDArray[np.float64], first: int, last: int,
) -> int:  # fmt: skip
    """Updates `first` to `last` - 1; see `reference_low_rank.train_low_rank`.

    Parameters
    ----------
    parameters
        Room for the merged network, padded, and for moments, of which only the head's are used.
    still
        Room for the weights that are not trained, padded.
    factors
        Padded A (ROWS, width) and B (width, COLUMNS) of each layer at `places`, and zeros at the end; then moments.
    thin
        Buffer for x @ A, (batch, width).
    flat
        The shape of the identity, whose slope is 1 everywhere.
    rank, width
        The rank, and the rank rounded up to the unit.
    """
    widen(theta, parameters, start_of(parameters), plan)
    widen(base, still, start_of(still), plan)
    done, pieces = last, parameters.size // size_of(plan)
    for s in range(first, last):
        count = try_batch(
            parameters, plan, unit, inputs, deltas, spare, row, labels, activation, shape, x, y, order, batch_size,
            losses, s,
        )  # fmt: skip
        if count == 0:
            done = s
            break
        for layer in range(plan.shape[0] - 1, -1, -1):
            rows, columns, weight = plan[layer, ROWS], plan[layer, COLUMNS], plan[layer, WEIGHT]
            here, there, last_layer = delta_at(deltas, layer), delta_at(deltas, layer + 1), layer == plan.shape[0] - 1
            if layer > 0:
                if not last_layer:
                    turn(spare, start_of(spare), rows, parameters, weight, columns, rows, columns)
                pull_back(
                    deltas, there, here, columns, parameters if last_layer else spare,
                    weight if last_layer else start_of(spare), count, plan[layer, OUTPUTS], rows, inputs,
                    plan[layer, SOURCE], shape,
                )  # fmt: skip
            if last_layer:
                head(
                    inputs, deltas, here, parameters, size_of(plan), plan[layer], count, optimizer, rates[layer],
                    decays[layer], momentum, s + 1, numbers,
                )  # fmt: skip
            else:
                adapt(
                    inputs, deltas, here, spare, thin, factors, factors.size // pieces, places[layer], plan[layer],
                    count, flat, optimizer, rank, width, scale, rates[layer], decays[layer], momentum, s + 1, numbers,
                )  # fmt: skip
                merge(
                    parameters, still, factors, factors.size // pieces, places[layer], plan[layer], spare, rank, width,
                    scale,
                )  # fmt: skip
    narrow(parameters, start_of(parameters), theta, plan)
    return done


@inlined
def head(
    inputs: Floats, deltas: Floats, here: int, parameters: Floats, size: int, layer: Ints, count: int, optimizer: int,
    rate: Floats, decay: Floats, momentum: float, t: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update the head's weights and bias as ever."""
    if rate[0] != 0:
        set_update(numbers, optimizer, rate[0], decay[0], 0.0, momentum, t)
        descend(
            deltas, here, layer[COLUMNS], inputs, layer[SOURCE], count, parameters, size, layer[WEIGHT], layer[OUTPUTS],
            layer[ROWS], optimizer, numbers,
        )  # fmt: skip
    if rate[1] != 0:
        set_update(numbers, optimizer, rate[1], decay[1], 0.0, momentum, t)
        descend(
            numbers, ONE, 0, deltas, here, count, parameters, size, layer[BIAS], 1, layer[COLUMNS], optimizer, numbers
        )  # fmt: skip


@inlined
def adapt(
    inputs: Floats, deltas: Floats, here: int, spare: Floats, thin: Floats, factors: Floats, size: int, place: Ints,
    layer: Ints, count: int, flat: Floats, optimizer: int, rank: int, width: int, scale: float, rate: Floats,
    decay: Floats, momentum: float, t: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update A and B of one layer. Both gradients are taken before either moves."""
    zeros, through = size - layer[COLUMNS] - width, deltas.size // 2 - thin.size
    affine(
        thin, 0, inputs, layer[SOURCE], layer[ROWS], factors, place[A], factors, zeros, count, layer[INPUTS], width,
        thin.dtype.type(-np.inf),
    )  # fmt: skip
    turn(spare, start_of(spare), width, factors, place[B], layer[COLUMNS], width, layer[COLUMNS])
    pull_back(deltas, through, here, layer[COLUMNS], spare, 0, count, layer[OUTPUTS], width, thin, 0, flat)
    for i in range(count * width):
        thin[i] *= scale
        deltas[through + i] *= scale
    if rate[0] != 0:
        set_update(numbers, optimizer, rate[0], decay[0], 0.0, momentum, t)
        descend(
            inputs, layer[SOURCE], layer[ROWS], deltas, through, count, factors, size, place[A], layer[INPUTS], width,
            optimizer, numbers,
        )  # fmt: skip
    if rate[1] != 0:
        set_update(numbers, optimizer, rate[1], decay[1], 0.0, momentum, t)
        descend(
            thin, 0, width, deltas, here, count, factors, size, place[B], rank, layer[COLUMNS], optimizer, numbers
        )  # fmt: skip


@inlined
def merge(
    parameters: Floats, still: Floats, factors: Floats, size: int, place: Ints, layer: Ints, spare: Floats, rank: int,
    width: int, scale: float,
) -> None:  # fmt: skip
    """W = base + scale * A @ B."""
    zeros, at = size - layer[COLUMNS] - width, layer[WEIGHT]
    affine(
        spare, 0, factors, place[A], width, factors, place[B], factors, zeros, layer[ROWS], rank, layer[COLUMNS],
        spare.dtype.type(-np.inf),
    )  # fmt: skip
    for i in range(layer[ROWS] * layer[COLUMNS]):
        parameters[at + i] = still[at + i] + scale * spare[i]

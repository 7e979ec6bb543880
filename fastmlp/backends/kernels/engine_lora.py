"""A whole training within low rank inside one compiled call; `reference_lora` has the mathematics.

The forward pass and the backward pass down to a layer use the merged weights, as in any training. What is new is thin:
with d the gradient at a layer's outputs, the gradient of A is x.T @ (d @ B.T) and that of B is (x @ A).T @ d. So both
are updates of a weight matrix of `rank` columns or rows, and the same tile computes them. The full gradient x.T @ d
is never computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..coefficients import ONE
from ..jit import entry, inlined
from .engine import delta_start, forward_and_loss
from .memory import (
    BIAS,
    COLUMNS,
    INPUTS,
    OUTPUTS,
    ROWS,
    SOURCE,
    WEIGHT,
    pad,
    padded_size,
    unpad,
    zero_offset,
)
from .optimizer import set_clock, set_coefficients
from .products import affine, backward_input, transpose, update_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..codegen.types import Tile

A, B = range(2)  # columns of a table of places


@entry
def train_lora(
    tile: Tile, theta: Floats, base: Floats, parameters: Floats, frozen: Floats, factors: Floats, places: Ints,
    table: Ints, unit: int, inputs: Floats, deltas: Floats, spare: Floats, projection: Floats, scratch: Floats,
    labels: Ints, coefficients: Floats, clock: NDArray[np.float64], activation: int, activation_row: Floats,
    identity_row: Floats, optimizer: int, x: Floats, y: NDArray[np.int64], order: Ints, batch_size: int, rank: int,
    width: int, scale: float, rates: NDArray[np.float64], decays: NDArray[np.float64], momentum: float,
    losses: NDArray[np.float64], first: int, last: int,
) -> int:  # fmt: skip
    """Make the updates `first` to `last` - 1; see `reference_lora.train_lora`.

    Parameters
    ----------
    parameters
        Memory for the merged network, padded, and for moments, of which only the head's are used.
    frozen
        Memory for the weights that are not trained, padded.
    factors
        Padded A (ROWS, width) and B (width, COLUMNS) of each layer at `places`, and zeros at the end; then moments.
    projection
        Buffer for x @ A, (batch, width).
    identity_row
        The row of the identity in `ACTIVATION_TABLE`: its slope is 1 everywhere.
    rank, width
        The rank, and the rank rounded up to the unit.
    """
    pad(theta, parameters, zero_offset(parameters), table)
    pad(base, frozen, zero_offset(frozen), table)
    done, pieces = last, parameters.size // padded_size(table)
    for s in range(first, last):
        count = forward_and_loss(
            tile, parameters, table, unit, inputs, deltas, spare, scratch, labels, activation, activation_row, x, y,
            order, batch_size, losses, s,
        )  # fmt: skip
        if count == 0:
            done = s
            break
        set_clock(clock, s + 1, (order.shape[1] + batch_size - 1) // batch_size)
        for layer in range(table.shape[0] - 1, -1, -1):
            rows, columns, weight = table[layer, ROWS], table[layer, COLUMNS], table[layer, WEIGHT]
            delta_at, delta_below = delta_start(deltas, layer), delta_start(deltas, layer + 1)
            last_layer = layer == table.shape[0] - 1
            if layer > 0:
                if not last_layer:
                    transpose(tile, spare, zero_offset(spare), rows, parameters, weight, columns, rows, columns)
                backward_input(
                    tile, deltas, delta_below, delta_at, columns, parameters if last_layer else spare,
                    weight if last_layer else zero_offset(spare), count, table[layer, OUTPUTS], rows, inputs,
                    table[layer, SOURCE], activation_row,
                )  # fmt: skip
            if last_layer:
                update_head(
                    tile, inputs, deltas, delta_at, parameters, padded_size(table), table[layer], count, optimizer,
                    rates[layer], decays[layer], momentum, s + 1, clock, coefficients,
                )  # fmt: skip
            else:
                update_factors(
                    tile, inputs, deltas, delta_at, spare, projection, factors, factors.size // pieces, places[layer],
                    table[layer], count, identity_row, optimizer, rank, width, scale, rates[layer], decays[layer],
                    momentum, s + 1, clock, coefficients,
                )  # fmt: skip
                merge_factors(
                    tile, parameters, frozen, factors, factors.size // pieces, places[layer], table[layer], spare, rank,
                    width, scale,
                )  # fmt: skip
    unpad(parameters, zero_offset(parameters), theta, table)
    return done


@inlined
def update_head(
    tile: Tile, inputs: Floats, deltas: Floats, delta_at: int, parameters: Floats, size: int, layer: Ints, count: int,
    optimizer: int, rate: Floats, decay: Floats, momentum: float, t: int, clock: NDArray[np.float64],
    coefficients: Floats,
) -> None:  # fmt: skip
    """Update the head's weights and bias, as in any training."""
    if rate[0] != 0:
        set_coefficients(coefficients, optimizer, rate[0], decay[0], 0.0, momentum, t, clock)
        update_weights(
            tile, deltas, delta_at, layer[COLUMNS], inputs, layer[SOURCE], count, parameters, size, layer[WEIGHT],
            layer[OUTPUTS], layer[ROWS], optimizer, coefficients,
        )  # fmt: skip
    if rate[1] != 0:
        set_coefficients(coefficients, optimizer, rate[1], decay[1], 0.0, momentum, t, clock)
        update_weights(
            tile, coefficients, ONE, 0, deltas, delta_at, count, parameters, size, layer[BIAS], 1, layer[COLUMNS],
            optimizer, coefficients,
        )  # fmt: skip


@inlined
def update_factors(
    tile: Tile, inputs: Floats, deltas: Floats, delta_at: int, spare: Floats, projection: Floats, factors: Floats,
    size: int, place: Ints, layer: Ints, count: int, identity_row: Floats, optimizer: int, rank: int, width: int,
    scale: float, rate: Floats, decay: Floats, momentum: float, t: int, clock: NDArray[np.float64],
    coefficients: Floats,
) -> None:  # fmt: skip
    """Update A and B of one layer. Both gradients are computed before either is changed."""
    zeros, projected_at = size - layer[COLUMNS] - width, deltas.size // 2 - projection.size
    affine(
        tile, projection, 0, inputs, layer[SOURCE], layer[ROWS], factors, place[A], factors, zeros, count,
        layer[INPUTS], width, projection.dtype.type(-np.inf),
    )  # fmt: skip
    transpose(tile, spare, zero_offset(spare), width, factors, place[B], layer[COLUMNS], width, layer[COLUMNS])
    backward_input(
        tile, deltas, projected_at, delta_at, layer[COLUMNS], spare, 0, count, layer[OUTPUTS], width, projection, 0,
        identity_row,
    )  # fmt: skip
    for i in range(count * width):
        projection[i] *= scale
        deltas[projected_at + i] *= scale
    if rate[0] != 0:
        set_coefficients(coefficients, optimizer, rate[0], decay[0], 0.0, momentum, t, clock)
        update_weights(
            tile, inputs, layer[SOURCE], layer[ROWS], deltas, projected_at, count, factors, size, place[A],
            layer[INPUTS], width, optimizer, coefficients,
        )  # fmt: skip
    if rate[1] != 0:
        set_coefficients(coefficients, optimizer, rate[1], decay[1], 0.0, momentum, t, clock)
        update_weights(
            tile, projection, 0, width, deltas, delta_at, count, factors, size, place[B], rank, layer[COLUMNS],
            optimizer, coefficients,
        )  # fmt: skip


@inlined
def merge_factors(
    tile: Tile, parameters: Floats, frozen: Floats, factors: Floats, size: int, place: Ints, layer: Ints, spare: Floats,
    rank: int, width: int, scale: float,
) -> None:  # fmt: skip
    """W = base + scale * A @ B."""
    zeros, at = size - layer[COLUMNS] - width, layer[WEIGHT]
    affine(
        tile, spare, 0, factors, place[A], width, factors, place[B], factors, zeros, layer[ROWS], rank, layer[COLUMNS],
        spare.dtype.type(-np.inf),
    )  # fmt: skip
    for i in range(layer[ROWS] * layer[COLUMNS]):
        parameters[at + i] = frozen[at + i] + scale * spare[i]

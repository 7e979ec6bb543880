"""A whole training within low rank inside one compiled call; `reference_lora` has the mathematics.

The forward pass and the backward pass down to a layer use the merged weights, as in any training. What is new is thin:
with d the gradient at a layer's outputs, the gradient of A is x.T @ (d @ B.T) and that of B is (x @ A).T @ d. So both
are updates of a weight matrix of `rank` columns or rows, and the same tile computes them. The full gradient x.T @ d
is never computed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..between import INNER
from ..codegen.types import panel_width
from ..coefficients import TOTAL
from ..jit import entry, kernel
from .between import back_through_inner_norm, changes, through_rows
from .engine import delta_start, forward_and_loss, slope_offset
from .memory import (
    BIAS,
    COLUMNS,
    INPUTS,
    OUTPUTS,
    ROWS,
    SOURCE,
    STEP,
    WEIGHT,
    WEIGHT_STEP,
    pad,
    padded_size,
    unpad,
    zero_offset,
)
from .optimizer import set_clock, set_coefficients
from .products import affine, backward_input, update_bias, update_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..codegen.types import Tile

A, B = range(2)  # columns of a table of places


@entry
def train_lora(
    tile: Tile, theta: Floats, base: Floats, parameters: Floats, frozen: Floats, factors: Floats, places: Ints,
    table: Ints, unit: int, inputs: Floats, deltas: Floats, spare: Floats, projection: Floats, merged: Floats,
    scratch: Floats, coefficients: Floats, clock: NDArray[np.float64], activation: int, activation_row: Floats,
    identity_row: Floats, between: NDArray[np.float64] | None, optimizer: int, x: Floats, y: Ints, targets: Floats,
    weights: Floats, loss: int, order: Ints,
    batch_size: int, rank: int, width: int, scale: float, rates: NDArray[np.float64], decays: NDArray[np.float64],
    momentum: float, losses: NDArray[np.float64], first: int, last: int, team: Ints,
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
    merged
        Buffer for A @ B of the largest layer. What lies beside its real columns is zero.
    identity_row
        The row of the identity in `ACTIVATION_TABLE`: its slope is 1 everywhere.
    rank, width
        The rank, and the rank rounded up to the unit.
    """
    pad(tile, theta, parameters, zero_offset(parameters), table)
    pad(tile, base, frozen, zero_offset(frozen), table)
    done, size, n = last, padded_size(tile, parameters, table), order.shape[1]
    pieces = parameters.size // size
    n_batches = (n + batch_size - 1) // batch_size
    for s in range(first, last):
        epoch, start = s // n_batches, s % n_batches * batch_size
        count, visit = min(batch_size, n - start), epoch * n + start
        batch_loss = forward_and_loss(
            tile, parameters, table, unit, inputs, deltas, spare, scratch, activation, activation_row, between, visit,
            x, y, targets, weights, loss, order[epoch], start, count, clock, team, 0, 1,
        )  # fmt: skip
        losses[epoch] += batch_loss * (count / clock[TOTAL]) / n if clock[TOTAL] > 0 else 0.0
        if not math.isfinite(batch_loss):
            losses[epoch + 1 :] = np.nan
            done = s
            break
        set_clock(clock, optimizer, s + 1, n_batches)
        for layer in range(table.shape[0] - 1, -1, -1):
            delta_at, delta_below = delta_start(deltas, layer), delta_start(deltas, layer + 1)
            last_layer = layer == table.shape[0] - 1
            if between is not None and between[layer, INNER] > 0:
                back_through_inner_norm(
                    tile, inputs, deltas, delta_at, parameters, size, table[layer], table[layer + 1, SOURCE],
                    between[layer, INNER], count, optimizer, 0.0, 0.0, 0.0, momentum, s + 1, clock, coefficients, team,
                    0, 1,
                )  # fmt: skip
            below = activation_row
            if between is not None and changes(between[layer]):
                below = identity_row
            if layer > 0:
                backward_input(
                    tile, deltas, delta_below, delta_at, table[layer, STEP], parameters, table[layer, WEIGHT],
                    table[layer, WEIGHT_STEP], not last_layer, spare, count, table[layer, OUTPUTS],
                    zero_offset(inputs), table[layer, ROWS], inputs,
                    table[layer, SOURCE] + slope_offset(inputs, activation_row), below, identity_row,
                )  # fmt: skip
            if between is not None and layer > 0 and changes(between[layer]):
                through_rows(
                    tile, deltas, delta_below, inputs, table[layer, SOURCE], table[layer, STEP], 0, count,
                    table[layer, INPUTS], between[layer], visit,
                )  # fmt: skip
            if last_layer:
                update_head(
                    tile, inputs, deltas, delta_at, parameters, size, table[layer], count, optimizer,
                    rates[layer], decays[layer], momentum, s + 1, clock, coefficients,
                )  # fmt: skip
            else:
                update_factors(
                    tile, inputs, deltas, delta_at, spare, projection, factors, factors.size // pieces, places[layer],
                    table[layer], count, identity_row, optimizer, rank, width, scale, rates[layer], decays[layer],
                    momentum, s + 1, clock, coefficients,
                )  # fmt: skip
                merge_factors(
                    tile, parameters, frozen, factors, factors.size // pieces, places[layer], table[layer], spare,
                    merged, rank, width, scale,
                )  # fmt: skip
    unpad(tile, parameters, zero_offset(parameters), theta, table)
    return done


@kernel
def update_head(
    tile: Tile, inputs: Floats, deltas: Floats, delta_at: int, parameters: Floats, size: int, layer: Ints, count: int,
    optimizer: int, rate: Floats, decay: Floats, momentum: float, t: int, clock: NDArray[np.float64],
    coefficients: Floats,
) -> None:  # fmt: skip
    """Update the head's weights and bias, as in any training."""
    if rate[0] != 0:
        set_coefficients(coefficients, optimizer, rate[0], decay[0], 0.0, momentum, t, clock)
        update_weights(
            tile, deltas, delta_at, inputs, layer[SOURCE], layer[STEP], count, parameters, size, layer[WEIGHT],
            layer[WEIGHT_STEP], layer[OUTPUTS], zero_offset(inputs), layer[ROWS], optimizer,
            coefficients,
        )  # fmt: skip
    if rate[1] != 0:
        set_coefficients(coefficients, optimizer, rate[1], decay[1], 0.0, momentum, t, clock)
        update_bias(
            tile, deltas, delta_at, layer[STEP], count, parameters, size, layer[BIAS], zero_offset(inputs),
            layer[COLUMNS], optimizer, coefficients,
        )  # fmt: skip


@kernel
def update_factors(
    tile: Tile, inputs: Floats, deltas: Floats, delta_at: int, spare: Floats, projection: Floats, factors: Floats,
    size: int, place: Ints, layer: Ints, count: int, identity_row: Floats, optimizer: int, rank: int, width: int,
    scale: float, rate: Floats, decay: Floats, momentum: float, t: int, clock: NDArray[np.float64],
    coefficients: Floats,
) -> None:  # fmt: skip
    """Update A and B of one layer. Both gradients are computed before either is changed."""
    zeros, projected_at = size - layer[COLUMNS] - width, deltas.size // 2 - projection.size
    step, panel, origin = layer[STEP], panel_width(tile, factors), zero_offset(projection)
    affine(
        tile, projection, origin, step, inputs, layer[SOURCE], step, factors, place[A], layer[ROWS] * panel, 0,
        spare, factors, zeros, count, layer[INPUTS], origin, width, projection.dtype.type(-np.inf),
    )  # fmt: skip
    backward_input(
        tile, deltas, projected_at, delta_at, step, factors, place[B], width * panel, 1, spare, count,
        layer[OUTPUTS], origin, width, projection, origin, identity_row, identity_row,
    )  # fmt: skip
    for i in range(projection.size):
        projection[i] *= scale
        deltas[projected_at + i] *= scale
    if rate[0] != 0:
        set_coefficients(coefficients, optimizer, rate[0], decay[0], 0.0, momentum, t, clock)
        update_weights(
            tile, inputs, layer[SOURCE], deltas, projected_at, step, count, factors, size, place[A],
            layer[ROWS] * panel, layer[INPUTS], origin, width, optimizer, coefficients,
        )  # fmt: skip
    if rate[1] != 0:
        set_coefficients(coefficients, optimizer, rate[1], decay[1], 0.0, momentum, t, clock)
        update_weights(
            tile, projection, origin, deltas, delta_at, step, count, factors, size, place[B], width * panel, rank,
            origin, layer[COLUMNS], optimizer, coefficients,
        )  # fmt: skip


@kernel
def merge_factors(
    tile: Tile, parameters: Floats, frozen: Floats, factors: Floats, size: int, place: Ints, layer: Ints, spare: Floats,
    merged: Floats, rank: int, width: int, scale: float,
) -> None:  # fmt: skip
    """W = base + scale * A @ B."""
    zeros, at, panel = size - layer[COLUMNS] - width, layer[WEIGHT], panel_width(tile, factors)
    affine(
        tile, merged, zero_offset(merged), layer[WEIGHT_STEP], factors, place[A], layer[ROWS] * panel, factors,
        place[B], width * panel, 0, spare, factors, zeros, layer[ROWS], rank, zero_offset(merged), layer[COLUMNS],
        merged.dtype.type(-np.inf),
    )  # fmt: skip
    for i in range(layer[BIAS] - at):  # columns that nobody looks at stay zero in all three
        parameters[at + i] = frozen[at + i] + scale * merged[i]

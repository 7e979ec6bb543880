"""Whole trainings and whole predictions inside one compiled call.

A step takes a few microseconds, so there is no time to return to Python between steps, nor to allocate memory: the
caller provides the buffers, and a step only fills them. All parameters of the network and of the optimizer are pieces
of one array, see `memory`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...registry import SGD
from ..coefficients import FLOOR, ONE
from ..jit import entry, inlined
from .activations import activate, is_smooth
from .loss import cross_entropy
from .memory import (
    ANCHOR,
    BIAS,
    COLUMNS,
    INPUTS,
    MOMENT,
    MOMENT2,
    OUTPUTS,
    ROWS,
    SOURCE,
    VALUE,
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


@inlined
def delta_start(deltas: Floats, layer: int) -> int:
    """Where the gradient at a layer's outputs begins: layers take turns with the two halves of the buffer."""
    return layer % 2 * (deltas.size // 2)


@inlined
def gather(inputs: Floats, step: int, j: int, x: Floats, i: int) -> None:
    """Copy example i to row j of a buffer whose rows are `step` apart."""
    to, example = inputs[j * step : (j + 1) * step], x[i]
    for c in range(example.size):
        to[c] = example[c]


@inlined
def forward(
    tile: Tile, inputs: Floats, deltas: Floats, spare: Floats, parameters: Floats, table: Ints, depth: int, count: int,
    activation: int, activation_row: Floats,
) -> None:  # fmt: skip
    """Forward pass of `count` rows through `depth` layers. The logits, if any, go to `deltas`."""
    for layer in range(depth):
        rows, columns, weight = table[layer, ROWS], table[layer, COLUMNS], table[layer, WEIGHT]
        last = layer == table.shape[0] - 1
        out, at = (deltas, delta_start(deltas, layer)) if last else (inputs, table[layer + 1, SOURCE])
        floor = inputs.dtype.type(-np.inf) if last else activation_row[FLOOR]
        if last:
            transpose(tile, spare, zero_offset(spare), columns, parameters, weight, rows, columns, rows)
        affine(
            tile, out, at, inputs, table[layer, SOURCE], rows, spare if last else parameters,
            zero_offset(spare) if last else weight, parameters, table[layer, BIAS], count, table[layer, INPUTS],
            columns, floor,
        )  # fmt: skip
        if not last and is_smooth(activation):
            activate(inputs, at, count, columns, table[layer, OUTPUTS], activation)


@entry
def predict(
    tile: Tile, theta: Floats, parameters: Floats, table: Ints, inputs: Floats, deltas: Floats, spare: Floats,
    activation: int, activation_row: Floats, x: Floats, depth: int, batch: int, result: Floats,
) -> None:  # fmt: skip
    """Fill `result`, (n, width), with the values after `depth` layers, `batch` rows at a time."""
    pad(theta, parameters, zero_offset(parameters), table)
    n, width, last = result.shape[0], result.shape[1], depth == table.shape[0]
    values = deltas if last else inputs
    step = table[depth - 1, COLUMNS]
    at = delta_start(deltas, depth - 1) if last else table[depth, SOURCE]
    for start in range(0, n, batch):
        count = min(batch, n - start)
        for j in range(count):
            gather(inputs, table[0, ROWS], j, x, start + j)
        forward(tile, inputs, deltas, spare, parameters, table, depth, count, activation, activation_row)
        for j in range(count):
            for c in range(width):
                result[start + j, c] = values[at + j * step + c]


@entry
def train(
    tile: Tile, theta: Floats, state: Floats, anchor: Floats, parameters: Floats, table: Ints, unit: int,
    inputs: Floats, deltas: Floats, spare: Floats, scratch: Floats, labels: Ints, coefficients: Floats,
    clock: NDArray[np.float64], activation: int, activation_row: Floats, optimizer: int, x: Floats,
    y: NDArray[np.int64], order: Ints, batch_size: int, rates: NDArray[np.float64], decays: NDArray[np.float64],
    pulls: NDArray[np.float64], momentum: float, losses: NDArray[np.float64], first: int, last: int,
) -> int:  # fmt: skip
    """Make the updates `first` to `last` - 1 of a training, in place; see `reference.train`.

    `parameters` has room for as many moments as the optimizer has, and for the anchor only if something is pulled.
    """
    size = padded_size(table)
    pad(theta, parameters, VALUE * size, table)
    pad(state[0], parameters, MOMENT * size, table)
    if optimizer != SGD:
        pad(state[1], parameters, MOMENT2 * size, table)
    if parameters.size > ANCHOR * size:
        pad(anchor, parameters, ANCHOR * size, table)
    done = last
    for s in range(first, last):
        count = forward_and_loss(
            tile, parameters, table, unit, inputs, deltas, spare, scratch, labels, activation, activation_row, x, y,
            order, batch_size, losses, s,
        )  # fmt: skip
        if count == 0:
            done = s
            break
        set_clock(clock, s + 1, (order.shape[1] + batch_size - 1) // batch_size)
        backward_and_update(
            tile, inputs, deltas, spare, parameters, table, count, activation_row, optimizer, rates, decays, pulls,
            momentum, s + 1, clock, coefficients,
        )  # fmt: skip
    unpad(parameters, VALUE * size, theta, table)
    unpad(parameters, MOMENT * size, state[0], table)
    if optimizer != SGD:
        unpad(parameters, MOMENT2 * size, state[1], table)
    return done


@inlined
def forward_and_loss(
    tile: Tile, parameters: Floats, table: Ints, unit: int, inputs: Floats, deltas: Floats, spare: Floats,
    scratch: Floats, labels: Ints, activation: int, activation_row: Floats, x: Floats, y: NDArray[np.int64],
    order: Ints, batch_size: int, losses: NDArray[np.float64], s: int,
) -> int:  # fmt: skip
    """Compute the gradient at the logits for the batch of step s, and add the batch's loss to its epoch's.

    Returns
    -------
    Examples in the batch; 0 if its loss is not finite, which is the end of the training.
    """
    n = order.shape[1]
    n_batches = (n + batch_size - 1) // batch_size
    epoch, start = s // n_batches, s % n_batches * batch_size
    count = min(batch_size, n - start)
    for j in range(count):
        example = order[epoch, start + j]
        labels[j] = y[example]
        gather(inputs, table[0, ROWS], j, x, example)
    forward(tile, inputs, deltas, spare, parameters, table, table.shape[0], count, activation, activation_row)
    loss = loss_and_delta(tile, deltas, spare, table, count, unit, labels, scratch)
    losses[epoch] += loss / n
    if math.isfinite(loss):
        return count
    losses[epoch + 1 :] = np.nan
    return 0


@inlined
def loss_and_delta(
    tile: Tile, deltas: Floats, spare: Floats, table: Ints, count: int, unit: int, labels: Ints, scratch: Floats
) -> float:
    """Sum of the losses of a batch; its logits, (B, C), become the gradient of their mean."""
    columns, step, at = table[-1, COLUMNS], (count + unit - 1) // unit * unit, delta_start(deltas, table.shape[0] - 1)
    transpose(tile, spare, zero_offset(spare), step, deltas, at, columns, step, columns)
    loss = cross_entropy(tile, spare, step, table[-1, OUTPUTS], count, labels, scratch)
    transpose(tile, deltas, at, columns, spare, zero_offset(spare), step, columns, step)
    return loss


@inlined
def lowest_trainable(rates: NDArray[np.float64]) -> int:
    """First layer with a rate that is not zero; the number of layers if there is none."""
    for layer in range(rates.shape[0]):
        if rates[layer, 0] != 0 or rates[layer, 1] != 0:
            return layer
    return rates.shape[0]


@inlined
def backward_and_update(
    tile: Tile, inputs: Floats, deltas: Floats, transposed: Floats, parameters: Floats, table: Ints, count: int,
    activation_row: Floats, optimizer: int, rates: NDArray[np.float64], decays: NDArray[np.float64],
    pulls: NDArray[np.float64], momentum: float, t: int, clock: NDArray[np.float64], coefficients: Floats,
) -> None:  # fmt: skip
    """Backward pass and update t, from the head down to the lowest layer that is trained."""
    lowest, size = lowest_trainable(rates), padded_size(table)
    for layer in range(table.shape[0] - 1, lowest - 1, -1):
        rows, columns, source = table[layer, ROWS], table[layer, COLUMNS], table[layer, SOURCE]
        weight, bias = table[layer, WEIGHT], table[layer, BIAS]
        delta_at, delta_below = delta_start(deltas, layer), delta_start(deltas, layer + 1)
        last = layer == table.shape[0] - 1
        if layer > lowest:
            # Before the update: the gradient belongs to the weights that produced the logits.
            if not last:
                transpose(tile, transposed, zero_offset(transposed), rows, parameters, weight, columns, rows, columns)
            backward_input(
                tile, deltas, delta_below, delta_at, columns, parameters if last else transposed,
                weight if last else zero_offset(transposed), count, table[layer, OUTPUTS], rows, inputs, source,
                activation_row,
            )  # fmt: skip
        if rates[layer, 0] != 0:
            set_coefficients(
                coefficients, optimizer, rates[layer, 0], decays[layer, 0], pulls[layer, 0], momentum, t, clock
            )
            if last:
                update_weights(
                    tile, deltas, delta_at, columns, inputs, source, count, parameters, size, weight,
                    table[layer, OUTPUTS], rows, optimizer, coefficients,
                )  # fmt: skip
            else:
                update_weights(
                    tile, inputs, source, rows, deltas, delta_at, count, parameters, size, weight, table[layer, INPUTS],
                    columns, optimizer, coefficients,
                )  # fmt: skip
        if rates[layer, 1] != 0:
            set_coefficients(
                coefficients, optimizer, rates[layer, 1], decays[layer, 1], pulls[layer, 1], momentum, t, clock
            )
            # Because of the literals, numba compiles a version for one row only.
            update_weights(
                tile, coefficients, ONE, 0, deltas, delta_at, count, parameters, size, bias, 1, columns, optimizer,
                coefficients,
            )  # fmt: skip

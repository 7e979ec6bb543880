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
from ..codegen.types import panel_width
from ..coefficients import FLOOR
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
    STEP,
    VALUE,
    WEIGHT,
    WEIGHT_STEP,
    pad,
    padded_size,
    unpad,
    zero_offset,
)
from .optimizer import set_clock, set_coefficients
from .products import affine, backward_input, gather, transpose, update_bias, update_weights
from .team import STOPPED, meet, share_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..codegen.types import Tile


@inlined
def delta_start(deltas: Floats, layer: int) -> int:
    """Where the gradient at a layer's outputs begins: layers take turns with the two halves of the buffer."""
    return layer % 2 * (deltas.size // 2)


@inlined
def forward(
    tile: Tile, inputs: Floats, deltas: Floats, spare: Floats, parameters: Floats, table: Ints, depth: int, count: int,
    activation: int, activation_row: Floats, team: Ints, thread: int, threads: int,
) -> None:  # fmt: skip
    """Forward pass of `count` rows through `depth` layers. The logits, if any, go to `deltas`.

    A thread computes its share of a layer's columns, or, where they are fewer than threads, of the rows.
    """
    panel = panel_width(tile, inputs)
    for layer in range(depth):
        columns, step = table[layer, COLUMNS], table[layer, STEP]
        last = layer == table.shape[0] - 1
        out, at = (deltas, delta_start(deltas, layer)) if last else (inputs, table[layer + 1, SOURCE])
        floor = inputs.dtype.type(-np.inf) if last else activation_row[FLOOR]
        by_rows = columns < threads * panel
        top = share_start(count, tile.rows, thread, threads) if by_rows else 0
        bottom = share_start(count, tile.rows, thread + 1, threads) if by_rows else count
        left = 0 if by_rows else share_start(columns, panel, thread, threads)
        right = columns if by_rows else share_start(columns, panel, thread + 1, threads)
        affine(
            tile, out, at + top * panel, step, inputs, table[layer, SOURCE] + top * panel, step, parameters,
            table[layer, WEIGHT], table[layer, WEIGHT_STEP], last, spare, parameters, table[layer, BIAS], bottom - top,
            table[layer, INPUTS], left, right, floor,
        )  # fmt: skip
        if not last and is_smooth(activation):
            real = min(right, table[layer, OUTPUTS])
            activate(tile, inputs, at + top * panel, step, bottom - top, left, real, activation)
        meet(team, thread, threads)


@entry
def predict(
    tile: Tile, theta: Floats, parameters: Floats, table: Ints, inputs: Floats, deltas: Floats, spare: Floats,
    activation: int, activation_row: Floats, x: Floats, depth: int, batch: int, result: Floats, begins: int,
    team: Ints,
) -> None:  # fmt: skip
    """Fill `result`, (n, width), with the values after `depth` layers, `batch` rows at a time.

    `begins` says whether theta is to be copied to `parameters` first.
    """
    if begins:
        pad(tile, theta, parameters, zero_offset(parameters), table)
    n, width, last = result.shape[0], result.shape[1], depth == table.shape[0]
    values = deltas if last else inputs
    step, panel = table[0, STEP], panel_width(tile, x)
    at = delta_start(deltas, depth - 1) if last else table[depth, SOURCE]
    for start in range(0, n, batch):
        count = min(batch, n - start)
        for j in range(count):
            gather(tile, inputs, step, j, x, start + j)
        forward(
            tile, inputs, deltas, spare, parameters, table, depth, count, activation, activation_row, team, 0, 1
        )  # fmt: skip
        for j in range(count):
            for p in range(0, width, panel):
                source = at + p // panel * step + j * panel
                for c in range(min(panel, width - p)):
                    result[start + j, p + c] = values[source + c]


@entry
def train(
    tile: Tile, theta: Floats, state: Floats, anchor: Floats, parameters: Floats, table: Ints, unit: int,
    inputs: Floats, deltas: Floats, spare: Floats, scratch: Floats, labels: Ints, coefficients: Floats,
    clock: NDArray[np.float64], activation: int, activation_row: Floats, identity_row: Floats, optimizer: int,
    x: Floats, y: NDArray[np.int64], order: Ints, batch_size: int, rates: NDArray[np.float64],
    decays: NDArray[np.float64], pulls: NDArray[np.float64], momentum: float, losses: NDArray[np.float64], first: int,
    last: int, begins: int, ends: int, team: Ints, thread: int, threads: int,
) -> int:  # fmt: skip
    """Make the updates `first` to `last` - 1 of a training; see `reference.train`.

    All threads of a team make the same call, but for `thread`, from 0, and `spare`, `coefficients` and `clock`, which
    each has for itself.

    Parameters
    ----------
    parameters
        The network and the optimizer's moments, padded: as many as it has, and the anchor only if something is pulled.
        They stay here from call to call.
    begins
        Whether they are to be copied here first: theta, and the anchor; and `state`, if it is not empty.
    ends
        Whether they are to be copied back at last. After a loss that is not finite they always are.
    """
    size = padded_size(tile, parameters, table)
    if begins and thread == 0:
        pad(tile, theta, parameters, VALUE * size, table)
        if state.size:
            pad(tile, state[0], parameters, MOMENT * size, table)
            if optimizer != SGD:
                pad(tile, state[1], parameters, MOMENT2 * size, table)
        if parameters.size > ANCHOR * size:
            pad(tile, anchor, parameters, ANCHOR * size, table)
    done = last
    for s in range(first, last):
        count = forward_and_loss(
            tile, parameters, table, unit, inputs, deltas, spare, scratch, labels, activation, activation_row, x, y,
            order, batch_size, losses, s, team, thread, threads,
        )  # fmt: skip
        if count == 0:
            done = s
            break
        set_clock(clock, s + 1, (order.shape[1] + batch_size - 1) // batch_size)
        backward_and_update(
            tile, inputs, deltas, spare, parameters, table, count, activation_row, identity_row, optimizer, rates,
            decays, pulls, momentum, s + 1, clock, coefficients, team, thread, threads,
        )  # fmt: skip
    if (ends or done < last) and thread == 0:
        unpad(tile, parameters, VALUE * size, theta, table)
        if state.size:
            unpad(tile, parameters, MOMENT * size, state[0], table)
            if optimizer != SGD:
                unpad(tile, parameters, MOMENT2 * size, state[1], table)
    return done


@inlined
def forward_and_loss(
    tile: Tile, parameters: Floats, table: Ints, unit: int, inputs: Floats, deltas: Floats, spare: Floats,
    scratch: Floats, labels: Ints, activation: int, activation_row: Floats, x: Floats, y: NDArray[np.int64],
    order: Ints, batch_size: int, losses: NDArray[np.float64], s: int, team: Ints, thread: int, threads: int,
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
    for j in range(share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)):
        example = order[epoch, start + j]
        labels[j] = y[example]
        gather(tile, inputs, table[0, STEP], j, x, example)
    meet(team, thread, threads)
    forward(
        tile, inputs, deltas, spare, parameters, table, table.shape[0], count, activation, activation_row, team, thread,
        threads,
    )  # fmt: skip
    if thread == 0:
        loss = loss_and_delta(tile, deltas, spare, table, count, unit, labels, scratch)
        losses[epoch] += loss / n
        if not math.isfinite(loss):
            losses[epoch + 1 :] = np.nan
            team[STOPPED] = 1
    meet(team, thread, threads)
    return 0 if team[STOPPED] else count


@inlined
def loss_and_delta(
    tile: Tile, deltas: Floats, spare: Floats, table: Ints, count: int, unit: int, labels: Ints, scratch: Floats
) -> float:
    """Sum of the losses of a batch; its logits, (B, C), become the gradient of their mean."""
    columns, step, at = table[-1, COLUMNS], (count + unit - 1) // unit * unit, delta_start(deltas, table.shape[0] - 1)
    panel, origin = panel_width(tile, deltas), zero_offset(spare)
    transpose(tile, spare, origin, step, panel, deltas, at, panel, table[-1, STEP], step, columns)
    loss = cross_entropy(tile, spare, step, table[-1, OUTPUTS], count, labels, scratch)
    transpose(tile, deltas, at, panel, table[-1, STEP], spare, origin, step, panel, columns, step)
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
    tile: Tile, inputs: Floats, deltas: Floats, spare: Floats, parameters: Floats, table: Ints, count: int,
    activation_row: Floats, identity_row: Floats, optimizer: int, rates: NDArray[np.float64],
    decays: NDArray[np.float64], pulls: NDArray[np.float64], momentum: float, t: int, clock: NDArray[np.float64],
    coefficients: Floats, team: Ints, thread: int, threads: int,
) -> None:  # fmt: skip
    """Backward pass and update t, from the head down to the lowest layer that is trained."""
    lowest, size, panel = lowest_trainable(rates), padded_size(tile, parameters, table), panel_width(tile, parameters)
    for layer in range(table.shape[0] - 1, lowest - 1, -1):
        rows, columns, source, step = (
            table[layer, ROWS],
            table[layer, COLUMNS],
            table[layer, SOURCE],
            table[layer, STEP],
        )
        weight, weight_step, bias = table[layer, WEIGHT], table[layer, WEIGHT_STEP], table[layer, BIAS]
        delta_at, delta_below = delta_start(deltas, layer), delta_start(deltas, layer + 1)
        last = layer == table.shape[0] - 1
        if layer > lowest:
            # Before the update: the gradient belongs to the weights that produced the logits.
            left = share_start(rows, panel, thread, threads)
            right = share_start(rows, panel, thread + 1, threads)
            backward_input(
                tile, deltas, delta_below, delta_at, step, parameters, weight, weight_step, not last, spare, count,
                table[layer, OUTPUTS], left, right, inputs, source, activation_row, identity_row,
            )  # fmt: skip
            meet(team, thread, threads)
        if rates[layer, 0] != 0:
            set_coefficients(
                coefficients, optimizer, rates[layer, 0], decays[layer, 0], pulls[layer, 0], momentum, t, clock
            )
            wide = rows if last else columns
            left = share_start(wide, panel, thread, threads)
            right = share_start(wide, panel, thread + 1, threads)
            if last:
                update_weights(
                    tile, deltas, delta_at, inputs, source, step, count, parameters, size, weight, weight_step,
                    table[layer, OUTPUTS], left, right, optimizer, coefficients,
                )  # fmt: skip
            else:
                update_weights(
                    tile, inputs, source, deltas, delta_at, step, count, parameters, size, weight, weight_step,
                    table[layer, INPUTS], left, right, optimizer, coefficients,
                )  # fmt: skip
        if rates[layer, 1] != 0:
            set_coefficients(
                coefficients, optimizer, rates[layer, 1], decays[layer, 1], pulls[layer, 1], momentum, t, clock
            )
            left = share_start(columns, panel, thread, threads)
            right = share_start(columns, panel, thread + 1, threads)
            update_bias(
                tile, deltas, delta_at, step, count, parameters, size, bias, left, right, optimizer, coefficients
            )
        meet(team, thread, threads)

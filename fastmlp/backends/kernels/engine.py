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
from .. import watch as watching
from ..between import INNER
from ..codegen.types import panel_width
from ..coefficients import FLOOR, KEPT, N_SQUARES, PACE, PER, SQUARED_AT_ONCE, SQUARES, TOTAL, WEIGHTED
from ..jit import entry, kernel
from ..watch import PACE as WATCHED_PACE
from ..watch import STOPPED as WATCH_STOPPED
from .activations import activate, is_smooth
from .between import back_through_inner_norm, changes, rescale_rows, take_rows, through_rows
from .loss import TARGETS, mean_loss, needs_weights
from .loss import WEIGHT as WEIGHT_ROW
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
    VECTORS,
    WEIGHT,
    WEIGHT_STEP,
    copy,
    gain_offset,
    pad,
    pad_share,
    padded_size,
    place,
    unpad,
    unpad_share,
    zero_offset,
)
from .optimizer import set_clock, set_coefficients
from .products import add_squares, affine, backward_input, gather, transpose, update_bias, update_weights
from .team import STOPPED, meet, share_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..codegen.types import Tile


judge = kernel(watching.judge)


@kernel
def delta_start(deltas: Floats, layer: int) -> int:
    """Where the gradient at a layer's outputs begins: layers take turns with the two halves of the buffer."""
    return layer % 2 * (deltas.size // 2)


@kernel
def slope_offset(inputs: Floats, activation_row: Floats) -> int:
    """How far behind an activation lies what its slope is computed from: nothing, or half of a buffer twice as long."""
    return inputs.size // 2 if activation_row[KEPT] != 0 else 0


@kernel
def forward(
    tile: Tile, inputs: Floats, deltas: Floats, spare: Floats, parameters: Floats, table: Ints, depth: int, count: int,
    activation: int, activation_row: Floats, between: NDArray[np.float64] | None, visit: int, team: Ints, thread: int,
    threads: int,
) -> None:  # fmt: skip
    """Forward pass of `count` rows through `depth` layers. The logits, if any, go to `deltas`.

    A thread computes its share of a layer's columns, or, where they are fewer than threads, of the rows. `visit` is the
    number of the first row's visit, negative if nothing is to be dropped.
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
        lowest = floor
        if between is not None and between[layer, INNER] > 0:
            lowest = inputs.dtype.type(-np.inf)
        affine(
            tile, out, at + top * panel, step, inputs, table[layer, SOURCE] + top * panel, step, parameters,
            table[layer, WEIGHT], table[layer, WEIGHT_STEP], last, spare, parameters, table[layer, BIAS], bottom - top,
            table[layer, INPUTS], left, right, lowest,
        )  # fmt: skip
        if between is not None and between[layer, INNER] > 0:  # it takes whole rows, and so does the activation then
            meet(team, thread, threads)
            top, bottom = share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)
            left, right = 0, columns
            rescale_rows(
                tile, inputs, at, step, top, bottom, table[layer, OUTPUTS], between[layer, INNER], parameters,
                gain_offset(tile, parameters, table[layer], 1), gain_offset(tile, parameters, table[layer], 2), floor,
            )  # fmt: skip
        if not last and is_smooth(activation):
            real = min(right, table[layer, OUTPUTS])
            activate(tile, inputs, at + top * panel, step, bottom - top, left, real, activation)
        meet(team, thread, threads)
        if between is not None and not last and changes(between[layer + 1]):
            top, bottom = share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)
            take_rows(
                tile, inputs, at, step, top, bottom, table[layer, OUTPUTS], between[layer + 1], activation_row, visit
            )
            meet(team, thread, threads)


@entry
def predict(
    tile: Tile, theta: Floats, parameters: Floats, table: Ints, inputs: Floats, deltas: Floats, spare: Floats,
    activation: int, activation_row: Floats, x: Floats, depth: int, batch: int, result: Floats, begins: int,
    team: Ints,
) -> None:  # fmt: skip
    """Fill `result`, (n * width,), with the values after `depth` layers, row by row, `batch` rows at a time.

    `begins` says whether theta is to be copied to `parameters` first.
    """
    if begins:
        pad(tile, theta, parameters, zero_offset(parameters), table)
    n, width, last = x.shape[0], table[depth - 1, OUTPUTS], depth == table.shape[0]
    values = deltas if last else inputs
    step, panel = table[0, STEP], panel_width(tile, x)
    at = delta_start(deltas, depth - 1) if last else table[depth, SOURCE]
    for start in range(0, n, batch):
        count = min(batch, n - start)
        for j in range(count):
            gather(tile, inputs, step, j, x, start + j)
        forward(
            tile, inputs, deltas, spare, parameters, table, depth, count, activation, activation_row, None, -1,
            team, 0, 1,
        )  # fmt: skip
        for j in range(count):
            for p in range(0, width, panel):
                source = at + p // panel * step + j * panel
                copy(tile, result, (start + j) * width + p, values, source, min(panel, width - p))


@entry
def train(
    tile: Tile, theta: Floats, state: Floats, anchor: Floats, parameters: Floats, table: Ints, unit: int,
    inputs: Floats, deltas: Floats, spare: Floats, scratch: Floats, coefficients: Floats, clock: NDArray[np.float64],
    activation: int, activation_row: Floats, identity_row: Floats, between: NDArray[np.float64] | None, optimizer: int,
    x: Floats, y: Ints, targets: Floats, weights: Floats, loss: int, order: Ints, batch_size: int,
    rates: NDArray[np.float64], decays: NDArray[np.float64], pulls: NDArray[np.float64], momentum: float,
    losses: NDArray[np.float64], paces: NDArray[np.float64], penalties: NDArray[np.float64], held_back: Ints,
    watched: NDArray[np.float64], best: Floats, watch: NDArray[np.float64], squares: NDArray[np.float64], first: int,
    last: int, begins: int, ends: int, team: Ints, thread: int, threads: int,
) -> int:  # fmt: skip
    """Make the updates `first` to `last` - 1 of a training; see `reference.train`.

    All threads of a team make the same call, but for `thread`, from 0, and `spare`, `coefficients` and `clock`, which
    each has for itself. An array that stands for something that is not given is empty, `y` or `targets` is in any case.

    Parameters
    ----------
    between
        None if only activations lie between layers: this is known when the code is built, and then there is none for
        anything else.
    parameters
        The network and the optimizer's moments, padded: as many as it has, and the anchor only if something is pulled.
        They stay here from call to call.
    squares
        Memory for sums of squares, see `add_squares_of_share`; empty if `penalties` is.
    begins
        Whether they are to be copied here first: theta, and the anchor; and `state`, if it is not empty.
    ends
        Whether they are to be copied back at last. Where the training itself ends they always are.
    """
    size = padded_size(tile, parameters, table)
    if begins:  # threads meet before they read what others have copied
        pad_share(tile, theta, parameters, VALUE * size, table, thread, threads)
        if state.size:
            pad_share(tile, state[0], parameters, MOMENT * size, table, thread, threads)
            if optimizer != SGD:
                pad_share(tile, state[1], parameters, MOMENT2 * size, table, thread, threads)
        if parameters.size > ANCHOR * size:
            pad_share(tile, anchor, parameters, ANCHOR * size, table, thread, threads)
    done, n, batch = last, order.shape[1], min(batch_size, order.shape[1])
    n_batches = (n + batch - 1) // batch
    for s in range(first, last):
        epoch = s // n_batches
        first_row = (s - epoch * n_batches) * batch
        is_last = first_row + batch >= n
        pieces = (held_back.size + batch - 1) // batch if is_last else 0
        # The batch, and at the end of an epoch what is held back, piece by piece: one loop, so that the forward pass is
        # compiled once.
        held_loss, held_weight = 0.0, 0.0
        for piece in range(1 + pieces):
            rows = order[epoch] if piece == 0 else held_back
            start = first_row if piece == 0 else (piece - 1) * batch
            count = min(batch, rows.size - start)
            visit = epoch * n + start if piece == 0 else -1
            batch_loss = forward_and_loss(
                tile, parameters, table, unit, inputs, deltas, spare, scratch, activation, activation_row, between,
                visit, x, y, targets, weights, loss, rows, start, count, clock, team, thread, threads,
            )  # fmt: skip
            if piece > 0:
                held_loss += batch_loss
                held_weight += clock[TOTAL]
                meet(team, thread, threads)
                continue
            per = 1 / clock[TOTAL] if clock[TOTAL] > 0 else 0.0
            if thread == 0:
                losses[epoch] += batch_loss * (count / clock[TOTAL]) / n if clock[TOTAL] > 0 else 0.0
                if not math.isfinite(batch_loss):
                    losses[epoch + 1 :] = np.nan
                    team[STOPPED] = 1
            if penalties.size > 0:
                add_squares_of_share(tile, parameters, table, rates, decays, clock, squares, thread, threads)
            meet(team, thread, threads)
            if team[STOPPED]:
                done = s
                break
            if thread == 0 and penalties.size > 0:
                penalties[epoch] += per * penalty(tile, parameters, table, rates, decays, squares) * count / n
            set_clock(clock, optimizer, s + 1, n_batches)
            clock[PACE] = paces[epoch] * watch[WATCHED_PACE]
            clock[PER] = per if penalties.size > 0 else 1.0
            backward_and_update(
                tile, inputs, deltas, spare, parameters, table, count, activation_row, identity_row, between, visit,
                optimizer, rates, decays, pulls, momentum, s + 1, clock, coefficients, team, thread, threads,
            )  # fmt: skip
        if done == s:
            break
        if is_last and watched.size > 0:
            if thread == 0:
                seen = losses[epoch] + (penalties[epoch] if penalties.size > 0 else 0.0)
                if held_weight > 0:
                    seen = held_loss / held_weight
                    watched[epoch] = seen
                if judge(watch, epoch, seen) and best.size > 0:
                    unpad(tile, parameters, VALUE * size, best, table)
            meet(team, thread, threads)
            if watch[WATCH_STOPPED] != 0:
                done = s + 1
                break
    if ends or done < last or watch[WATCH_STOPPED] != 0:
        unpad_share(tile, parameters, VALUE * size, theta, table, thread, threads)
        if state.size:
            unpad_share(tile, parameters, MOMENT * size, state[0], table, thread, threads)
            if optimizer != SGD:
                unpad_share(tile, parameters, MOMENT2 * size, state[1], table, thread, threads)
    return done


@kernel
def forward_and_loss(
    tile: Tile, parameters: Floats, table: Ints, unit: int, inputs: Floats, deltas: Floats, spare: Floats,
    scratch: Floats, activation: int, activation_row: Floats, between: NDArray[np.float64] | None, visit: int,
    x: Floats, y: Ints, targets: Floats, weights: Floats, loss: int, rows: Ints, start: int, count: int,
    clock: NDArray[np.float64], team: Ints, thread: int, threads: int,
) -> float:  # fmt: skip
    """Compute the gradient at the outputs for `count` of the examples in `rows`, and the sum of their weights.

    Returns
    -------
    Weighted sum of the losses, in the first thread of a team. The others return 0, and have to meet it before they read
    the gradient.
    """
    step, reads_weights = (count + unit - 1) // unit * unit, needs_weights(loss, clock)
    for j in range(share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)):
        example = rows[place(start + j)]
        gather(tile, inputs, table[0, STEP], j, x, example)
        if reads_weights:
            scratch[place(WEIGHT_ROW * step + j)] = weights[place(example)]
            for c in range(targets.shape[1]):
                scratch[place((TARGETS + c) * step + j)] = targets[place(example), place(c)]
    if between is not None and changes(between[0]):
        top, bottom = share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)
        take_rows(
            tile, inputs, table[0, SOURCE], table[0, STEP], top, bottom, table[0, INPUTS], between[0], activation_row,
            visit,
        )  # fmt: skip
    total = float(count)
    if clock[WEIGHTED] != 0:
        total = 0.0
        for j in range(count):
            total += weights[rows[start + j]]
    clock[TOTAL] = total
    meet(team, thread, threads)
    forward(
        tile, inputs, deltas, spare, parameters, table, table.shape[0], count, activation, activation_row, between,
        visit, team, thread, threads,
    )  # fmt: skip
    batch_loss = 0.0
    if thread == 0:
        columns, at = table[-1, COLUMNS], delta_start(deltas, table.shape[0] - 1)
        panel, origin = panel_width(tile, deltas), zero_offset(spare)
        transpose(tile, spare, origin, step, panel, deltas, at, panel, table[-1, STEP], step, columns)
        batch_loss = mean_loss(tile, loss, spare, step, table[-1, OUTPUTS], count, clock, rows, start, y, scratch)
        transpose(tile, deltas, at, panel, table[-1, STEP], spare, origin, step, panel, columns, step)
    return batch_loss


@kernel
def penalised(
    tile: Tile, parameters: Floats, table: Ints, rates: NDArray[np.float64], decays: NDArray[np.float64], part: int
) -> int:  # fmt: skip
    """How many numbers of a part, a layer's weights or its bias in their turn, have a penalty: all or none."""
    layer, is_bias = part // 2, part % 2
    if rates[layer, is_bias] == 0 or decays[layer, is_bias] == 0:
        return 0
    stop = table[layer, BIAS]
    if is_bias:  # with gain and shift, if it has them
        stop = gain_offset(tile, parameters, table[layer], table[layer, VECTORS] - 1) + table[layer, COLUMNS]
    return stop - table[layer, WEIGHT + is_bias]


@kernel
def add_squares_of_share(
    tile: Tile, parameters: Floats, table: Ints, rates: NDArray[np.float64], decays: NDArray[np.float64],
    clock: NDArray[np.float64], squares: NDArray[np.float64], thread: int, threads: int,
) -> None:  # fmt: skip
    """Fill a thread's share of `squares`: sums over pieces of SQUARED_AT_ONCE numbers, whoever adds them."""
    at = 0
    for part in range(2 * table.shape[0]):
        count, start = penalised(tile, parameters, table, rates, decays, part), table[part // 2, WEIGHT + part % 2]
        pieces = (count + SQUARED_AT_ONCE - 1) // SQUARED_AT_ONCE
        for piece in range(share_start(pieces, 1, thread, threads), share_start(pieces, 1, thread + 1, threads)):
            first = start + piece * SQUARED_AT_ONCE
            sums = clock[SQUARES : SQUARES + N_SQUARES]
            for j in range(N_SQUARES):
                sums[j] = 0.0
            add_squares(tile, sums, parameters, first, min(first + SQUARED_AT_ONCE, start + count))
            half = N_SQUARES // 2
            while half > 0:  # added in pairs: one after the other, each would wait for the one before
                for j in range(half):
                    sums[j] += sums[j + half]
                half //= 2
            squares[at + piece] = sums[0]
        at += pieces


@kernel
def penalty(
    tile: Tile, parameters: Floats, table: Ints, rates: NDArray[np.float64], decays: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> float:  # fmt: skip
    """Half the sum of the squares of what moves, each times its decay."""
    total, at = 0.0, 0
    for part in range(2 * table.shape[0]):
        count, summed = penalised(tile, parameters, table, rates, decays, part), 0.0
        for _ in range(0, count, SQUARED_AT_ONCE):
            summed += squares[at]
            at += 1
        if count > 0:
            total += decays[part // 2, part % 2] / 2 * summed
    return total


@kernel
def lowest_trainable(rates: NDArray[np.float64]) -> int:
    """First layer with a rate that is not zero; the number of layers if there is none."""
    for layer in range(rates.shape[0]):
        if rates[layer, 0] != 0 or rates[layer, 1] != 0:
            return layer
    return rates.shape[0]


@kernel
def backward_and_update(
    tile: Tile, inputs: Floats, deltas: Floats, spare: Floats, parameters: Floats, table: Ints, count: int,
    activation_row: Floats, identity_row: Floats, between: NDArray[np.float64] | None, visit: int, optimizer: int,
    rates: NDArray[np.float64], decays: NDArray[np.float64], pulls: NDArray[np.float64], momentum: float, t: int,
    clock: NDArray[np.float64], coefficients: Floats, team: Ints, thread: int, threads: int,
) -> None:  # fmt: skip
    """Backward pass and update t, from the head down to the lowest layer that is trained."""
    lowest, size, panel = lowest_trainable(rates), padded_size(tile, parameters, table), panel_width(tile, parameters)
    slopes_at = slope_offset(inputs, activation_row)
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
        if between is not None and between[layer, INNER] > 0:
            back_through_inner_norm(
                tile, inputs, deltas, delta_at, parameters, size, table[layer], table[layer + 1, SOURCE],
                between[layer, INNER], count, optimizer, rates[layer, 1], decays[layer, 1], pulls[layer, 1], momentum,
                t, clock, coefficients, team, thread, threads,
            )  # fmt: skip
        if layer > lowest:
            # Before the update: the gradient belongs to the weights that produced the logits.
            left = share_start(rows, panel, thread, threads)
            right = share_start(rows, panel, thread + 1, threads)
            below = activation_row
            if between is not None and changes(between[layer]):
                below = identity_row
            backward_input(
                tile, deltas, delta_below, delta_at, step, parameters, weight, weight_step, not last, spare, count,
                table[layer, OUTPUTS], left, right, inputs, source + slopes_at, below, identity_row,
            )  # fmt: skip
            meet(team, thread, threads)
            if between is not None and changes(between[layer]):
                top, bottom = share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)
                through_rows(
                    tile, deltas, delta_below, inputs, source, step, top, bottom, table[layer, INPUTS], between[layer],
                    visit,
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

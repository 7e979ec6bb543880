"""Whole trainings and whole predictions inside one compiled call.

At a few microseconds a step there is no time to go back to Python between steps, nor to ask for memory: the buffers
come from the caller, and a step only fills them. All parameters of the network and of the optimiser are pieces of one
array, see `plan`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .head import cross_entropy
from .jit import entry, inlined
from .padding import narrow, size_of, start_of, widen
from .plan import ANCHOR, BIAS, COLUMNS, INPUTS, MOMENT, MOMENT2, OUTPUTS, ROWS, SOURCE, VALUE, WEIGHT
from .products import affine, descend, pull_back, turn
from .rules import FLOOR, LOGISTIC, ONE, SGD, TANH, bend, set_update

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints


@inlined
def delta_at(deltas: Floats, layer: int) -> int:
    """Where the gradient at a layer's outputs begins: layers take turns with the two halves of the buffer."""
    return layer % 2 * (deltas.size // 2)


@inlined
def gather(inputs: Floats, step: int, j: int, x: Floats, i: int) -> None:
    """Copy example i to row j of a buffer whose rows are `step` apart."""
    to, example = inputs[j * step : (j + 1) * step], x[i]
    for c in range(example.size):
        to[c] = example[c]


@inlined
def up(
    inputs: Floats, deltas: Floats, spare: Floats, parameters: Floats, plan: Ints, depth: int, count: int,
    activation: int, shape: Floats,
) -> None:  # fmt: skip
    """Forward pass of `count` rows through `depth` layers. The last layer of all goes to `deltas`, unbent."""
    for layer in range(depth):
        rows, columns, weight = plan[layer, ROWS], plan[layer, COLUMNS], plan[layer, WEIGHT]
        last = layer == plan.shape[0] - 1
        out, at = (deltas, delta_at(deltas, layer)) if last else (inputs, plan[layer + 1, SOURCE])
        floor = inputs.dtype.type(-np.inf) if last else shape[FLOOR]
        if last:
            turn(spare, start_of(spare), columns, parameters, weight, rows, columns, rows)
        affine(
            out, at, inputs, plan[layer, SOURCE], rows, spare if last else parameters,
            start_of(spare) if last else weight, parameters, plan[layer, BIAS], count, plan[layer, INPUTS], columns,
            floor,
        )  # fmt: skip
        if not last and activation in (TANH, LOGISTIC):
            bend(inputs, at, count, columns, plan[layer, OUTPUTS], activation)


@entry
def predict(
    theta: Floats, parameters: Floats, plan: Ints, inputs: Floats, deltas: Floats, spare: Floats, activation: int,
    shape: Floats, x: Floats, depth: int, batch: int, result: Floats,
) -> None:  # fmt: skip
    """Fill `result`, (n, width), with the values after `depth` layers, `batch` rows at a time."""
    widen(theta, parameters, start_of(parameters), plan)
    n, width, last = result.shape[0], result.shape[1], depth == plan.shape[0]
    values = deltas if last else inputs
    step = plan[depth - 1, COLUMNS]
    at = delta_at(deltas, depth - 1) if last else plan[depth, SOURCE]
    for start in range(0, n, batch):
        count = min(batch, n - start)
        for j in range(count):
            gather(inputs, plan[0, ROWS], j, x, start + j)
        up(inputs, deltas, spare, parameters, plan, depth, count, activation, shape)
        for j in range(count):
            for c in range(width):
                result[start + j, c] = values[at + j * step + c]


@entry
def train(
    theta: Floats, state: Floats, anchor: Floats, parameters: Floats, plan: Ints, unit: int, inputs: Floats,
    deltas: Floats, spare: Floats, row: Floats, labels: Ints, numbers: Floats, activation: int, shape: Floats,
    optimizer: int, x: Floats, y: NDArray[np.int64], order: Ints, batch_size: int, rates: NDArray[np.float64],
    decays: NDArray[np.float64], pulls: NDArray[np.float64], momentum: float, losses: NDArray[np.float64], first: int,
    last: int,
) -> int:  # fmt: skip
    """Updates `first` to `last` - 1 of a training, in place; see `reference.train`.

    `parameters` has room for as many moments as the optimiser has, and for the anchor only if something is pulled.
    """
    size = size_of(plan)
    widen(theta, parameters, VALUE * size, plan)
    widen(state[0], parameters, MOMENT * size, plan)
    if optimizer != SGD:
        widen(state[1], parameters, MOMENT2 * size, plan)
    if parameters.size > ANCHOR * size:
        widen(anchor, parameters, ANCHOR * size, plan)
    done = last
    for s in range(first, last):
        count = try_batch(
            parameters, plan, unit, inputs, deltas, spare, row, labels, activation, shape, x, y, order, batch_size,
            losses, s,
        )  # fmt: skip
        if count == 0:
            done = s
            break
        down(
            inputs, deltas, spare, parameters, plan, count, shape, optimizer, rates, decays, pulls, momentum, s + 1,
            numbers,
        )  # fmt: skip
    narrow(parameters, VALUE * size, theta, plan)
    narrow(parameters, MOMENT * size, state[0], plan)
    if optimizer != SGD:
        narrow(parameters, MOMENT2 * size, state[1], plan)
    return done


@inlined
def try_batch(
    parameters: Floats, plan: Ints, unit: int, inputs: Floats, deltas: Floats, spare: Floats, row: Floats, labels: Ints,
    activation: int, shape: Floats, x: Floats, y: NDArray[np.int64], order: Ints, batch_size: int,
    losses: NDArray[np.float64], s: int,
) -> int:  # fmt: skip
    """Take the batch of step s as far as the gradient at its logits, and add its loss to its epoch's.

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
        gather(inputs, plan[0, ROWS], j, x, example)
    up(inputs, deltas, spare, parameters, plan, plan.shape[0], count, activation, shape)
    loss = to_loss(deltas, spare, plan, count, unit, labels, row)
    losses[epoch] += loss / n
    if math.isfinite(loss):
        return count
    losses[epoch + 1 :] = np.nan
    return 0


@inlined
def to_loss(deltas: Floats, spare: Floats, plan: Ints, count: int, unit: int, labels: Ints, row: Floats) -> float:
    """Sum of the losses of a batch; its logits, (B, C), become the gradient of their mean."""
    columns, step, at = plan[-1, COLUMNS], (count + unit - 1) // unit * unit, delta_at(deltas, plan.shape[0] - 1)
    turn(spare, start_of(spare), step, deltas, at, columns, step, columns)
    loss = cross_entropy(spare, step, plan[-1, OUTPUTS], count, labels, row)
    turn(deltas, at, columns, spare, start_of(spare), step, columns, step)
    return loss


@inlined
def lowest_moving(rates: NDArray[np.float64]) -> int:
    """First layer with a rate that is not zero; the number of layers if there is none."""
    for layer in range(rates.shape[0]):
        if rates[layer, 0] != 0 or rates[layer, 1] != 0:
            return layer
    return rates.shape[0]


@inlined
def down(
    inputs: Floats, deltas: Floats, turned: Floats, parameters: Floats, plan: Ints, count: int, shape: Floats,
    optimizer: int, rates: NDArray[np.float64], decays: NDArray[np.float64], pulls: NDArray[np.float64],
    momentum: float, t: int, numbers: Floats,
) -> None:  # fmt: skip
    """Backward pass and update t, from the head down to the lowest layer that moves."""
    lowest, size = lowest_moving(rates), size_of(plan)
    for layer in range(plan.shape[0] - 1, lowest - 1, -1):
        rows, columns, source = plan[layer, ROWS], plan[layer, COLUMNS], plan[layer, SOURCE]
        weight, bias = plan[layer, WEIGHT], plan[layer, BIAS]
        here, there, last = delta_at(deltas, layer), delta_at(deltas, layer + 1), layer == plan.shape[0] - 1
        if layer > lowest:
            # Before the update: these weights must be the ones that made the logits.
            if not last:
                turn(turned, start_of(turned), rows, parameters, weight, columns, rows, columns)
            pull_back(
                deltas, there, here, columns, parameters if last else turned, weight if last else start_of(turned),
                count, plan[layer, OUTPUTS], rows, inputs, source, shape,
            )  # fmt: skip
        if rates[layer, 0] != 0:
            set_update(numbers, optimizer, rates[layer, 0], decays[layer, 0], pulls[layer, 0], momentum, t)
            if last:
                descend(
                    deltas, here, columns, inputs, source, count, parameters, size, weight, plan[layer, OUTPUTS], rows,
                    optimizer, numbers,
                )  # fmt: skip
            else:
                descend(
                    inputs, source, rows, deltas, here, count, parameters, size, weight, plan[layer, INPUTS], columns,
                    optimizer, numbers,
                )  # fmt: skip
        if rates[layer, 1] != 0:
            set_update(numbers, optimizer, rates[layer, 1], decays[layer, 1], pulls[layer, 1], momentum, t)
            # For the literals, numba compiles a version of it that is of one row and nothing else.
            descend(
                numbers, ONE, 0, deltas, here, count, parameters, size, bias, 1, columns, optimizer, numbers
            )  # fmt: skip

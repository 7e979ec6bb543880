"""Whole trainings and whole predictions inside one compiled call.

At a few microseconds a step there is no time to go back to Python between steps, nor to ask for memory: buffers are
taken once a call, and a step only fills them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .head import cross_entropy
from .jit import entry, inlined, kernel
from .plan import BIAS, COLUMNS, INPUTS, OUTPUTS, ROWS, SOURCE, WEIGHT, lay_out, pad, rounded, unpad
from .products import UNIT_BYTES, affine, descend, descend_bias, pull_back, turn
from .rules import FLOOR, LOGISTIC, N_NUMBERS, SGD, SHAPES, TANH, bend, set_update

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints

PREDICT_ROWS = 128  # rows of a prediction computed at a time: their activations stay in the cache


@inlined
def unit_of(array: Floats) -> int:
    """Numbers that every row is padded to a multiple of."""
    return max(1, UNIT_BYTES // array.itemsize)


@kernel
def up(
    inputs: Floats, logits: Floats, weights: Floats, plan: Ints, depth: int, count: int, activation: int, shape: Floats
) -> None:
    """Forward pass of `count` rows through `depth` layers; the last layer of all goes to `logits`, without activation."""
    for layer in range(depth):
        columns, real = plan[layer, COLUMNS], plan[layer, OUTPUTS]
        last = layer == plan.shape[0] - 1
        out, at = (logits, 0) if last else (inputs, plan[layer + 1, SOURCE])
        floor = -np.inf if last else shape[FLOOR]
        affine(
            out, at, inputs, plan[layer, SOURCE], plan[layer, ROWS], weights, plan[layer, WEIGHT], plan[layer, BIAS],
            count, plan[layer, INPUTS], columns, floor,
        )  # fmt: skip
        if not last and (activation == TANH or activation == LOGISTIC):
            bend(inputs, at, count, columns, real, activation)


@kernel
def gather(inputs: Floats, step: int, x: Floats, chosen: Ints) -> None:
    """Copy the chosen rows of x to the front of a buffer with rows `step` apart."""
    for j in range(chosen.size):
        inputs[j * step : j * step + x.shape[1]] = x[chosen[j]]


@entry
def predict(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    """Values after `depth` layers, (n, sizes[depth]): logits if that is all of them."""
    batch = rounded(PREDICT_ROWS, unit_of(theta))
    plan = lay_out(sizes, unit_of(theta), batch)
    weights, shape = pad(theta, plan), SHAPES[activation].astype(theta.dtype)
    inputs = np.zeros(plan[-1, SOURCE] + batch * plan[-1, ROWS], theta.dtype)
    logits = np.zeros(batch * plan[-1, COLUMNS], theta.dtype)
    n, width = x.shape[0], sizes[depth]
    result = np.empty((n, width), theta.dtype)
    last = depth == plan.shape[0]
    out, at, step = (logits, 0, plan[-1, COLUMNS]) if last else (inputs, plan[depth, SOURCE], plan[depth, ROWS])
    for start in range(0, n, batch):
        count = min(batch, n - start)
        gather(inputs, plan[0, ROWS], x, np.arange(start, start + count))
        up(inputs, logits, weights, plan, depth, count, activation, shape)
        for j in range(count):
            result[start + j] = out[at + j * step : at + j * step + width]
    return result


@inlined
def lowest_moving(rates: NDArray[np.float64]) -> int:
    """First layer with a rate above zero; the number of layers if there is none."""
    for layer in range(rates.shape[0]):
        if rates[layer, 0] != 0 or rates[layer, 1] != 0:
            return layer
    return rates.shape[0]


@entry
def train(
    theta: Floats, state: Floats, sizes: Ints, activation: int, optimizer: int, x: Floats, y: NDArray[np.int64],
    order: Ints, batch_size: int, rates: NDArray[np.float64], decays: NDArray[np.float64], pulls: NDArray[np.float64],
    anchor: Floats, momentum: float, losses: NDArray[np.float64], first: int, last: int,
) -> int:  # fmt: skip
    """Updates `first` to `last` - 1 of a training, in place; `reference.train` is the same and documents it."""
    n, unit = order.shape[1], unit_of(theta)
    batch = rounded(min(batch_size, n), unit)
    n_batches = (n + batch_size - 1) // batch_size
    plan = lay_out(sizes, unit, batch)
    none = np.zeros(0, theta.dtype)
    shape, numbers = SHAPES[activation].astype(theta.dtype), np.zeros(N_NUMBERS, theta.dtype)
    weights, moment = pad(theta, plan), pad(state[0], plan)
    moment2 = none if optimizer == SGD else pad(state[1], plan)
    goal = pad(anchor, plan) if np.any(pulls > 0) else none
    widest = max(np.max(plan[:, ROWS]), np.max(plan[:, COLUMNS]))
    inputs = np.zeros(plan[-1, SOURCE] + batch * plan[-1, ROWS], theta.dtype)
    delta = np.zeros((2, batch * widest), theta.dtype)
    turned = np.zeros(max(np.max(plan[:, ROWS] * plan[:, COLUMNS]), plan[-1, COLUMNS] * batch), theta.dtype)
    row, labels = np.zeros(3 * batch, theta.dtype), np.zeros(batch, np.int64)
    lowest = lowest_moving(rates)
    done = last
    for s in range(first, last):
        epoch, start = s // n_batches, s % n_batches * batch_size
        chosen = order[epoch, start : min(start + batch_size, n)]
        for j in range(chosen.size):
            labels[j] = y[chosen[j]]
        gather(inputs, plan[0, ROWS], x, chosen)
        up(inputs, delta[0], weights, plan, plan.shape[0], chosen.size, activation, shape)
        loss = to_loss(delta[0], turned, plan, chosen.size, unit, labels, row)
        losses[epoch] += loss / n
        if not math.isfinite(loss):
            losses[epoch + 1 :] = np.nan
            done = s
            break
        down(
            inputs, delta, turned, weights, moment, moment2, goal, plan, lowest, chosen.size, shape, optimizer, rates,
            decays, pulls, momentum, s + 1, numbers,
        )  # fmt: skip
    unpad(weights, plan, theta)
    unpad(moment, plan, state[0])
    if optimizer != SGD:
        unpad(moment2, plan, state[1])
    return done


@kernel
def to_loss(logits: Floats, turned: Floats, plan: Ints, count: int, unit: int, labels: Ints, row: Floats) -> float:
    """Sum of the losses of a batch; its logits, (B, C), become the gradient of their mean."""
    columns, classes, step = plan[-1, COLUMNS], plan[-1, OUTPUTS], rounded(count, unit)
    turn(turned, step, logits, 0, columns, step, columns)
    loss = cross_entropy(turned, step, classes, count, labels, row)
    turn(logits, columns, turned, 0, step, columns, step)
    return loss


@kernel
def down(
    inputs: Floats, delta: Floats, turned: Floats, weights: Floats, moment: Floats, moment2: Floats, goal: Floats,
    plan: Ints, lowest: int, count: int, shape: Floats, optimizer: int, rates: NDArray[np.float64],
    decays: NDArray[np.float64], pulls: NDArray[np.float64], momentum: float, t: int, numbers: Floats,
) -> None:  # fmt: skip
    """Backward pass and update, from the head down to the lowest layer that moves."""
    here, there = delta[0], delta[1]
    for layer in range(plan.shape[0] - 1, lowest - 1, -1):
        rows, columns, source = plan[layer, ROWS], plan[layer, COLUMNS], plan[layer, SOURCE]
        if layer > lowest:
            # The weights still have the values that made the logits: they are updated below.
            turn(turned, rows, weights, plan[layer, WEIGHT], columns, rows, columns)
            pull_back(
                there, 0, here, 0, columns, turned, count, plan[layer, OUTPUTS], rows, inputs, source, shape
            )  # fmt: skip
        if rates[layer, 0] != 0:
            set_update(numbers, optimizer, rates[layer, 0], decays[layer, 0], pulls[layer, 0], momentum, t)
            descend(
                inputs, source, rows, here, 0, count, weights, moment, moment2, goal, plan[layer, WEIGHT],
                plan[layer, INPUTS], columns, optimizer, numbers,
            )  # fmt: skip
        if rates[layer, 1] != 0:
            set_update(numbers, optimizer, rates[layer, 1], decays[layer, 1], pulls[layer, 1], momentum, t)
            descend_bias(
                here, 0, count, weights, moment, moment2, goal, plan[layer, BIAS], columns, optimizer, numbers
            )  # fmt: skip
        here, there = there, here

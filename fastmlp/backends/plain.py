"""The products of a training step as plain loops: what `vector` computes, for hosts where its code cannot be built.

They run under ``NUMBA_DISABLE_JIT=1``, where there is no machine code, and under ``NUMBA_BOUNDSCHECK=1``, where every
access must be one that can be checked; and they are the text to read first.

Matrices are row-major pieces of flat arrays: `at` is where one begins. Axes: B examples of a batch, I inputs of a
layer, O outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..layout import BETA1, BETA2, TINY
from .elementary import exp, log
from .jit import kernel
from .plan import ANCHOR, MOMENT, MOMENT2
from .rules import DECAY, FLOOR, GUARD, KEEP, LEAST, MOMENTUM, S0, S1, S2, SGD, SHRINK, STEP

if TYPE_CHECKING:
    from ..layout import Floats


@kernel
def affine(
    out: Floats, out_at: int, x: Floats, x_at: int, x_step: int, weights: Floats, weight_at: int, parameters: Floats,
    bias_at: int, rows: int, depth: int, columns: int, floor: float,
) -> None:  # fmt: skip
    """out = max(x @ W + b, floor): (B, O) from x (B, I), whose rows are `x_step` apart; depth is I, columns is O."""
    for r in range(rows):
        row = out[out_at + r * columns : out_at + (r + 1) * columns]
        for c in range(columns):
            row[c] = parameters[bias_at + c]
        for k in range(depth):
            a = x[x_at + r * x_step + k]
            weight = weights[weight_at + k * columns : weight_at + (k + 1) * columns]
            for c in range(columns):
                row[c] += a * weight[c]
        for c in range(columns):
            row[c] = floor if row[c] < floor else row[c]  # a NaN stays


@kernel
def pull_back(
    deltas: Floats, there: int, here: int, here_step: int, turned: Floats, turned_at: int, rows: int, depth: int,
    columns: int, hidden: Floats, hidden_at: int, shape: Floats,
) -> None:  # fmt: skip
    """there = (here @ W.T) * slope(hidden): (B, I) from here (B, O) and turned = W.T (O, I) at `turned_at`.

    Rows of `here` are `here_step` apart; depth is O, columns is I.
    """
    for r in range(rows):
        row = deltas[there + r * columns : there + (r + 1) * columns]
        for c in range(columns):
            row[c] = 0
        for k in range(depth):
            d = deltas[here + r * here_step + k]
            weight = turned[turned_at + k * columns : turned_at + (k + 1) * columns]
            for c in range(columns):
                row[c] += d * weight[c]
        for c in range(columns):
            a = hidden[hidden_at + r * columns + c]
            slope = shape[S0] + a * (shape[S1] + a * shape[S2])
            row[c] = row[c] * slope if a > shape[FLOOR] else 0


@kernel
def descend(
    x: Floats, x_at: int, x_step: int, deltas: Floats, here: int, count: int, parameters: Floats, size: int, at: int,
    rows: int, columns: int, optimizer: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update W, (I, O) at `at`, by its gradient x.T @ here, with x (B, I) and here (B, O); rows is I, count is B.

    A matrix that lies transposed, (O, I), is updated by here.T @ x; a bias is a matrix of one row, whose input is 1.
    """
    for r in range(rows):
        for c in range(columns):
            gradient = parameters.dtype.type(0)
            for k in range(count):
                gradient += x[x_at + k * x_step + r] * deltas[here + k * columns + c]
            update(parameters, size, at + r * columns + c, gradient, optimizer, numbers)


@kernel
def update(parameters: Floats, size: int, i: int, gradient: float, optimizer: int, numbers: Floats) -> None:
    """One step of the optimiser on parameter i; the formulas are in `rules`."""
    one, beta1, beta2 = numbers.dtype.type(1), numbers.dtype.type(BETA1), numbers.dtype.type(BETA2)
    moment, moment2, anchor = i + MOMENT * size, i + MOMENT2 * size, i + ANCHOR * size
    p = parameters[i]
    g = gradient + numbers[DECAY] * p
    if optimizer == SGD:
        v = numbers[MOMENTUM] * parameters[moment] + numbers[STEP] * g
        parameters[moment] = 0 if abs(v) < numbers[LEAST] else v
        p += parameters[moment]
    else:
        m = beta1 * parameters[moment] + (one - beta1) * g
        v = beta2 * parameters[moment2] + (one - beta2) * (g * g)
        parameters[moment] = 0 if abs(m) < numbers[LEAST] else m
        parameters[moment2] = 0 if abs(v) < numbers[LEAST] else v
        root = np.sqrt(parameters[moment2])
        p = numbers[KEEP] * p + numbers[STEP] * parameters[moment] / (root + numbers[GUARD])
    if numbers[SHRINK] != 1:
        p = parameters[anchor] + (p - parameters[anchor]) * numbers[SHRINK]
    parameters[i] = p


@kernel
def softmax(z: Floats, step: int, classes: int, scale: float, row: Floats) -> None:
    """z = scale * softmax(z) over the classes, in place; class c of example j is at ``z[c * step + j]``.

    Row gets each example's largest logit and, `step` further on, the logarithm of its sum of exponentials.
    """
    for j in range(step):
        top = z[j]
        for c in range(1, classes):
            top = max(top, z[c * step + j])
        total = z.dtype.type(0)
        for c in range(classes):
            e = exp(z[c * step + j] - top)
            z[c * step + j] = 0 if e < TINY else e  # else its products are denormal numbers
            total += z[c * step + j]
        for c in range(classes):
            z[c * step + j] *= scale / total
        row[j], row[step + j] = top, log(total)


@kernel
def turn(out: Floats, out_at: int, out_step: int, x: Floats, x_at: int, x_step: int, rows: int, columns: int) -> None:
    """out = x.T, (columns, rows) from (rows, columns); rows of either are `step` apart."""
    for r in range(rows):
        for c in range(columns):
            out[out_at + c * out_step + r] = x[x_at + r * x_step + c]

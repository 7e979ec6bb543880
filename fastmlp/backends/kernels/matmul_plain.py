"""The products of a training step as plain loops: what `matmul_tiled` computes, where its code cannot be built.

They run under ``NUMBA_DISABLE_JIT=1``, where there is no machine code, and under ``NUMBA_BOUNDSCHECK=1``, where every
access must be one that can be checked; and they are the text to read first.

Matrices are row-major pieces of flat arrays: `at` is where one begins. Axes: B examples of a batch, I inputs of a
layer, O outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...registry import SGD, TINY
from ..codegen.math import exp, log
from ..coefficients import (
    DECAY,
    FLOOR,
    GUARD,
    KEEP,
    LEAST,
    MOMENTUM,
    NEW1,
    NEW2,
    OLD1,
    OLD2,
    S0,
    S1,
    S2,
    SHRINK,
    STEP,
)
from ..jit import kernel
from .memory import ANCHOR, MOMENT, MOMENT2

if TYPE_CHECKING:
    from ...layout import Floats
    from ..codegen.types import Tile


@kernel
def affine(
    tile: Tile, out: Floats, out_at: int, x: Floats, x_at: int, x_step: int, weights: Floats, weight_at: int,
    parameters: Floats, bias_at: int, rows: int, depth: int, columns: int, floor: float,
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
def backward_input(
    tile: Tile, deltas: Floats, out_at: int, delta_at: int, delta_step: int, transposed: Floats, transposed_at: int,
    rows: int, depth: int, columns: int, hidden: Floats, hidden_at: int, activation_row: Floats,
) -> None:  # fmt: skip
    """out = (delta @ W.T) * slope(hidden), (B, I), from delta (B, O) and transposed = W.T (O, I).

    `out` and `delta` are the pieces of `deltas` at `out_at` and at `delta_at`.

    Rows of delta are `delta_step` apart; depth is O, columns is I.
    """
    for r in range(rows):
        row = deltas[out_at + r * columns : out_at + (r + 1) * columns]
        for c in range(columns):
            row[c] = 0
        for k in range(depth):
            d = deltas[delta_at + r * delta_step + k]
            weight = transposed[transposed_at + k * columns : transposed_at + (k + 1) * columns]
            for c in range(columns):
                row[c] += d * weight[c]
        for c in range(columns):
            a = hidden[hidden_at + r * columns + c]
            slope = activation_row[S0] + a * (activation_row[S1] + a * activation_row[S2])
            row[c] = row[c] * slope if a > activation_row[FLOOR] else 0


@kernel
def update_weights(
    tile: Tile, x: Floats, x_at: int, x_step: int, deltas: Floats, delta_at: int, count: int, parameters: Floats,
    size: int, at: int, rows: int, columns: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """Update W, (I, O) at `at`, by its gradient x.T @ delta, with x (B, I) and delta (B, O); rows is I, count is B.

    A matrix stored transposed, (O, I), is updated by delta.T @ x; a bias is a matrix of one row, whose input is 1.
    """
    for r in range(rows):
        for c in range(columns):
            gradient = parameters.dtype.type(0)
            for k in range(count):
                gradient += x[x_at + k * x_step + r] * deltas[delta_at + k * columns + c]
            update(parameters, size, at + r * columns + c, gradient, optimizer, coefficients)


@kernel
def update(parameters: Floats, size: int, i: int, gradient: float, optimizer: int, coefficients: Floats) -> None:
    """One step of the optimizer on parameter i; the formulas are in `coefficients`."""
    moment, moment2, anchor = i + MOMENT * size, i + MOMENT2 * size, i + ANCHOR * size
    p = parameters[i]
    g = gradient + coefficients[DECAY] * p
    if optimizer == SGD:
        v = coefficients[MOMENTUM] * parameters[moment] + coefficients[STEP] * g
        parameters[moment] = 0 if abs(v) < coefficients[LEAST] else v
        p += parameters[moment]
    else:
        m = coefficients[OLD1] * parameters[moment] + coefficients[NEW1] * g
        v = coefficients[OLD2] * parameters[moment2] + coefficients[NEW2] * (g * g)
        parameters[moment] = 0 if abs(m) < coefficients[LEAST] else m
        parameters[moment2] = 0 if abs(v) < coefficients[LEAST] else v
        root = np.sqrt(parameters[moment2])
        p = coefficients[KEEP] * p + coefficients[STEP] * parameters[moment] / (root + coefficients[GUARD])
    if coefficients[SHRINK] != 1:
        p = parameters[anchor] + (p - parameters[anchor]) * coefficients[SHRINK]
    parameters[i] = p


@kernel
def softmax(tile: Tile, z: Floats, step: int, classes: int, scale: float, scratch: Floats) -> None:
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
            z[c * step + j] = 0 if e < TINY else e  # else its products are denormal coefficients
            total += z[c * step + j]
        for c in range(classes):
            z[c * step + j] *= scale / total
        scratch[j], scratch[step + j] = top, log(total)


@kernel
def transpose(
    tile: Tile, out: Floats, out_at: int, out_step: int, x: Floats, x_at: int, x_step: int, rows: int, columns: int
) -> None:
    """out = x.T, (columns, rows) from (rows, columns); rows of either are `step` apart."""
    for r in range(rows):
        for c in range(columns):
            out[out_at + c * out_step + r] = x[x_at + r * x_step + c]

"""The products of a training step as plain loops: what `matmul_tiled` computes, where its code cannot be built.

They run under ``NUMBA_DISABLE_JIT=1``, where there is no machine code, and under ``NUMBA_BOUNDSCHECK=1``, where every
access must be one that can be checked; and they are the text to read first.

Matrices are pieces of flat arrays, in panels as `memory` says: `at` is where one begins, `step` how far apart its
panels are. Axes: B examples of a batch, I inputs of a layer, O outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...registry import SGD, TINY
from ..codegen.math import exp, log
from ..codegen.types import panel_width
from ..coefficients import (
    AHEAD,
    DECAY,
    FLOOR,
    GUARD,
    KEEP,
    LEAST,
    MOMENTUM,
    N_SQUARES,
    NEW1,
    NEW2,
    NUDGE,
    OLD1,
    OLD2,
    S0,
    S1,
    S2,
    SHRINK,
    STEP,
)
from ..jit import kernel
from .memory import ANCHOR, MOMENT, MOMENT2, column_offset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats
    from ..codegen.types import Tile


@kernel
def gather(tile: Tile, inputs: Floats, step: int, j: int, x: Floats, i: int) -> None:
    """Copy row i of x, whose rows lie whole, to row j of the first layer's inputs."""
    panel, example = panel_width(tile, x), x[i]
    for p in range(0, example.size, panel):
        start, width = column_offset(tile, inputs, p, step) + j * panel, min(panel, example.size - p)
        row, numbers = inputs[start : start + width], example[p : p + width]
        for c in range(width):
            row[c] = numbers[c]


@kernel
def affine(
    tile: Tile, out: Floats, out_at: int, out_step: int, x: Floats, x_at: int, x_step: int, weights: Floats,
    weight_at: int, weight_step: int, transposed: int, spare: Floats, parameters: Floats, bias_at: int, rows: int,
    depth: int, first: int, last: int, floor: float,
) -> None:  # fmt: skip
    """Columns `first` to `last` of out = max(x @ W + b, floor): (B, O) from x (B, I); rows is B, depth is I.

    If the weights lie transposed, it is W.T (O, I) that is there. `spare` is memory for one panel. `first` is where a
    panel begins.
    """
    panel = panel_width(tile, out)
    for p in range(first, last, panel):
        width, strip = min(panel, last - p), weight_at + column_offset(tile, weights, p, weight_step)
        for r in range(rows):
            start = out_at + column_offset(tile, out, p, out_step) + r * panel
            row = out[start : start + width]
            for c in range(width):
                row[c] = parameters[bias_at + p + c]
            for k in range(depth):
                a = x[x_at + column_offset(tile, x, k, x_step) + r * panel]
                if transposed:
                    column = weight_at + column_offset(tile, weights, k, weight_step) + p * panel
                    for c in range(width):
                        row[c] += a * weights[column + c * panel]
                else:
                    weight = weights[strip + k * panel : strip + k * panel + width]
                    for c in range(width):
                        row[c] += a * weight[c]
            for c in range(width):
                row[c] = floor if row[c] < floor else row[c]  # a NaN stays


@kernel
def backward_input(
    tile: Tile, deltas: Floats, out_at: int, delta_at: int, step: int, weights: Floats, weight_at: int,
    weight_step: int, transposed: int, spare: Floats, rows: int, depth: int, first: int, last: int, hidden: Floats,
    hidden_at: int, activation_row: Floats, identity_row: Floats,
) -> None:  # fmt: skip
    """Columns `first` to `last` of out = (delta @ W.T) * slope(hidden), (B, I), from delta (B, O); depth is O.

    `out` and `delta` are the pieces of `deltas` at `out_at` and at `delta_at`. If the weights lie transposed, seen from
    this product, it is W (I, O) that is there, and else W.T (O, I). `identity_row` is the row of an activation whose
    slope is 1, for the sums of some terms.
    """
    panel = panel_width(tile, deltas)
    for p in range(first, last, panel):
        width, strip = min(panel, last - p), weight_at + column_offset(tile, weights, p, weight_step)
        for r in range(rows):
            at = column_offset(tile, deltas, p, step) + r * panel
            row = deltas[out_at + at : out_at + at + width]
            for c in range(width):
                row[c] = 0
            for k in range(depth):
                d = deltas[delta_at + column_offset(tile, deltas, k, step) + r * panel]
                if transposed:
                    column = weight_at + column_offset(tile, weights, k, weight_step) + p * panel
                    for c in range(width):
                        row[c] += d * weights[column + c * panel]
                else:
                    weight = weights[strip + k * panel : strip + k * panel + width]
                    for c in range(width):
                        row[c] += d * weight[c]
            for c in range(width):
                a = hidden[hidden_at + at + c]
                slope = activation_row[S0] + a * (activation_row[S1] + a * activation_row[S2])
                row[c] = row[c] * slope if a > activation_row[FLOOR] else 0


@kernel
def update_weights(
    tile: Tile, x: Floats, x_at: int, deltas: Floats, delta_at: int, step: int, count: int, parameters: Floats,
    size: int, at: int, weight_step: int, rows: int, first: int, last: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """Update columns `first` to `last` of W, (I, O) at `at`, by its gradient x.T @ delta, with x (B, I), delta (B, O).

    `rows` is I, `count` is B. A matrix stored transposed, (O, I), is updated by delta.T @ x.
    """
    panel = panel_width(tile, x)
    for r in range(rows):
        beside = x_at + column_offset(tile, x, r, step)
        for c in range(first, last):
            below = delta_at + column_offset(tile, deltas, c, step)
            gradient = parameters.dtype.type(0)
            for k in range(count):
                gradient += x[beside + k * panel] * deltas[below + k * panel]
            place = at + column_offset(tile, parameters, c, weight_step) + r * panel
            update(parameters, size, place, gradient, optimizer, coefficients)


@kernel
def update_bias(
    tile: Tile, deltas: Floats, delta_at: int, step: int, count: int, parameters: Floats, size: int, at: int,
    first: int, last: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """Update numbers `first` to `last` of b, (O,) at `at`, by its gradient, the sum of the rows of delta (B, O)."""
    panel = panel_width(tile, deltas)
    for c in range(first, last):
        below = delta_at + column_offset(tile, deltas, c, step)
        gradient = parameters.dtype.type(0)
        for k in range(count):
            gradient += deltas[below + k * panel]
        update(parameters, size, at + c, gradient, optimizer, coefficients)


@kernel
def update(parameters: Floats, size: int, i: int, gradient: float, optimizer: int, coefficients: Floats) -> None:
    """One step of the optimizer on parameter i; the formulas are in `coefficients`."""
    moment, moment2, anchor = i + MOMENT * size, i + MOMENT2 * size, i + ANCHOR * size
    p = parameters[i]
    g = gradient + coefficients[DECAY] * p
    if optimizer == SGD:
        v = coefficients[MOMENTUM] * parameters[moment] + coefficients[STEP] * g
        parameters[moment] = 0 if abs(v) < coefficients[LEAST] else v
        if coefficients[AHEAD] == 1:
            p += parameters[moment]
        else:
            p += coefficients[AHEAD] * parameters[moment] + coefficients[NUDGE] * g
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
def add_squares(tile: Tile, sums: NDArray[np.float64], x: Floats, first: int, last: int) -> None:
    """Add the squares of x[first : last] to N_SQUARES sums, which take turns.

    Additions to one sum would wait for each other, and the compiler may not reorder them. So no bit depends on how wide
    vectors are.
    """
    for i in range(first, last):
        sums[(i - first) % N_SQUARES] += np.float64(x[i]) * np.float64(x[i])


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
    tile: Tile, out: Floats, out_at: int, out_row: int, out_step: int, x: Floats, x_at: int, x_row: int, x_step: int,
    rows: int, columns: int,
) -> None:  # fmt: skip
    """out = x.T, (columns, rows) from (rows, columns).

    Here either may be of another form: rows `row` numbers apart, and panels `step`. With a step as long as a panel is
    wide, whole rows lie side by side.
    """
    for r in range(rows):
        to = out_at + column_offset(tile, out, r, out_step)
        for c in range(columns):
            out[to + c * out_row] = x[x_at + column_offset(tile, x, c, x_step) + r * x_row]

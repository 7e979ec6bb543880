"""The products of a training step as plain loops: what `vector` computes, for hosts where its code cannot be built.

They run under ``NUMBA_DISABLE_JIT=1``, where there is no machine code, and under ``NUMBA_BOUNDSCHECK=1``, where every
access must be one that can be checked; and they are the text to read first. The inner loop always runs along a row, so
LLVM vectorises it without being allowed to reorder a sum.

All matrices are row-major pieces of flat arrays: `at` is where one begins. Axes: B rows of a batch, I inputs, O outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..layout import BETA1, BETA2, TINY
from .jit import kernel
from .rules import DECAY, FLOOR, GUARD, KEEP, MOMENTUM, S0, S1, S2, SGD, SHRINK, STEP

if TYPE_CHECKING:
    from ..layout import Floats

UNIT_BYTES = 1  # no padding: rows are as long as layers are wide


@kernel
def affine(
    out: Floats, out_at: int, x: Floats, x_at: int, x_step: int, weights: Floats, weight_at: int, bias_at: int,
    rows: int, depth: int, columns: int, floor: float,
) -> None:  # fmt: skip
    """out = max(x @ W + b, floor): (B, O) from x (B, I) with rows `x_step` apart; depth is I, columns is O."""
    bias = weights[bias_at : bias_at + columns]
    for r in range(rows):
        row = out[out_at + r * columns : out_at + (r + 1) * columns]
        row[:] = bias
        for k in range(depth):
            a = x[x_at + r * x_step + k]
            weight = weights[weight_at + k * columns : weight_at + (k + 1) * columns]
            for c in range(columns):
                row[c] += a * weight[c]
        for c in range(columns):
            row[c] = floor if row[c] < floor else row[c]  # a NaN stays


@kernel
def pull_back(
    out: Floats, out_at: int, delta: Floats, delta_at: int, delta_step: int, turned: Floats,
    rows: int, depth: int, columns: int, hidden: Floats, hidden_at: int, shape: Floats,
) -> None:  # fmt: skip
    """out = (delta @ W.T) * slope(hidden): (B, I) from delta (B, O) and turned = W.T (O, I); depth is O, columns is I."""
    for r in range(rows):
        row = out[out_at + r * columns : out_at + (r + 1) * columns]
        row[:] = 0
        for k in range(depth):
            d = delta[delta_at + r * delta_step + k]
            weight = turned[k * columns : (k + 1) * columns]
            for c in range(columns):
                row[c] += d * weight[c]
        for c in range(columns):
            a = hidden[hidden_at + r * columns + c]
            slope = shape[S0] + a * (shape[S1] + a * shape[S2])
            row[c] = row[c] * slope if a > shape[FLOOR] else 0


@kernel
def descend(
    x: Floats, x_at: int, x_step: int, delta: Floats, delta_at: int, count: int, weights: Floats, state: Floats,
    state2: Floats, anchor: Floats, at: int, rows: int, columns: int, optimizer: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update W, (I, O) at `at`, by its gradient x.T @ delta, with x (B, I) rows `x_step` apart and delta (B, O)."""
    gradient = np.empty(columns, weights.dtype)
    for r in range(rows):
        gradient[:] = 0
        for k in range(count):
            a = x[x_at + k * x_step + r]
            for c in range(columns):
                gradient[c] += a * delta[delta_at + k * columns + c]
        update(weights, state, state2, anchor, at + r * columns, gradient, optimizer, numbers)


@kernel
def descend_bias(
    delta: Floats, delta_at: int, count: int, weights: Floats, state: Floats, state2: Floats, anchor: Floats, at: int,
    columns: int, optimizer: int, numbers: Floats,
) -> None:  # fmt: skip
    """Update b, (O,) at `at`, by its gradient, the sum of delta (B, O) over the batch."""
    gradient = np.zeros(columns, weights.dtype)
    for k in range(count):
        for c in range(columns):
            gradient[c] += delta[delta_at + k * columns + c]
    update(weights, state, state2, anchor, at, gradient, optimizer, numbers)


@kernel
def update(
    weights: Floats, state: Floats, state2: Floats, anchor: Floats, at: int, gradient: Floats, optimizer: int,
    numbers: Floats,
) -> None:  # fmt: skip
    """One step of the optimiser on the parameters from `at`; the formulas are in `rules`."""
    one = numbers.dtype.type(1)
    beta1, beta2, tiny = numbers.dtype.type(BETA1), numbers.dtype.type(BETA2), numbers.dtype.type(TINY)
    for c in range(gradient.size):
        p = weights[at + c]
        g = gradient[c] + numbers[DECAY] * p
        if optimizer == SGD:
            v = numbers[MOMENTUM] * state[at + c] + numbers[STEP] * g
            state[at + c] = 0 if abs(v) < tiny else v
            p += state[at + c]
        else:
            m = beta1 * state[at + c] + (one - beta1) * g
            v = beta2 * state2[at + c] + (one - beta2) * (g * g)
            state[at + c] = 0 if abs(m) < tiny else m
            state2[at + c] = 0 if abs(v) < tiny else v
            p = numbers[KEEP] * p + numbers[STEP] * state[at + c] / (np.sqrt(state2[at + c]) + numbers[GUARD])
        if numbers[SHRINK] != 1:
            p = anchor[at + c] + (p - anchor[at + c]) * numbers[SHRINK]
        weights[at + c] = p


@kernel
def turn(out: Floats, out_step: int, x: Floats, x_at: int, x_step: int, rows: int, columns: int) -> None:
    """out = x.T, (columns, rows) from (rows, columns); rows of either are `step` apart."""
    for r in range(rows):
        for c in range(columns):
            out[c * out_step + r] = x[x_at + r * x_step + c]

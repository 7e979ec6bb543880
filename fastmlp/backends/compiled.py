"""The functions of `reference`, compiled: the same names, signatures and numbers, at the speed of the machine.

Here the caller's arrays are copied into the layout of `kernels.memory` and handed to `kernels.engine`, which does the
work. README.md beside this file explains how it is built and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..registry import SGD
from .coefficients import ACTIVATION_TABLE, N_COEFFICIENTS, new_clock
from .fallback import run
from .kernels import engine
from .kernels.memory import ANCHOR, MOMENT, MOMENT2, BufferLayout, allocate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .codegen.types import Tile

PREDICT_ROWS = 128  # rows of a prediction at a time: their activations stay in the cache


def features(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    """See `reference.features`."""
    return _predict(theta, sizes, activation, x, depth) if depth else x


def forward(theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
    """See `reference.forward`."""
    return _predict(theta, sizes, activation, x, len(sizes) - 1)


def loss_and_gradient(
    theta: Floats, sizes: Ints, activation: int, x: Floats, y: NDArray[np.int64]
) -> tuple[float, Floats]:
    """See `reference.loss_and_gradient`.

    In a training the gradient never reaches memory, so it is read from a step: with no velocity before and a rate of 1,
    the velocity after a step is 0 - gradient. If the loss is not finite no step is made, and the gradient is NaN.
    """
    rates = np.ones((len(sizes) - 1, 2))
    zeros, losses = np.zeros_like(rates), np.zeros(1)
    moved, state = theta.copy(), np.zeros((2, len(theta)), theta.dtype)
    order = np.arange(len(x))[np.newaxis]
    done = train(
        moved, state, sizes, activation, SGD, x, y, order, len(x), rates, zeros, zeros, theta, 0.0, losses, 0, 1
    )
    return losses[0].item(), 0 - state[0] if done else np.full_like(theta, np.nan)


def train(
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[np.int64],
    order: Ints,
    batch_size: int,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    pulls: NDArray[np.float64],
    anchor: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
) -> int:
    """See `reference.train`."""

    def train_on(tile: Tile) -> int:
        layout = BufferLayout.of(sizes, tile.padding_unit(theta.dtype), min(int(batch_size), order.shape[1]))
        last_piece = ANCHOR if pulls.any() else MOMENT if optimizer == SGD else MOMENT2
        parameters, inputs, deltas, spare, scratch, coefficients = allocate(
            theta.dtype,
            (last_piece + 1) * layout.size,
            layout.inputs,
            layout.deltas,
            layout.spare,
            3 * layout.batch,
            N_COEFFICIENTS,
        )
        done: int = engine.train(
            tile, theta, state, as_kernel_array(anchor), parameters, layout.table, layout.unit, inputs, deltas, spare,
            scratch, np.zeros(layout.batch, np.int64), coefficients,
            new_clock(order.shape[1], batch_size, weighted=weighted), int(activation),
            ACTIVATION_TABLE[activation].astype(theta.dtype), int(optimizer), as_kernel_array(x), as_kernel_array(y),
            as_kernel_array(order), int(batch_size), as_kernel_array(rates), as_kernel_array(decays),
            as_kernel_array(pulls), float(momentum), losses, int(first), int(last),
        )  # fmt: skip
        return done

    return run(train_on)


def _predict(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    def predict_on(tile: Tile) -> Floats:
        layout = BufferLayout.of(sizes, tile.padding_unit(theta.dtype), min(PREDICT_ROWS, max(1, len(x))))
        parameters, inputs, deltas, spare = allocate(
            theta.dtype, layout.size, layout.inputs, layout.deltas, layout.spare
        )
        result = np.empty((len(x), sizes[depth]), theta.dtype)
        engine.predict(
            tile, as_kernel_array(theta), parameters, layout.table, inputs, deltas, spare, int(activation),
            ACTIVATION_TABLE[activation].astype(theta.dtype), as_kernel_array(x), int(depth), layout.batch, result,
        )  # fmt: skip
        return result

    return run(predict_on)


def as_kernel_array(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy if it is read-only or strided: numba would compile again for such a type."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy(order="C")

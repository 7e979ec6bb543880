"""The functions of `reference`, compiled: the same names, signatures and numbers, at the speed of the machine.

Here the caller's arrays are copied into the layout of `kernels.memory` and handed to `kernels.engine`, which does the
work. README.md beside this file explains how it is built and why.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..registry import IDENTITY, SGD
from . import threads_for
from .coefficients import ACTIVATION_TABLE, N_COEFFICIENTS, new_clock
from .fallback import run
from .kernels import engine
from .kernels.memory import ANCHOR, MOMENT, MOMENT2, BufferLayout, allocate
from .kernels.team import team_memory
from .team import TooFewThreads, run_team

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .codegen.types import Tile

NOBODY = np.zeros(team_memory(0), np.int64)  # the memory of a team of one, which meets nobody
FLOP_PER_FORWARD = 2  # of a parameter and a row: a product and a sum
PREDICT_ROWS = 128  # rows of a prediction at a time: their activations stay in the cache


def features(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int, *, threads: int | None = 1) -> Floats:
    """See `reference.features`. None threads are as many as gain by it."""
    return _predict(theta, sizes, activation, x, depth, threads) if depth else x


def forward(theta: Floats, sizes: Ints, activation: int, x: Floats, *, threads: int | None = 1) -> Floats:
    """See `reference.forward`, and `features`."""
    return _predict(theta, sizes, activation, x, len(sizes) - 1, threads)


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
    training = Training(
        theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls, anchor, momentum,
        losses, weighted=weighted,
    )  # fmt: skip
    return training.run(first, last)


class Training:
    """A training whose network stays in the layout of the kernels from call to call, by one thread or several.

    Parameters
    ----------
    theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls, anchor, momentum, losses,
    weighted
        As in `reference.train`. A state of no columns stands for zeros, and is not written to.
    threads
        How many share the work. No bit depends on it.
    """

    def __init__(
        self,
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
        *,
        weighted: bool = False,
        threads: int = 1,
    ) -> None:
        self._theta, self._sizes, self._batch = theta, sizes, min(int(batch_size), order.shape[1])
        self._pieces = (ANCHOR if pulls.any() else MOMENT if optimizer == SGD else MOMENT2) + 1
        self._threads = int(threads)
        self._clock = new_clock(order.shape[1], batch_size, weighted=weighted)
        rows = activation_rows(theta.dtype)
        self._network = theta, state, as_kernel_array(anchor)
        self._rule = (
            int(activation), rows[activation], rows[IDENTITY], int(optimizer), as_kernel_array(x), as_kernel_array(y),
            as_kernel_array(order), int(batch_size), as_kernel_array(rates), as_kernel_array(decays),
            as_kernel_array(pulls), float(momentum), losses,
        )  # fmt: skip
        self._members: list[tuple[Any, ...]] = []  # the arguments of each thread, once memory is laid out
        self._team = np.zeros(team_memory(self._threads), np.int64)

    def run(self, first: int, last: int, *, ends: bool = True) -> int:
        """Make the updates `first` to `last` - 1; return the updates completed, as `reference.train` does.

        Parameters
        ----------
        ends
            Whether theta and state are wanted after this call. A loss that is not finite is an end in any case.
        """
        piece = int(first), int(last)
        if self._members:
            return self._run(self._members, *piece, 0, int(ends))

        def begin_on(tile: Tile) -> int:
            members = self._lay_out(tile)
            if len(members) > 1:
                self._run(members[:1], 0, 0, 0, 0)  # compiles, before threads wait for each other
            done = self._run(members, *piece, 1, int(ends))
            self._members = members
            return done

        return run(begin_on)

    def _lay_out(self, tile: Tile) -> list[tuple[Any, ...]]:
        """Return the arguments of each thread, with memory for the code of a tile."""
        dtype, layout = self._theta.dtype, BufferLayout.of(self._sizes, tile, self._theta.dtype, self._batch)
        parameters, inputs, deltas, scratch, *own = allocate(
            dtype, self._pieces * layout.size, layout.inputs, layout.deltas, 3 * layout.batch,
            *[layout.spare, N_COEFFICIENTS] * self._threads,
        )  # fmt: skip
        labels = np.zeros(layout.batch, np.int64)
        return [
            (
                tile, *self._network, parameters, layout.table, layout.unit, inputs, deltas, spare, scratch, labels,
                coefficients, self._clock.copy(), *self._rule,
            )
            for spare, coefficients in zip(own[::2], own[1::2], strict=True)
        ]  # fmt: skip

    def _run(self, members: list[tuple[Any, ...]], *piece: int) -> int:
        """Make the same call in as many threads as there are members; in one if no other can be started."""

        def call(thread: int, threads: int) -> int:
            done: int = engine.train(*members[thread], *piece, self._team, thread, threads)
            return done

        try:
            return run_team(call, len(members))
        except TooFewThreads:
            return call(0, 1)


def _predict(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int, threads: int | None) -> Floats:
    n, batch = len(x), min(PREDICT_ROWS, max(1, len(x)))
    theta, x = as_kernel_array(theta), as_kernel_array(x)
    team = threads_for(FLOP_PER_FORWARD * theta.size * n) if threads is None else threads

    def predict_on(tile: Tile) -> Floats:
        layout, result = BufferLayout.of(sizes, tile, theta.dtype, batch), np.empty((n, sizes[depth]), theta.dtype)
        shape = activation_rows(theta.dtype)[activation]

        buffers = layout.inputs, layout.deltas, layout.spare

        def predict_rows(parameters: Floats, memory: list[Floats], x: Floats, result: Floats, begins: int) -> None:
            engine.predict(
                tile, theta, parameters, layout.table, *memory, int(activation), shape, x, int(depth), layout.batch,
                result, begins, NOBODY,
            )  # fmt: skip

        parameters, *memory = allocate(theta.dtype, layout.size, *buffers)
        if team == 1:
            predict_rows(parameters, memory, x, result, 1)
            return result
        predict_rows(parameters, memory, x[:0], result[:0], 1)

        def predict_share(part: int, parts: int) -> int:
            rows = slice(n * part // parts, n * (part + 1) // parts)
            predict_rows(parameters, allocate(theta.dtype, *buffers), x[rows], result[rows], 0)
            return part

        run_team(predict_share, team)
        return result

    return run(predict_on)


@cache
def activation_rows(dtype: np.dtype[Any]) -> Floats:
    """Return the activations as numbers, a row each, of this dtype."""
    return ACTIVATION_TABLE.astype(dtype)


def as_kernel_array(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy if it is read-only or strided: numba would compile again for such a type."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy(order="C")

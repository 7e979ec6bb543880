"""The functions of `reference`, compiled: the same names, signatures and numbers, at the speed of the machine.

Here the caller's arrays are copied into the layout of `kernels.memory` and handed to `kernels.engine`, which does the
work. README.md beside this file explains how it is built and why.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..registry import ACTIVATION_ROWS, ADAM_DEFAULTS, BINARY_CROSS_ENTROPY, CROSS_ENTROPY, IDENTITY, SGD, Adam
from .between import rescaled_layers, without_dropout
from .coefficients import ACTIVATION_TABLE, N_COEFFICIENTS, SQUARED_AT_ONCE, new_clock
from .fallback import run
from .kernels import engine
from .kernels.loss import TARGETS
from .kernels.memory import ANCHOR, MOMENT, MOMENT2, BufferLayout, allocate
from .kernels.team import team_memory
from .team import TooFewThreads, run_team
from .watch import Watch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .codegen.types import Tile

NOBODY = np.zeros(team_memory(0), np.int64)  # the memory of a team of one, which meets nobody
PREDICT_ROWS = 128  # rows of a prediction at a time: their activations stay in the cache
GRADIENT_ROWS = 1024  # rows of a gradient at a time
NO_ROWS, NOTHING = np.empty(0, np.int64), np.empty(0)  # in place of arrays that are not given


@cache
def nothing(dtype: np.dtype[Any]) -> Floats:
    """Return an empty array of a dtype."""
    return np.empty(0, dtype)


def features(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    """See `reference.features`."""
    return predict(theta, sizes, activation, x, depth, 1) if depth else x


def forward(theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
    """See `reference.forward`."""
    return predict(theta, sizes, activation, x, len(sizes) - 1, 1)


def loss_and_gradient(
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    y: NDArray[Any],
    sample_weight: Floats | None = None,
    loss: int = CROSS_ENTROPY,
    between: NDArray[np.float64] | None = None,
) -> tuple[float, Floats]:
    """See `reference.loss_and_gradient`.

    In a training the gradient never reaches memory, so it is read from a step: with no velocity before and a rate of 1,
    the velocity after a step is 0 - gradient. That of many examples is the mean of those of pieces, lest their
    activations take more memory than the examples do. If the loss is not finite, the gradient is NaN.
    """
    rates = np.ones((len(sizes) - 1, 2))
    zeros, mean, gradient = np.zeros_like(rates), 0.0, np.zeros_like(theta)
    weights = np.ones(len(x), theta.dtype) if sample_weight is None else sample_weight
    whole = float(weights.sum(dtype=np.float64)) or 1.0
    for start in range(0, len(x), GRADIENT_ROWS):
        rows = slice(start, start + GRADIENT_ROWS)
        state, losses, n = np.zeros((2, len(theta)), theta.dtype), np.zeros(1), len(x[rows])
        done = train(
            theta.copy(), state, sizes, activation, SGD, x[rows], y[rows], np.arange(n)[np.newaxis], n, rates, zeros,
            zeros, theta, 0.0, losses, 0, 1, loss=loss, sample_weight=None if sample_weight is None else weights[rows],
            between=without_dropout(between),
        )  # fmt: skip
        share = float(weights[rows].sum(dtype=np.float64)) / whole
        mean += share * losses[0].item()
        gradient -= share * state[0] if done else np.nan
    return mean, gradient


def train(
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
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
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    paces: NDArray[np.float64] | None = None,
    penalties: NDArray[np.float64] | None = None,
    watch: Watch | None = None,
    between: NDArray[np.float64] | None = None,
    adam: Adam = ADAM_DEFAULTS,
) -> int:
    """See `reference.train`."""
    training = Training(
        theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls, anchor, momentum,
        losses, weighted=weighted, loss=loss, sample_weight=sample_weight, nesterov=nesterov, paces=paces,
        penalties=penalties, watch=watch, between=between, adam=adam,
    )  # fmt: skip
    return training.run(first, last)


class Training:
    """A training whose network stays in the layout of the kernels from call to call, by one thread or several.

    Parameters
    ----------
    theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls, anchor, momentum, losses,
    weighted, loss, sample_weight, nesterov, paces, penalties, watch, between, adam
        As in `reference.train`. A state of no columns stands for zeros, and is not written to.
    threads
        How many share the work. No bit depends on it.
    """

    is_in_place = False

    def __init__(
        self,
        theta: Floats,
        state: Floats,
        sizes: Ints,
        activation: int,
        optimizer: int,
        x: Floats,
        y: NDArray[Any],
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
        loss: int = CROSS_ENTROPY,
        sample_weight: Floats | None = None,
        nesterov: bool = False,
        paces: NDArray[np.float64] | None = None,
        penalties: NDArray[np.float64] | None = None,
        watch: Watch | None = None,
        between: NDArray[np.float64] | None = None,
        adam: Adam = ADAM_DEFAULTS,
        threads: int = 1,
    ) -> None:
        self._rescaled = rescaled_layers(between)
        self._theta, self._sizes, self._batch = theta, sizes, min(int(batch_size), order.shape[1])
        self._pieces = (ANCHOR if pulls.any() else MOMENT if optimizer == SGD else MOMENT2) + 1
        self._threads, self._parts = int(threads), parts_of_inputs(activation, between)
        self._clock = new_clock(
            order.shape[1], batch_size, weighted=weighted, nesterov=nesterov, momentum=momentum,
            has_weights=sample_weight is not None, adam=adam,
        )  # fmt: skip
        self._goal = goal = Goal.of(loss, sizes, y, sample_weight, theta.dtype)
        if watch is None:
            watch = nobody_watches(theta.dtype)
        rows, self._is_penalised = activation_rows(theta.dtype), penalties is not None
        self._network = theta, state, as_kernel_array(anchor)
        self._rule = (
            int(activation), rows[activation], rows[IDENTITY], None if between is None else as_kernel_array(between),
            int(optimizer), as_kernel_array(x), *goal, as_kernel_array(order), int(batch_size), as_kernel_array(rates),
            as_kernel_array(decays), as_kernel_array(pulls), float(momentum), losses,
            np.ones(len(order)) if paces is None else as_kernel_array(paces),
            NOTHING if penalties is None else penalties, watch.held_back, watch.losses, watch.best, watch.state,
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
        dtype = self._theta.dtype
        layout = BufferLayout.of(self._sizes, tile, dtype, self._batch, self._rescaled)
        parameters, inputs, deltas, scratch, *own = allocate(
            dtype, self._pieces * layout.size, self._parts * layout.inputs, layout.deltas,
            self._goal.scratch_rows * layout.batch,
            *[layout.spare, N_COEFFICIENTS] * self._threads,
        )  # fmt: skip
        pieces = 2 * len(layout.table) + layout.size // SQUARED_AT_ONCE
        (squares,) = allocate(np.dtype(np.float64), pieces) if self._is_penalised else (NOTHING,)
        return [
            (
                tile, *self._network, parameters, layout.table, layout.unit, inputs, deltas, spare, scratch,
                coefficients, self._clock.copy(), *self._rule, squares,
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


class Goal(NamedTuple):
    """What the loss of a training is computed from, in the form in which kernels take it.

    Parameters
    ----------
    labels : (n,)
        Of cross-entropy, else empty.
    targets : (n, outputs)
        Of any other loss, else empty.
    weights : (n,)
        Ones if all examples count the same.
    loss
        Place in `registry.LOSSES`.
    """

    labels: Ints
    targets: Floats
    weights: Floats
    loss: int

    @classmethod
    def of(cls, loss: int, sizes: Ints, y: NDArray[Any], weights: Floats | None, dtype: np.dtype[Any]) -> Goal:
        """Return the goal for the arguments of `train`. One logit with labels 0 and 1 is one logistic output."""
        counts = np.ones(len(y), dtype) if weights is None else as_kernel_array(weights)
        if loss != CROSS_ENTROPY:
            return cls(NO_ROWS, as_kernel_array(y), counts, int(loss))
        if sizes[-1] == 1:
            return cls(NO_ROWS, y.astype(dtype).reshape(-1, 1), counts, BINARY_CROSS_ENTROPY)
        return cls(as_kernel_array(y), nothing(dtype).reshape(0, 0), counts, CROSS_ENTROPY)

    @property
    def scratch_rows(self) -> int:
        """Rows of the buffer that the losses need."""
        return TARGETS + self.targets.shape[1]


def predict(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int, threads: int) -> Floats:
    """Return the values after `depth` layers, (n, sizes[depth]), computed by several threads, each for its share."""
    n, batch = len(x), min(PREDICT_ROWS, max(1, len(x)))
    theta, x = as_kernel_array(theta), as_kernel_array(x)

    def predict_on(tile: Tile) -> Floats:
        layout, result = BufferLayout.of(sizes, tile, theta.dtype, batch), np.empty((n, sizes[depth]), theta.dtype)
        shape = activation_rows(theta.dtype)[activation]

        buffers = parts_of_inputs(activation) * layout.inputs, layout.deltas, layout.spare

        def predict_rows(parameters: Floats, memory: list[Floats], x: Floats, result: Floats, begins: int) -> None:
            engine.predict(
                tile, theta, parameters, layout.table, *memory, int(activation), shape, x, int(depth), layout.batch,
                result.reshape(-1), begins, NOBODY,
            )  # fmt: skip

        parameters, *memory = allocate(theta.dtype, layout.size, *buffers)
        if threads == 1:
            predict_rows(parameters, memory, x, result, 1)
            return result
        predict_rows(parameters, memory, x[:0], result[:0], 1)

        def predict_share(part: int, parts: int) -> int:
            rows = slice(n * part // parts, n * (part + 1) // parts)
            predict_rows(parameters, allocate(theta.dtype, *buffers), x[rows], result[rows], 0)
            return part

        run_team(predict_share, threads)
        return result

    return run(predict_on)


@cache  # a kernel writes to a watch only if it watches
def nobody_watches(dtype: np.dtype[Any]) -> Watch:
    """Return what stands for a watch where there is none."""
    return Watch(NO_ROWS, NOTHING, nothing(dtype))


@cache
def activation_rows(dtype: np.dtype[Any]) -> Floats:
    """Return the activations as numbers, a row each, of this dtype."""
    return ACTIVATION_TABLE.astype(dtype)


def parts_of_inputs(activation: int, between: NDArray[np.float64] | None = None) -> int:
    """Return how often the buffer of activations has to hold them: its second half has slopes, if they are kept.

    What lies between layers needs its quarters, see `kernels.between`.
    """
    if between is not None:
        return 4
    return 2 if ACTIVATION_ROWS[activation].keeps_slope else 1


def as_kernel_array(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy if it is read-only or strided: numba would compile again for such a type."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy(order="C")

"""Training within low rank, compiled: `reference_lora`'s function at the speed of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..registry import CROSS_ENTROPY, IDENTITY, SGD
from .between import rescaled_layers
from .coefficients import ACTIVATION_TABLE, N_COEFFICIENTS, new_clock
from .compiled import Goal, as_kernel_array, parts_of_inputs
from .fallback import run
from .kernels import engine_lora
from .kernels.memory import (
    BIAS,
    COLUMNS,
    INPUTS,
    MOMENT,
    MOMENT2,
    OUTPUTS,
    ROWS,
    VALUE,
    WEIGHT,
    BufferLayout,
    allocate,
    rounded,
)
from .kernels.team import team_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .codegen.types import Tile


def train_lora(
    theta: Floats,
    factors: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
    order: Ints,
    batch_size: int,
    rank: int,
    scale: float,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    base: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    between: NDArray[np.float64] | None = None,
) -> int:
    """See `reference_lora.train_lora`."""
    goal = Goal.of(loss, sizes, y, sample_weight, theta.dtype)

    def train_on(tile: Tile) -> int:
        batch = min(int(batch_size), order.shape[1])
        layout = BufferLayout.of(sizes, tile, theta.dtype, batch, rescaled_layers(between))
        lora = LoraLayout.of(layout, int(rank))
        rows = [(VALUE, factors), (MOMENT, state[0])] + [(MOMENT2, state[1])] * (optimizer != SGD)
        projected = layout.matrix(layout.apart, lora.width)
        parameters, adapters, frozen, inputs, deltas, spare, projection, merged, scratch, coefficients = allocate(
            theta.dtype, len(rows) * layout.size, len(rows) * lora.size, layout.size,
            parts_of_inputs(activation, between) * layout.inputs,
            layout.deltas + 2 * projected, layout.spare, projected, lora.merged, goal.scratch_rows * layout.batch,
            N_COEFFICIENTS,
        )  # fmt: skip
        network, wide = parameters.reshape(len(rows), -1), adapters.reshape(len(rows), -1)
        for place, flat in rows:
            for real, padded in lora.pairs(flat, wide[place], network[place]):
                padded[:] = real
        shapes = ACTIVATION_TABLE.astype(theta.dtype)
        done: int = engine_lora.train_lora(
            tile, theta, as_kernel_array(base), parameters, frozen, adapters, lora.places, layout.table, layout.unit,
            inputs, deltas, spare, projection, merged, scratch, coefficients,
            new_clock(
                order.shape[1], batch_size, weighted=weighted, nesterov=nesterov, momentum=momentum,
                has_weights=sample_weight is not None,
            ),
            int(activation), shapes[activation], shapes[IDENTITY],
            None if between is None else as_kernel_array(between), int(optimizer), as_kernel_array(x), *goal,
            as_kernel_array(order), int(batch_size), int(rank), lora.width, theta.dtype.type(scale),
            as_kernel_array(rates), as_kernel_array(decays), float(momentum), losses, int(first), int(last),
            np.zeros(team_memory(1), np.int64),
        )  # fmt: skip
        for place, flat in rows:
            for real, padded in lora.pairs(flat, wide[place], network[place]):
                real[:] = padded
        return done

    return run(train_on)


@dataclass(frozen=True)
class LoraLayout:
    """Offsets of the padded factors A (ROWS, width) and B (width, COLUMNS) of each layer below the head, then zeros."""

    layout: BufferLayout
    rank: int
    width: int
    places: Ints  # (L - 1, 2)
    size: int

    @classmethod
    def of(cls, layout: BufferLayout, rank: int) -> LoraLayout:
        """Return the layout of factors of this rank for a network."""
        width, at, places = rounded(rank, layout.unit), 0, []
        for layer in layout.table[:-1]:
            middle = at + layout.matrix(int(layer[ROWS]), width)
            places.append((at, middle))
            at = middle + layout.matrix(width, int(layer[COLUMNS]))
        zeros = width + int(layout.table[:, COLUMNS].max())
        return cls(layout, rank, width, np.array(places, np.int64).reshape(-1, 2), at + zeros)

    @property
    def merged(self) -> int:
        """Length of the buffer for A @ B of the largest layer."""
        return int((self.layout.table[:, BIAS] - self.layout.table[:, WEIGHT]).max())

    def pairs(self, flat: Floats, wide: Floats, network: Floats) -> Iterator[tuple[Floats, Floats]]:
        """Yield each strip of what is trained, as a view of the flat vector and a view of the padded ones."""
        at = 0
        for (a, b), layer in zip(self.places.tolist(), self.layout.table[:-1].tolist(), strict=True):
            for start, n_rows, n_columns, high in (
                (a, layer[INPUTS], self.rank, layer[ROWS]),
                (b, self.rank, layer[OUTPUTS], self.width),
            ):
                stop = at + n_rows * n_columns
                yield from self._strips(flat[at:stop].reshape(n_rows, n_columns), wide[start:], high)
                at = stop
        head = self.layout.table[-1].tolist()
        stop = at + head[INPUTS] * head[OUTPUTS]
        yield from self._strips(
            flat[at:stop].reshape(head[INPUTS], head[OUTPUTS]).T, network[head[WEIGHT] :], head[COLUMNS]
        )
        yield flat[stop:], network[head[BIAS] : head[BIAS] + head[OUTPUTS]]

    def _strips(self, matrix: Floats, padded: Floats, high: int) -> Iterator[tuple[Floats, Floats]]:
        """Yield what goes into each panel, of `high` rows, of a matrix that lies padded at the start of a buffer."""
        panel, (n_rows, n_columns) = self.layout.panel, matrix.shape
        for p, first in enumerate(range(0, n_columns, panel)):
            strip = matrix[:, first : first + panel]
            there = padded[p * high * panel : (p + 1) * high * panel].reshape(high, panel)
            yield strip, there[:n_rows, : strip.shape[1]]

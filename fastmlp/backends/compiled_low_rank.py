"""Training within low rank, compiled: `reference_low_rank`'s function at the speed of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import engine_low_rank
from .calls import call
from .compiled import own, unit_of
from .plan import BIAS, COLUMNS, INPUTS, MOMENT, MOMENT2, OUTPUTS, ROWS, VALUE, WEIGHT, Plan, carve, rounded
from .rules import IDENTITY, N_NUMBERS, SGD, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..layout import Floats, Ints


def train_low_rank(
    theta: Floats,
    factors: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[np.int64],
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
) -> int:
    """See `reference_low_rank.train_low_rank`."""
    plan = Plan.of(sizes, unit_of(theta.dtype), min(batch_size, order.shape[1]))
    thin = ThinPlan.of(plan, rank)
    rows = [(VALUE, factors), (MOMENT, state[0])] + [(MOMENT2, state[1])] * (optimizer != SGD)
    parameters, adapters, still, inputs, deltas, spare, narrow, row, numbers = carve(
        theta.dtype, len(rows) * plan.size, len(rows) * thin.size, plan.size, plan.inputs,
        plan.deltas + 2 * plan.batch * thin.width, max(plan.spare, thin.spare), plan.batch * thin.width,
        3 * plan.batch, N_NUMBERS,
    )  # fmt: skip
    network, wide = parameters.reshape(len(rows), -1), adapters.reshape(len(rows), -1)
    for place, flat in rows:
        for real, padded in thin.pairs(flat, wide[place], network[place]):
            padded[:] = real
    shapes = SHAPES.astype(theta.dtype)
    done: int = call(
        engine_low_rank, "train_low_rank", theta, own(base), parameters, still, adapters, thin.places, plan.table,
        plan.unit, inputs, deltas, spare, narrow, row, np.zeros(plan.batch, np.int64), numbers, activation,
        shapes[activation], shapes[IDENTITY], optimizer, own(x), own(y), own(order), batch_size, rank, thin.width,
        theta.dtype.type(scale), own(rates), own(decays), float(momentum), losses, first, last,
    )  # fmt: skip
    for place, flat in rows:
        for real, padded in thin.pairs(flat, wide[place], network[place]):
            real[:] = padded
    return done


@dataclass(frozen=True)
class ThinPlan:
    """Places of the padded factors, A (ROWS, width) and B (width, COLUMNS) of each layer below the head, then zeros."""

    plan: Plan
    rank: int
    width: int
    places: Ints  # (L - 1, 2)
    size: int

    @classmethod
    def of(cls, plan: Plan, rank: int) -> ThinPlan:
        """Lay factors out beside a network."""
        width, at, places = rounded(rank, plan.unit), 0, []
        for layer in plan.table[:-1]:
            middle = at + int(layer[ROWS]) * width
            places.append((at, middle))
            at = middle + width * int(layer[COLUMNS])
        zeros = width + int(plan.table[:, COLUMNS].max())
        return cls(plan, rank, width, np.array(places, np.int64).reshape(-1, 2), at + zeros)

    @property
    def spare(self) -> int:
        """Length of the buffer for B, transposed."""
        return self.width * int(self.plan.table[:, COLUMNS].max())

    def pairs(self, flat: Floats, wide: Floats, network: Floats) -> Iterator[tuple[Floats, Floats]]:
        """Each part of what is trained, as views of the flat vector and of the padded ones."""
        at = 0
        for (a, b), layer in zip(self.places.tolist(), self.plan.table[:-1].tolist(), strict=True):
            for start, n_rows, n_columns, step in (
                (a, layer[INPUTS], self.rank, self.width),
                (b, self.rank, layer[OUTPUTS], layer[COLUMNS]),
            ):
                stop = at + n_rows * n_columns
                padded = wide[start : start + n_rows * step].reshape(n_rows, step)[:, :n_columns]
                yield flat[at:stop].reshape(n_rows, n_columns), padded
                at = stop
        head = self.plan.table[-1].tolist()
        stop = at + head[INPUTS] * head[OUTPUTS]
        weights = network[head[WEIGHT] : head[BIAS]].reshape(head[COLUMNS], head[ROWS])
        yield flat[at:stop].reshape(head[INPUTS], head[OUTPUTS]), weights[: head[OUTPUTS], : head[INPUTS]].T
        yield flat[stop:], network[head[BIAS] : head[BIAS] + head[OUTPUTS]]

"""Where everything lies inside a kernel: the network laid out for vectors.

In a padded network every row of a weight matrix fills whole vectors, so that a load never runs over an edge and needs
no mask. Padding is filled with zeros, which no product moves: a unit that is padding has no weights in or out, and
nothing it could take part in is read. The caller's flat vectors are copied into padded ones at the start of a call and
back at its end.

Layer l of a plan, with both sizes rounded up to the unit::

    weights[WEIGHT : BIAS]           (ROWS, COLUMNS)   of which (INPUTS, OUTPUTS) are real
    weights[BIAS : BIAS + COLUMNS]   its bias
    inputs[SOURCE :]                 (batch, ROWS)     what the layer reads, x or the activations below
    theta[FLAT :]                    where the layer begins in the caller's vector
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .jit import inlined, kernel

if TYPE_CHECKING:
    from ..layout import Floats, Ints

INPUTS, OUTPUTS, ROWS, COLUMNS, WEIGHT, BIAS, SOURCE, FLAT = range(8)


@inlined
def rounded(size: int, unit: int) -> int:
    """Size, rounded up to a multiple of the unit."""
    return (size + unit - 1) // unit * unit


@kernel
def lay_out(sizes: Ints, unit: int, batch: int) -> Ints:
    """Plan of a network, (L, 8), for buffers of `batch` rows."""
    plan = np.zeros((sizes.size - 1, 8), np.int64)
    weight = source = flat = 0
    for layer in range(plan.shape[0]):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        rows, columns = rounded(n_in, unit), rounded(n_out, unit)
        plan[layer, INPUTS], plan[layer, OUTPUTS], plan[layer, ROWS], plan[layer, COLUMNS] = n_in, n_out, rows, columns
        plan[layer, WEIGHT], plan[layer, BIAS] = weight, weight + rows * columns
        plan[layer, SOURCE], plan[layer, FLAT] = source, flat
        weight += (rows + 1) * columns
        source += batch * rows
        flat += (n_in + 1) * n_out
    return plan


@inlined
def padded_size(plan: Ints) -> int:
    """Length of a padded parameter vector."""
    return plan[-1, BIAS] + plan[-1, COLUMNS]


@kernel
def pad(flat: Floats, plan: Ints) -> Floats:
    """Return a padded copy of a flat parameter vector."""
    wide = np.zeros(padded_size(plan), flat.dtype)
    for layer in range(plan.shape[0]):
        n_in, n_out, columns = plan[layer, INPUTS], plan[layer, OUTPUTS], plan[layer, COLUMNS]
        for i in range(n_in + 1):
            to = plan[layer, WEIGHT] + i * columns if i < n_in else plan[layer, BIAS]
            at = plan[layer, FLAT] + i * n_out
            wide[to : to + n_out] = flat[at : at + n_out]
    return wide


@kernel
def unpad(wide: Floats, plan: Ints, flat: Floats) -> None:
    """Copy the real parameters of a padded vector back."""
    for layer in range(plan.shape[0]):
        n_in, n_out, columns = plan[layer, INPUTS], plan[layer, OUTPUTS], plan[layer, COLUMNS]
        for i in range(n_in + 1):
            at = plan[layer, WEIGHT] + i * columns if i < n_in else plan[layer, BIAS]
            to = plan[layer, FLAT] + i * n_out
            flat[to : to + n_out] = wide[at : at + n_out]

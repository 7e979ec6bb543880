"""Normalisation and dropout between layers, and their gradients; compiled only for networks that have either.

`reference` has the formulas, the module `between` of the room above the columns of a row and the masks. What the way
back needs is kept in the quarters of the buffer of activations: behind what a layer takes lie its normalised inputs
before they are dropped; then what a gradient there is multiplied by, which is the slope times all factors; then what
was normalised before its activation, less its mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import between as masks
from ..between import BEFORE, BEFORE_KEY, BEHIND, BEHIND_KEY, BITS, LOW, NORM, WORDS
from ..codegen.math import sqrt
from ..codegen.types import panel_width
from ..coefficients import FLOOR, KEPT, S0, S1, S2
from ..jit import kernel
from .memory import COLUMNS, OUTPUTS, STEP, gain_offset
from .optimizer import set_coefficients
from .products import update_bias
from .team import meet, share_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..codegen.types import Tile

blend = kernel(masks.blend)


@kernel
def changes(row: NDArray[np.float64]) -> bool:
    """Whether anything happens to what a layer takes."""
    return row[NORM] > 0 or row[BEFORE] > 0 or row[BEHIND] > 0


@kernel
def row_key(key: float, visit: int) -> int:
    """Key of the mask of one visit."""
    return blend(blend(np.int64(key), visit & LOW), visit >> BITS)


@kernel
def factor(share: float, row: int, unit: int) -> float:
    """What a unit is multiplied by: 0 if it is dropped."""
    return 1 / (1 - share) if blend(row, unit) >= share * WORDS else 0.0


@kernel
def take_rows(
    tile: Tile, a: Floats, at: int, step: int, top: int, bottom: int, width: int, row: NDArray[np.float64],
    activation_row: Floats, visit: int,
) -> None:  # fmt: skip
    """Drop and normalise rows `top` to `bottom` of what a layer takes, in place; padding stays zero.

    Row 0 is that of `visit`, which is negative if nothing is to be dropped.
    """
    panel, quarter = panel_width(tile, a), a.size // 4
    before, behind = row[BEFORE] if visit >= 0 else 0.0, row[BEHIND] if visit >= 0 else 0.0
    for r in range(top, bottom):
        key, total = row_key(row[BEFORE_KEY], visit + r), 0.0
        for c in range(width):
            i = at + c // panel * step + r * panel + c % panel
            value = a[i + 2 * quarter] if activation_row[KEPT] != 0 else a[i]
            slope = activation_row[S0] + value * (activation_row[S1] + value * activation_row[S2])
            share = factor(before, key, c) if before > 0 else 1.0
            a[i + 2 * quarter] = slope * share if value > activation_row[FLOOR] else 0.0
            a[i] *= share
            total += a[i]
        if row[NORM] > 0:
            mean, squares = total / width, 0.0
            for c in range(width):
                squares += (a[at + c // panel * step + r * panel + c % panel] - mean) ** 2
            scale = 1 / sqrt(squares / width + row[NORM])
            key = row_key(row[BEHIND_KEY], visit + r)
            for c in range(width):
                i = at + c // panel * step + r * panel + c % panel
                a[i + 2 * quarter] *= scale
                a[i + quarter] = (a[i] - mean) * scale
                a[i] = a[i + quarter] * (factor(behind, key, c) if behind > 0 else 1.0)


@kernel
def through_rows(
    tile: Tile, deltas: Floats, delta_at: int, a: Floats, at: int, step: int, top: int, bottom: int, width: int,
    row: NDArray[np.float64], visit: int,
) -> None:  # fmt: skip
    """Replace the gradient at what a layer takes by that at what these are activations of, in place."""
    panel, quarter = panel_width(tile, a), a.size // 4
    behind = row[BEHIND] if visit >= 0 else 0.0
    for r in range(top, bottom):
        total, along = 0.0, 0.0
        if row[NORM] > 0:
            key = row_key(row[BEHIND_KEY], visit + r)
            for c in range(width):
                place = c // panel * step + r * panel + c % panel
                deltas[delta_at + place] *= factor(behind, key, c) if behind > 0 else 1.0
                total += deltas[delta_at + place]
                along += np.float64(deltas[delta_at + place]) * a[at + quarter + place]
        for c in range(width):
            place = c // panel * step + r * panel + c % panel
            d = np.float64(deltas[delta_at + place])
            if row[NORM] > 0:
                d -= total / width + a[at + quarter + place] * (along / width)
            deltas[delta_at + place] = d * a[at + 2 * quarter + place]


@kernel
def rescale_rows(
    tile: Tile, a: Floats, at: int, step: int, top: int, bottom: int, width: int, epsilon: float, parameters: Floats,
    gain_at: int, shift_at: int, floor: float,
) -> None:  # fmt: skip
    """Normalise rows before their activation, in place, and apply gain, shift and floor; padding stays zero."""
    panel, quarter = panel_width(tile, a), a.size // 4
    for r in range(top, bottom):
        total, squares = 0.0, 0.0
        for c in range(width):
            total += a[at + c // panel * step + r * panel + c % panel]
        for c in range(width):
            i = at + c // panel * step + r * panel + c % panel
            a[i + 3 * quarter] = a[i] - total / width
            squares += np.float64(a[i + 3 * quarter]) ** 2
        scale = 1 / sqrt(squares / width + epsilon)
        for c in range(width):
            i = at + c // panel * step + r * panel + c % panel
            value = parameters[gain_at + c] * a[i + 3 * quarter] * scale + parameters[shift_at + c]
            a[i] = floor if value < floor else value  # a NaN stays


@kernel
def through_inner_norm(
    tile: Tile, deltas: Floats, delta_at: int, a: Floats, at: int, step: int, top: int, bottom: int, width: int,
    epsilon: float, parameters: Floats, gain_at: int,
) -> None:  # fmt: skip
    """Replace the gradient d behind a norm's gain and shift by that before it; leave d times the norm's rows in `a`."""
    panel, kept = panel_width(tile, a), at + a.size // 4 * 3
    for r in range(top, bottom):
        total, along, squares = 0.0, 0.0, 0.0
        for c in range(width):
            place = c // panel * step + r * panel + c % panel
            d = np.float64(deltas[delta_at + place]) * parameters[gain_at + c]
            total += d
            along += d * a[kept + place]
            squares += np.float64(a[kept + place]) ** 2
        scale = 1 / sqrt(squares / width + epsilon)
        for c in range(width):
            place = c // panel * step + r * panel + c % panel
            n, d = a[kept + place] * scale, np.float64(deltas[delta_at + place])
            a[kept + place] = d * n
            deltas[delta_at + place] = scale * (d * parameters[gain_at + c] - (total + n * along * scale) / width)


@kernel
def back_through_inner_norm(
    tile: Tile, inputs: Floats, deltas: Floats, delta_at: int, parameters: Floats, size: int, layer: Ints, above: int,
    epsilon: float, count: int, optimizer: int, rate: float, decay: float, pull: float, momentum: float, t: int,
    clock: NDArray[np.float64], coefficients: Floats, team: Ints, thread: int, threads: int,
) -> None:  # fmt: skip
    """Go back through the norm of a layer before its activation, and update its gain and shift at the rate of a bias.

    `layer` is the row of the table, `above` is where the activations begin.
    """
    step, panel, columns = layer[STEP], panel_width(tile, parameters), layer[COLUMNS]
    left, right = share_start(columns, panel, thread, threads), share_start(columns, panel, thread + 1, threads)
    top, bottom = share_start(count, 1, thread, threads), share_start(count, 1, thread + 1, threads)
    gain_at, shift_at = gain_offset(tile, parameters, layer, 1), gain_offset(tile, parameters, layer, 2)
    if rate != 0:
        set_coefficients(coefficients, optimizer, rate, decay, pull, momentum, t, clock)
        update_bias(
            tile, deltas, delta_at, step, count, parameters, size, shift_at, left, right, optimizer, coefficients
        )
    meet(team, thread, threads)
    through_inner_norm(
        tile, deltas, delta_at, inputs, above, step, top, bottom, layer[OUTPUTS], epsilon, parameters, gain_at
    )
    meet(team, thread, threads)
    if rate != 0:
        update_bias(
            tile, inputs, above + inputs.size // 4 * 3, step, count, parameters, size, gain_at, left, right, optimizer,
            coefficients,
        )  # fmt: skip

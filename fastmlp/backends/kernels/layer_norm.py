"""LayerNorm of a layer's inputs, and its gradient; compiled only for networks that have it.

`reference` has the formulas. An activation a of z becomes n = (a - mean) / spread. On the way back, with d the gradient
at n, that at z is (d - mean(d) - n mean(d n)) slope / spread. So slope / spread is kept beside n, in the second half of
the buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..codegen.math import sqrt
from ..codegen.types import panel_width
from ..coefficients import FLOOR, KEPT, S0, S1, S2
from ..jit import kernel

if TYPE_CHECKING:
    from ...layout import Floats
    from ..codegen.types import Tile


@kernel
def normalise_rows(
    tile: Tile, a: Floats, at: int, step: int, top: int, bottom: int, width: int, epsilon: float, activation_row: Floats
) -> None:  # fmt: skip
    """Normalise rows `top` to `bottom` of `width` activations in place; padding stays zero."""
    panel, shift = panel_width(tile, a), a.size // 2
    for r in range(top, bottom):
        total, squares = 0.0, 0.0
        for c in range(width):
            total += a[at + c // panel * step + r * panel + c % panel]
        mean = total / width
        for c in range(width):
            squares += (a[at + c // panel * step + r * panel + c % panel] - mean) ** 2
        share = 1 / sqrt(squares / width + epsilon)
        for c in range(width):
            i = at + c // panel * step + r * panel + c % panel
            value = a[i + shift] if activation_row[KEPT] != 0 else a[i]
            slope = activation_row[S0] + value * (activation_row[S1] + value * activation_row[S2])
            a[i + shift] = slope * share if value > activation_row[FLOOR] else 0.0
            a[i] = (a[i] - mean) * share


@kernel
def through_norm(
    tile: Tile, deltas: Floats, delta_at: int, n: Floats, at: int, step: int, top: int, bottom: int, width: int
) -> None:  # fmt: skip
    """Replace the gradient at normalised rows by that at what they are activations of, in place."""
    panel, shift = panel_width(tile, n), n.size // 2
    for r in range(top, bottom):
        total, along = 0.0, 0.0
        for c in range(width):
            place = c // panel * step + r * panel + c % panel
            total += deltas[delta_at + place]
            along += np.float64(deltas[delta_at + place]) * n[at + place]
        for c in range(width):
            place = c // panel * step + r * panel + c % panel
            d = deltas[delta_at + place] - total / width - n[at + place] * (along / width)
            deltas[delta_at + place] = d * n[at + shift + place]

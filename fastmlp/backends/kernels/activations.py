"""Activation functions that are more than `max(z, floor)`: a pass over a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import GELU, IDENTITY, LOGISTIC, RELU, TANH
from ..codegen.intrinsics import gelu_vectors
from ..codegen.math import logistic, tanh
from ..codegen.types import panel_width
from ..jit import kernel

if TYPE_CHECKING:
    from ...layout import Floats
    from ..codegen.types import Tile


@kernel
def is_smooth(activation: int) -> bool:
    """Whether an activation needs the pass."""
    return activation not in (RELU, IDENTITY)


@kernel
def activate(
    tile: Tile, a: Floats, at: int, step: int, rows: int, first: int, last: int, activation: int
) -> None:  # fmt: skip
    """Apply a smooth activation in place to columns `first`, where a panel begins, to `last`; padding stays zero."""
    panel = panel_width(tile, a)
    for p in range(first, last, panel):
        width = min(panel, last - p)
        for r in range(rows):
            start = at + p // panel * step + r * panel
            row = a[start : start + width]
            if activation == TANH:
                for c in range(width):
                    row[c] = tanh(row[c])
            elif activation == LOGISTIC:
                for c in range(width):
                    row[c] = logistic(row[c])
            else:
                gelu_vectors(tile, a, start, width, a.size // 2, activation == GELU)

"""Activation functions that are more than `max(z, floor)`: a pass over a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import LOGISTIC, TANH
from ..codegen.math import logistic, tanh
from ..jit import inlined, kernel

if TYPE_CHECKING:
    from ...layout import Floats


@inlined
def is_smooth(activation: int) -> bool:
    """Whether an activation needs the pass."""
    return activation in (TANH, LOGISTIC)


@kernel
def activate(a: Floats, at: int, rows: int, columns: int, real: int, activation: int) -> None:
    """Apply a smooth activation in place to the real columns of (rows, columns) values; padding stays zero."""
    for r in range(rows):
        row = a[at + r * columns : at + r * columns + real]
        if activation == TANH:
            for c in range(real):
                row[c] = tanh(row[c])
        else:
            for c in range(real):
                row[c] = logistic(row[c])

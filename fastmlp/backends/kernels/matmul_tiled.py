"""The products of a training step on register tiles: the functions of `matmul_plain`, with the same signatures.

The loops over tiles are ordinary jitted code: wide tiles as long as out_at are columns for them, narrow ones for the
rest. Rows and columns are padded, so every tile is full. A tile itself is an intrinsic, see `tile`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..codegen.intrinsics import affine_tile, backward_input_tile, softmax_tile, transpose_tile, update_weights_tile
from ..coefficients import SGD
from ..cpu import TILE
from ..jit import inlined, kernel

if TYPE_CHECKING:
    from ...layout import Floats

ROWS, VECTORS, STORED, BYTES = TILE.rows, TILE.vectors, TILE.stored, TILE.vector_bytes
FEW = ROWS // 3  # rows that take less time one by one than in a tile

affine_wide, affine_narrow = affine_tile(ROWS, VECTORS), affine_tile(ROWS, 1)
backward_input_wide, backward_input_narrow = backward_input_tile(ROWS, VECTORS), backward_input_tile(ROWS, 1)
sgd_wide, sgd_narrow, sgd_row = (update_weights_tile("sgd", *size) for size in ((ROWS, STORED), (ROWS, 1), (1, 1)))
adam_wide, adam_narrow, adam_row = (update_weights_tile("adam", *size) for size in ((ROWS, STORED), (ROWS, 1), (1, 1)))


@inlined
def lanes_of(array: Floats) -> int:
    """Numbers in a vector."""
    return BYTES // array.itemsize


@kernel
def affine(
    out: Floats, out_at: int, x: Floats, x_at: int, x_step: int, weights: Floats, weight_at: int, parameters: Floats,
    bias_at: int, rows: int, depth: int, columns: int, floor: float,
) -> None:  # fmt: skip
    """See `matmul_plain.affine`."""
    lanes = lanes_of(out)
    wide = columns - columns % (VECTORS * lanes)
    for c in range(0, wide, VECTORS * lanes):
        for r in range(0, rows, ROWS):
            affine_wide(
                out, out_at + r * columns + c, columns, x, x_at + r * x_step, x_step, weights, weight_at + c,
                parameters, bias_at + c, depth, floor,
            )  # fmt: skip
    for c in range(wide, columns, lanes):
        for r in range(0, rows, ROWS):
            affine_narrow(
                out, out_at + r * columns + c, columns, x, x_at + r * x_step, x_step, weights, weight_at + c,
                parameters, bias_at + c, depth, floor,
            )  # fmt: skip


@kernel
def backward_input(
    deltas: Floats, out_at: int, delta_at: int, delta_step: int, transposed: Floats, transposed_at: int, rows: int,
    depth: int, columns: int, hidden: Floats, hidden_at: int, activation_row: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.backward_input`."""
    lanes = lanes_of(deltas)
    wide = columns - columns % (VECTORS * lanes)
    for c in range(0, wide, VECTORS * lanes):
        for r in range(0, rows, ROWS):
            at = r * columns + c
            backward_input_wide(
                deltas, out_at + at, columns, delta_at + r * delta_step, delta_step, transposed, transposed_at + c,
                depth, hidden, hidden_at + at, activation_row,
            )  # fmt: skip
    for c in range(wide, columns, lanes):
        for r in range(0, rows, ROWS):
            at = r * columns + c
            backward_input_narrow(
                deltas, out_at + at, columns, delta_at + r * delta_step, delta_step, transposed, transposed_at + c,
                depth, hidden, hidden_at + at, activation_row,
            )  # fmt: skip


@kernel
def update_weights(
    x: Floats, x_at: int, x_step: int, deltas: Floats, delta_at: int, count: int, parameters: Floats, size: int,
    at: int, rows: int, columns: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.update_weights`. Rows go by in the order of memory, and the last few are done one by one."""
    lanes = lanes_of(x)
    tall = rows - rows % ROWS if rows % ROWS <= FEW else rows
    wide = columns - columns % (STORED * lanes) if STORED > 1 else 0
    for r in range(0, tall, ROWS):
        for c in range(0, wide, STORED * lanes):
            place = at + r * columns + c
            if optimizer == SGD:
                sgd_wide(
                    parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c, count, coefficients
                )
            else:
                adam_wide(
                    parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c, count, coefficients
                )
    for r in range(0, tall, ROWS):
        for c in range(wide, columns, lanes):
            place = at + r * columns + c
            if optimizer == SGD:
                sgd_narrow(
                    parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c, count, coefficients
                )
            else:
                adam_narrow(
                    parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c, count, coefficients
                )
    for r in range(tall, rows):
        for c in range(0, columns, lanes):
            place = at + r * columns + c
            if optimizer == SGD:
                sgd_row(
                    parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c, count, coefficients
                )
            else:
                adam_row(
                    parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c, count, coefficients
                )


@kernel
def softmax(z: Floats, step: int, classes: int, scale: float, scratch: Floats) -> None:
    """See `matmul_plain.softmax`: as many examples at a time as a vector has lanes."""
    for j in range(0, step, lanes_of(z)):
        softmax_tile(z, j, step, classes, scale, scratch, j)


@kernel
def transpose(
    out: Floats, out_at: int, out_step: int, x: Floats, x_at: int, x_step: int, rows: int, columns: int
) -> None:
    """See `matmul_plain.transpose`."""
    lanes = lanes_of(x)
    for r in range(0, rows, lanes):
        for c in range(0, columns, lanes):
            transpose_tile(out, out_at + c * out_step + r, out_step, x, x_at + r * x_step + c, x_step)

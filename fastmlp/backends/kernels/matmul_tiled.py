"""The products of a training step on register tiles: the functions of `matmul_plain`, with the same signatures.

The loops over tiles are ordinary jitted code: wide tiles as long as there are columns for them, narrow ones for the
rest. Rows and columns are padded, so every tile is full. A tile itself is an intrinsic, see
`codegen.intrinsics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...registry import SGD
from ..codegen.intrinsics import (
    affine_tile,
    backward_input_tile,
    narrow_shape,
    single_shape,
    softmax_tile,
    stored_shape,
    transpose_tile,
    update_weights_tile,
    wide_shape,
)
from ..jit import inlined, kernel

if TYPE_CHECKING:
    from ...layout import Floats
    from ..codegen.types import Tile

affine_wide, affine_narrow = affine_tile(wide_shape), affine_tile(narrow_shape)
backward_input_wide, backward_input_narrow = backward_input_tile(wide_shape), backward_input_tile(narrow_shape)
SHAPES = stored_shape, narrow_shape, single_shape
sgd_wide, sgd_narrow, sgd_row = (update_weights_tile("sgd", shape) for shape in SHAPES)
adam_wide, adam_narrow, adam_row = (update_weights_tile("adam", shape) for shape in SHAPES)


@inlined
def lanes_of(tile: Tile, array: Floats) -> int:
    """Numbers in a vector."""
    return tile.vector_bytes // array.itemsize


@kernel
def affine(
    tile: Tile, out: Floats, out_at: int, x: Floats, x_at: int, x_step: int, weights: Floats, weight_at: int,
    parameters: Floats, bias_at: int, rows: int, depth: int, columns: int, floor: float,
) -> None:  # fmt: skip
    """See `matmul_plain.affine`."""
    lanes = lanes_of(tile, out)
    wide = columns - columns % (tile.vectors * lanes)
    for c in range(0, wide, tile.vectors * lanes):
        for r in range(0, rows, tile.rows):
            affine_wide(
                tile, out, out_at + r * columns + c, columns, x, x_at + r * x_step, x_step, weights, weight_at + c,
                parameters, bias_at + c, depth, floor,
            )  # fmt: skip
    for c in range(wide, columns, lanes):
        for r in range(0, rows, tile.rows):
            affine_narrow(
                tile, out, out_at + r * columns + c, columns, x, x_at + r * x_step, x_step, weights, weight_at + c,
                parameters, bias_at + c, depth, floor,
            )  # fmt: skip


@kernel
def backward_input(
    tile: Tile, deltas: Floats, out_at: int, delta_at: int, delta_step: int, transposed: Floats, transposed_at: int,
    rows: int, depth: int, columns: int, hidden: Floats, hidden_at: int, activation_row: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.backward_input`."""
    lanes = lanes_of(tile, deltas)
    wide = columns - columns % (tile.vectors * lanes)
    for c in range(0, wide, tile.vectors * lanes):
        for r in range(0, rows, tile.rows):
            at = r * columns + c
            backward_input_wide(
                tile, deltas, out_at + at, columns, delta_at + r * delta_step, delta_step, transposed,
                transposed_at + c, depth, hidden, hidden_at + at, activation_row,
            )  # fmt: skip
    for c in range(wide, columns, lanes):
        for r in range(0, rows, tile.rows):
            at = r * columns + c
            backward_input_narrow(
                tile, deltas, out_at + at, columns, delta_at + r * delta_step, delta_step, transposed,
                transposed_at + c, depth, hidden, hidden_at + at, activation_row,
            )  # fmt: skip


@kernel
def update_weights(
    tile: Tile, x: Floats, x_at: int, x_step: int, deltas: Floats, delta_at: int, count: int, parameters: Floats,
    size: int, at: int, rows: int, columns: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.update_weights`. Rows go by in the order of memory, and the last few are done one by one."""
    lanes = lanes_of(tile, x)
    few = max(1, tile.rows // 3)  # rows that take less time one by one than in a tile
    tall = rows - rows % tile.rows if rows % tile.rows <= few else rows
    wide = columns - columns % (tile.stored * lanes) if tile.stored > 1 else 0
    for r in range(0, tall, tile.rows):
        for c in range(0, wide, tile.stored * lanes):
            place = at + r * columns + c
            if optimizer == SGD:
                sgd_wide(
                    tile, parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c,
                    count, coefficients,
                )  # fmt: skip
            else:
                adam_wide(
                    tile, parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c,
                    count, coefficients,
                )  # fmt: skip
    for r in range(0, tall, tile.rows):
        for c in range(wide, columns, lanes):
            place = at + r * columns + c
            if optimizer == SGD:
                sgd_narrow(
                    tile, parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c,
                    count, coefficients,
                )  # fmt: skip
            else:
                adam_narrow(
                    tile, parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c,
                    count, coefficients,
                )  # fmt: skip
    for r in range(tall, rows):
        for c in range(0, columns, lanes):
            place = at + r * columns + c
            if optimizer == SGD:
                sgd_row(
                    tile, parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c,
                    count, coefficients,
                )  # fmt: skip
            else:
                adam_row(
                    tile, parameters, place, columns, size, x, x_at + r, x_step, deltas, delta_at + c,
                    count, coefficients,
                )  # fmt: skip


@kernel
def softmax(tile: Tile, z: Floats, step: int, classes: int, scale: float, scratch: Floats) -> None:
    """See `matmul_plain.softmax`: as many examples at a time as a vector has lanes."""
    for j in range(0, step, lanes_of(tile, z)):
        softmax_tile(tile, z, j, step, classes, scale, scratch, j)


@kernel
def transpose(
    tile: Tile, out: Floats, out_at: int, out_step: int, x: Floats, x_at: int, x_step: int, rows: int, columns: int
) -> None:
    """See `matmul_plain.transpose`."""
    lanes = lanes_of(tile, x)
    for r in range(0, rows, lanes):
        for c in range(0, columns, lanes):
            transpose_tile(tile, out, out_at + c * out_step + r, out_step, x, x_at + r * x_step + c, x_step)

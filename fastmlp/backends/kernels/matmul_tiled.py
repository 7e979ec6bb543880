"""The products of a training step on register tiles: the functions of `matmul_plain`, with the same signatures.

The loops over tiles are ordinary jitted code: wide tiles as long as there are columns for them, narrow ones for the
rest. Rows and columns are padded, so every tile is full. A tile itself is an intrinsic, see
`codegen.intrinsics`.

The loops around them are for the caches, after Goto & van de Geijn (2008): a panel of B stays in the first level while
the rows of A go by, and a block of A in the second while the panels of B go by. Where the depth is cut, sums are stored
and go on from there, so that terms are added in the order of k.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...registry import SGD
from ..codegen.intrinsics import (
    add_squares_tile,
    affine_tile,
    ask_for,
    backward_input_tile,
    copy_vectors,
    narrow_shape,
    row_shape,
    softmax_tile,
    stored_shape,
    transpose_tile,
    update_bias_tile,
    update_weights_tile,
    wide_shape,
)
from ..codegen.types import CACHE_LINE, lanes_of, panel_width
from ..coefficients import N_SQUARES
from ..jit import kernel, product
from .memory import DEPTH_BLOCK, column_offset, zero_offset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats
    from ..codegen.types import Tile

affine_wide, affine_narrow = affine_tile(wide_shape), affine_tile(narrow_shape)
backward_input_wide, backward_input_narrow = backward_input_tile(wide_shape), backward_input_tile(narrow_shape)
SHAPES = stored_shape, narrow_shape, row_shape
sgd_wide, sgd_narrow, sgd_row = (update_weights_tile("sgd", shape) for shape in SHAPES)
adam_wide, adam_narrow, adam_row = (update_weights_tile("adam", shape) for shape in SHAPES)
sgd_bias, adam_bias = update_bias_tile("sgd"), update_bias_tile("adam")

FAR = 2**17  # numbers of a matrix that does not stay in the second level
ROW_BLOCK = 512  # rows of A that stay in the second level with DEPTH_BLOCK of their columns: half a megabyte


@kernel
def depth_block(depth: int, panel: int) -> int:
    """Terms of a sum that are added at a time: whole panels of A, about DEPTH_BLOCK, and blocks of the same length."""
    if depth < DEPTH_BLOCK + DEPTH_BLOCK // 2:
        return depth
    blocks = (depth + DEPTH_BLOCK // 2) // DEPTH_BLOCK
    return ((depth + blocks - 1) // blocks + panel - 1) // panel * panel


@kernel
def share_of_tile(tile: Tile, x: Floats, terms: int, rows: int) -> int:
    """Numbers of the next block of B for which each of the tiles down `rows` asks: whole lines of the cache."""
    tiles, line = (rows + tile.rows - 1) // tile.rows, CACHE_LINE // x.itemsize
    return ((terms * panel_width(tile, x) + tiles - 1) // tiles + line - 1) // line * line


@kernel
def gather(tile: Tile, inputs: Floats, step: int, j: int, x: Floats, i: int) -> None:
    """See `matmul_plain.gather`."""
    panel, n = panel_width(tile, x), x.shape[1]
    at = j * panel
    for p in range(0, n, panel):
        copy_vectors(tile, inputs, at, x, i * n + p, min(panel, n - p))
        at += step


@product
def affine(
    tile: Tile, out: Floats, out_at: int, out_step: int, x: Floats, x_at: int, x_step: int, weights: Floats,
    weight_at: int, weight_step: int, transposed: int, spare: Floats, parameters: Floats, bias_at: int, rows: int,
    depth: int, first: int, last: int, floor: float,
) -> None:  # fmt: skip
    """See `matmul_plain.affine`."""
    lanes, panel = lanes_of(tile, out), panel_width(tile, out)
    whole, block = tile.vectors * lanes, depth_block(depth, panel)
    for top in range(0, rows, ROW_BLOCK):
        bottom = min(rows, top + ROW_BLOCK)
        k = 0
        while k < depth:  # a range would divide by the block
            terms = min(block, depth - k)
            lowest = floor if k + terms == depth else out.dtype.type(-np.inf)
            a_at = x_at + column_offset(tile, x, k, x_step)
            share = 0 if transposed or depth * (last - first) < FAR else share_of_tile(tile, x, terms, bottom - top)
            for p in range(first, last, panel):
                place, width = out_at + column_offset(tile, out, p, out_step), min(panel, last - p)
                if transposed:
                    pack_transposed(tile, spare, weights, weight_at, weight_step, p, width, k, terms)
                b = spare if transposed else weights
                b_at = zero_offset(spare) if transposed else weight_at + p // panel * weight_step + k * panel
                # What comes next: this block of the next panel, or the next block of the first one.
                ahead = b_at + weight_step
                if p + panel >= last:
                    ahead = weight_at + first // panel * weight_step + (k + block) * panel
                wide = width - width % whole
                for c in range(0, wide, whole):
                    for r in range(top, bottom, tile.rows):
                        ask_for(tile, weights, ahead, share)
                        ahead += share
                        affine_wide(
                            tile, out, place + r * panel + c, x, a_at + r * panel, x_step, b, b_at + c, parameters,
                            bias_at + p + c, k, terms, lowest,
                        )  # fmt: skip
                for c in range(wide, width, lanes):
                    for r in range(top, bottom, tile.rows):
                        affine_narrow(
                            tile, out, place + r * panel + c, x, a_at + r * panel, x_step, b, b_at + c, parameters,
                            bias_at + p + c, k, terms, lowest,
                        )  # fmt: skip
            k += block


@product
def backward_input(
    tile: Tile, deltas: Floats, out_at: int, delta_at: int, step: int, weights: Floats, weight_at: int,
    weight_step: int, transposed: int, spare: Floats, rows: int, depth: int, first: int, last: int, hidden: Floats,
    hidden_at: int, activation_row: Floats, identity_row: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.backward_input`."""
    lanes, panel = lanes_of(tile, deltas), panel_width(tile, deltas)
    whole, block = tile.vectors * lanes, depth_block(depth, panel)
    for top in range(0, rows, ROW_BLOCK):
        bottom = min(rows, top + ROW_BLOCK)
        k = 0
        while k < depth:  # a range would divide by the block
            terms = min(block, depth - k)
            shape = activation_row if k + terms == depth else identity_row
            a_at = delta_at + column_offset(tile, deltas, k, step)
            is_far = transposed and depth * (last - first) >= FAR
            share = share_of_tile(tile, deltas, terms, bottom - top) if is_far else 0
            for p in range(first, last, panel):
                place, width = column_offset(tile, deltas, p, step), min(panel, last - p)
                if transposed:
                    pack_transposed(tile, spare, weights, weight_at, weight_step, p, width, k, terms)
                b = spare if transposed else weights
                b_at = zero_offset(spare) if transposed else weight_at + p // panel * weight_step + k * panel
                wide, ahead = width - width % whole, 0
                for c in range(0, wide, whole):
                    for r in range(top, bottom, tile.rows):
                        if share > 0:  # of the rows of W that are packed next, a square in each panel
                            column, rest = k + ahead // (panel * panel) * panel, ahead % (panel * panel)
                            square = weight_at + column_offset(tile, weights, column, weight_step)
                            ask_for(tile, weights, square + (p + panel) * panel + rest, share)
                            ahead += share
                        at = place + r * panel + c
                        backward_input_wide(
                            tile, deltas, out_at + at, a_at + r * panel, step, b, b_at + c, k, terms, hidden,
                            hidden_at + at, shape,
                        )  # fmt: skip
                for c in range(wide, width, lanes):
                    for r in range(top, bottom, tile.rows):
                        at = place + r * panel + c
                        backward_input_narrow(
                            tile, deltas, out_at + at, a_at + r * panel, step, b, b_at + c, k, terms, hidden,
                            hidden_at + at, shape,
                        )  # fmt: skip
            k += block


@kernel
def pack_transposed(
    tile: Tile, spare: Floats, weights: Floats, at: int, step: int, first: int, count: int, k: int, terms: int
) -> None:
    """Write columns k to k + terms of `count` rows of a matrix from `first` on, transposed, into one panel."""
    lanes, panel = lanes_of(tile, weights), panel_width(tile, weights)
    for i in range(0, terms, lanes):
        source = at + column_offset(tile, weights, k + i, step)
        for r in range(0, count, lanes):
            transpose_tile(tile, spare, i * panel + r, panel, weights, source + (first + r) * panel, panel)


@product
def update_weights(
    tile: Tile, x: Floats, x_at: int, deltas: Floats, delta_at: int, step: int, count: int, parameters: Floats,
    size: int, at: int, weight_step: int, rows: int, first: int, last: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.update_weights`. A panel goes by in the order of memory; its last few rows one by one."""
    lanes, panel = lanes_of(tile, x), panel_width(tile, x)
    few = max(1, tile.rows // 3)  # rows that take less time one by one than in a tile
    tall = rows - rows % tile.rows if rows % tile.rows <= few else rows
    wide = last - (last - first) % (tile.stored * lanes) if tile.stored > 1 else first
    for top in range(0, rows, ROW_BLOCK):
        bottom = min(tall, top + ROW_BLOCK)
        for c in range(first, wide, tile.stored * lanes):
            place = at + column_offset(tile, parameters, c, weight_step)
            below = delta_at + column_offset(tile, deltas, c, step)
            for r in range(top, bottom, tile.rows):
                beside = x_at + column_offset(tile, x, r, step)
                if optimizer == SGD:
                    sgd_wide(
                        tile, parameters, place + r * panel, size, x, beside, deltas, below, count, coefficients
                    )  # fmt: skip
                else:
                    adam_wide(
                        tile, parameters, place + r * panel, size, x, beside, deltas, below, count, coefficients
                    )  # fmt: skip
        for c in range(wide, last, lanes):
            place = at + column_offset(tile, parameters, c, weight_step)
            below = delta_at + column_offset(tile, deltas, c, step)
            for r in range(top, bottom, tile.rows):
                beside = x_at + column_offset(tile, x, r, step)
                if optimizer == SGD:
                    sgd_narrow(
                        tile, parameters, place + r * panel, size, x, beside, deltas, below, count, coefficients
                    )  # fmt: skip
                else:
                    adam_narrow(
                        tile, parameters, place + r * panel, size, x, beside, deltas, below, count, coefficients
                    )  # fmt: skip
    for r in range(tall, rows):
        beside = x_at + column_offset(tile, x, r, step)
        for c in range(first, last, tile.vectors * lanes):
            place = at + column_offset(tile, parameters, c, weight_step) + r * panel
            below = delta_at + column_offset(tile, deltas, c, step)
            if optimizer == SGD:
                sgd_row(tile, parameters, place, size, x, beside, deltas, below, count, coefficients)
            else:
                adam_row(tile, parameters, place, size, x, beside, deltas, below, count, coefficients)
        clear_behind(tile, parameters, at + r * panel, weight_step, first, last)


@kernel
def clear_behind(tile: Tile, parameters: Floats, at: int, step: int, first: int, last: int) -> None:
    """Write zeros behind the columns `first` to `last` of a row, to the end of their panel.

    A tile as wide as a panel leaves numbers there, from what lies behind the gradients: other layers have more columns
    in the same buffer. Nothing reads them but a penalty, which counts whole panels.
    """
    panel = panel_width(tile, parameters)
    for c in range(last, first + (last - first + panel - 1) // panel * panel):
        parameters[at + column_offset(tile, parameters, c, step)] = 0


@product
def update_bias(
    tile: Tile, deltas: Floats, delta_at: int, step: int, count: int, parameters: Floats, size: int, at: int,
    first: int, last: int, optimizer: int, coefficients: Floats,
) -> None:  # fmt: skip
    """See `matmul_plain.update_bias`."""
    for c in range(first, last, tile.vectors * lanes_of(tile, deltas)):
        below = delta_at + column_offset(tile, deltas, c, step)
        if optimizer == SGD:
            sgd_bias(tile, parameters, at + c, size, deltas, below, count, coefficients)
        else:
            adam_bias(tile, parameters, at + c, size, deltas, below, count, coefficients)
    clear_behind(tile, parameters, at, panel_width(tile, parameters), first, last)


@kernel
def add_squares(tile: Tile, sums: NDArray[np.float64], x: Floats, first: int, last: int) -> None:
    """See `matmul_plain.add_squares`: whole blocks of numbers with all sums in registers, and the rest one by one."""
    blocks = (last - first) // N_SQUARES
    add_squares_tile(tile, sums, x, first, blocks)
    rest = first + blocks * N_SQUARES
    for i in range(rest, last):
        sums[i - rest] += np.float64(x[i]) * np.float64(x[i])


@kernel
def softmax(tile: Tile, z: Floats, step: int, classes: int, scale: float, scratch: Floats) -> None:
    """See `matmul_plain.softmax`: as many examples at a time as a vector has lanes."""
    for j in range(0, step, lanes_of(tile, z)):
        softmax_tile(tile, z, j, step, classes, scale, scratch, j)


@kernel
def transpose(
    tile: Tile, out: Floats, out_at: int, out_row: int, out_step: int, x: Floats, x_at: int, x_row: int, x_step: int,
    rows: int, columns: int,
) -> None:  # fmt: skip
    """See `matmul_plain.transpose`."""
    lanes = lanes_of(tile, x)
    for r in range(0, rows, lanes):
        to = out_at + column_offset(tile, out, r, out_step)
        for c in range(0, columns, lanes):
            source = x_at + column_offset(tile, x, c, x_step) + r * x_row
            transpose_tile(tile, out, to + c * out_row, out_row, x, source, x_row)

"""Where everything lies inside a kernel: the network laid out for vectors, and the buffers of a call.

In a padded network every row of a weight matrix fills whole vectors, so that a load never runs over an edge and needs
no mask. Padding is filled with zeros, which change no product: a unit that is padding has no weights in or out, and
nothing that it contributes to is read. The caller's flat vectors are copied into padded ones at the start of a call
(`pad`) and back at its end (`unpad`), which costs less than one step.

Every matrix lies in *panels*: strips of as many columns as the register tile is wide, one after the other, each row by
row. What a tile reads lies side by side, however wide the matrix is, and the distance of two rows is a constant of its
code. The last panel may hold columns that nobody looks at. In numbers::

    element (r, c)  at  c // panel * step + r * panel + c % panel,  where step is the length of a panel, rows * panel

A layer's row of the table, with both sizes rounded up to the unit::

    parameters[WEIGHT : BIAS]          (ROWS, COLUMNS)   of which (INPUTS, OUTPUTS) are real; panels WEIGHT_STEP apart
    parameters[BIAS : BIAS + COLUMNS]  its bias; then, each from where a panel would begin, its gain and its shift, if
                                       VECTORS is 3 and not 1
    inputs[SOURCE : ]                  (batch, ROWS)     what the layer reads: x, or the activations below; panels STEP
                                                         apart, as are those of the gradients at its outputs

The weights of the last layer are stored transposed, (COLUMNS, ROWS): ten classes are then ten rows, and not sixteen
lanes of which six are padding. Moments and the anchor follow the parameters, each `size` further on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codegen.intrinsics import copy_vectors
from ..codegen.types import CACHE_LINE, by_tile, panel_width
from ..jit import kernel
from .team import share_start

if TYPE_CHECKING:
    from ...layout import Floats, Ints
    from ..codegen.types import Tile

INPUTS, OUTPUTS, ROWS, COLUMNS, WEIGHT, BIAS, SOURCE, WEIGHT_STEP, STEP, VECTORS = range(10)
VALUE, MOMENT, MOMENT2, ANCHOR = range(4)  # pieces of the padded parameters, each as long as the network
SKEW, MANY_ROWS, ALIGNED_ROWS = 8, 128, 32
COPIED_ROWS = 16  # of a matrix that are copied before the next panel: lines that lie side by side, on both sides
DEPTH_BLOCK = 256  # rows of a panel that fill two thirds of the first level of the cache


@dataclass(frozen=True)
class BufferLayout:
    """Offsets of a network's parameters and buffers: `batch` rows, every row a multiple of `unit` numbers."""

    table: Ints  # (L, 10)
    unit: int
    panel: int
    batch: int
    apart: int  # rows from a panel of a batch's buffer to the next, see `skewed`

    @classmethod
    def of(
        cls, sizes: Ints, tile: Tile, dtype: np.dtype[Any], batch: int, rescaled: tuple[bool, ...] = ()
    ) -> BufferLayout:
        """Return the layout of a network of these sizes, see `fastmlp.layout`, for the code of a tile."""
        unit = tile.padding_unit(dtype)
        return _layout(tuple(sizes.tolist()), unit, tile.panel(dtype), rounded(batch, unit), rescaled)

    @cached_property
    def size(self) -> int:
        """Length of a padded parameter vector."""
        return int(self.table[-1, BIAS]) + rounded(int(self.table[-1, COLUMNS]), self.panel)

    @cached_property
    def inputs(self) -> int:
        """Length of the buffer of all layers' inputs."""
        return int(self.table[-1, SOURCE]) + self.matrix(self.apart, int(self.table[-1, ROWS]))

    @cached_property
    def deltas(self) -> int:
        """Length of two buffers in a row, for the gradients at the outputs of two neighbouring layers."""
        return 2 * self.matrix(self.apart, int(self.table[:, ROWS : COLUMNS + 1].max()))

    @cached_property
    def spare(self) -> int:
        """Length of the buffer for what is transposed: a panel of weights, or the logits."""
        depth = min(2 * DEPTH_BLOCK, int(self.table[:, ROWS : COLUMNS + 1].max()))
        return max(depth * self.panel, int(self.table[-1, COLUMNS]) * self.batch)

    def matrix(self, rows: int, columns: int) -> int:
        """Numbers that a matrix takes in panels."""
        return rows * rounded(columns, self.panel)


@lru_cache(maxsize=64)  # a study trains the same network again and again
def _layout(sizes: tuple[int, ...], unit: int, panel: int, batch: int, rescaled: tuple[bool, ...]) -> BufferLayout:
    rows, weight, source, last, apart = [], 0, 0, len(sizes) - 2, skewed(batch)
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        wide_in, wide_out = rounded(n_in, unit), rounded(n_out, unit)
        high, wide = (wide_out, wide_in) if layer == last else (wide_in, wide_out)
        bias = weight + high * rounded(wide, panel)
        vectors = 3 if rescaled and rescaled[layer] else 1
        rows.append((n_in, n_out, wide_in, wide_out, weight, bias, source, high * panel, apart * panel, vectors))
        weight = bias + vectors * rounded(wide_out, panel)
        source += apart * rounded(wide_in, panel)
    return BufferLayout(np.array(rows, np.int64), unit, panel, batch, apart)


def skewed(batch: int) -> int:
    """Return how many rows panels of a batch lie apart.

    With a power of two all panels would begin in the same sets of the first level of the cache, and a tile, which reads
    some rows of many panels, would drive its own numbers out.
    """
    return batch + SKEW if batch >= MANY_ROWS and batch % ALIGNED_ROWS == 0 else batch


def rounded(size: int, unit: int) -> int:
    """Size, rounded up to a multiple of the unit."""
    return -(-size // unit) * unit


def allocate(dtype: np.dtype[Any], *lengths: int) -> list[Floats]:
    """Return arrays of zeros from one allocation, each starting at a line of the cache, lest vectors straddle two."""
    line = CACHE_LINE // dtype.itemsize
    total, pieces = _pieces(lengths, line)
    memory = np.zeros(total + line, dtype)
    aligned = memory[-memory.__array_interface__["data"][0] % CACHE_LINE // dtype.itemsize :]
    return [aligned[piece] for piece in pieces]


@lru_cache(maxsize=64)
def _pieces(lengths: tuple[int, ...], line: int) -> tuple[int, list[slice]]:
    """Return how many numbers such arrays take together, and the slice of each."""
    starts = [0, *itertools.accumulate(rounded(length, line) for length in lengths)]
    return starts[-1], [slice(start, start + length) for start, length in zip(starts, lengths, strict=False)]


@kernel
def padded_size(tile: Tile, parameters: Floats, table: Ints) -> int:
    """Length of a padded parameter vector; see `BufferLayout.size`."""
    panel = panel_width(tile, parameters)
    return table[-1, BIAS] + (table[-1, COLUMNS] + panel - 1) // panel * panel


@kernel
def gain_offset(tile: Tile, parameters: Floats, layer: Ints, vector: int) -> int:
    """Where a layer's bias, gain or shift begins: its vector 0, 1 or 2; `layer` is the row of the table."""
    panel = panel_width(tile, parameters)
    return layer[BIAS] + vector * ((layer[COLUMNS] + panel - 1) // panel * panel)


@kernel
def zero_offset(array: Floats) -> int:
    """0, but not as a literal: numba compiles a version of a kernel for each literal that it is called with."""
    return 0 * array.size


@kernel
def place(index: int) -> np.uintp:
    """An index that is not negative, said in a way that numba understands: it looks at all others, each time."""
    return np.uintp(index)


@kernel
def column_offset(tile: Tile, array: Floats, column: int, step: int) -> int:
    """Where the first row of a column lies in a matrix whose panels are `step` numbers apart."""
    panel = panel_width(tile, array)
    return column // panel * step + column % panel


@kernel
def copy_plain(tile: Tile, out: Floats, out_at: int, x: Floats, x_at: int, count: int) -> None:
    """Copy numbers that lie side by side."""
    to, numbers = out[out_at : out_at + count], x[x_at : x_at + count]
    for i in range(count):
        to[i] = numbers[i]


@kernel
def copy_tiled(tile: Tile, out: Floats, out_at: int, x: Floats, x_at: int, count: int) -> None:
    """See `copy_plain`."""
    copy_vectors(tile, out, out_at, x, x_at, count)


copy = by_tile(copy_plain, copy_tiled)


@kernel
def pad(tile: Tile, flat: Floats, parameters: Floats, at: int, table: Ints) -> None:
    """Copy a flat vector into the padded one at `at`."""
    pad_share(tile, flat, parameters, at, table, zero_offset(flat), zero_offset(flat) + 1)


@kernel
def unpad(tile: Tile, parameters: Floats, at: int, flat: Floats, table: Ints) -> None:
    """Copy the real parameters of the padded vector at `at` back."""
    unpad_share(tile, parameters, at, flat, table, zero_offset(flat), zero_offset(flat) + 1)


@kernel
def copy_share(
    tile: Tile, flat: Floats, parameters: Floats, at: int, table: Ints, thread: int, threads: int, back: int
) -> None:
    """Copy a thread's share, some rows of each layer: of a flat vector into the padded one at `at`, or back."""
    k, panel = 0, panel_width(tile, flat)
    for layer in range(table.shape[0]):
        n_in, n_out, step = table[layer, INPUTS], table[layer, OUTPUTS], table[layer, WEIGHT_STEP]
        weight, columns = at + table[layer, WEIGHT], n_out if layer < table.shape[0] - 1 else 0
        left, right = share_start(n_in, 1, thread, threads), share_start(n_in, 1, thread + 1, threads)
        for top in range(left, right, COPIED_ROWS):
            for c in range(0, columns, panel):
                strip = weight + column_offset(tile, flat, c, step)
                for i in range(top, min(right, top + COPIED_ROWS)):
                    row, count = k + i * n_out + c, min(panel, n_out - c)
                    copy_either_way(tile, flat, row, parameters, strip + i * panel, count, back)
        for i in range(left, right if columns == 0 else left):
            column = weight + column_offset(tile, flat, i, step)
            for o in range(n_out):
                if back:
                    flat[k + i * n_out + o] = parameters[column + o * panel]
                else:
                    parameters[column + o * panel] = flat[k + i * n_out + o]
        k += n_in * n_out
        for vector in range(table[layer, VECTORS]):
            if thread == 0:
                start = at + gain_offset(tile, flat, table[layer], vector)
                copy_either_way(tile, flat, k, parameters, start, n_out, back)
            k += n_out


@kernel
def copy_either_way(tile: Tile, flat: Floats, flat_at: int, parameters: Floats, at: int, count: int, back: int) -> None:
    """Copy numbers that lie side by side in the padded vector too."""
    if back:
        copy(tile, flat, flat_at, parameters, at, count)
    else:
        copy(tile, parameters, at, flat, flat_at, count)


@kernel
def pad_share(tile: Tile, flat: Floats, parameters: Floats, at: int, table: Ints, thread: int, threads: int) -> None:
    """Do a thread's share of `pad`."""
    copy_share(tile, flat, parameters, at, table, thread, threads, zero_offset(flat))


@kernel
def unpad_share(tile: Tile, parameters: Floats, at: int, flat: Floats, table: Ints, thread: int, threads: int) -> None:
    """Do a thread's share of `unpad`."""
    copy_share(tile, flat, parameters, at, table, thread, threads, zero_offset(flat) + 1)

"""Where everything lies inside a kernel: the network laid out for vectors, and the buffers of a call.

In a padded network every row of a weight matrix fills whole vectors, so that a load never runs over an edge and needs
no mask. Padding is filled with zeros, which change no product: a unit that is padding has no weights in or out, and
nothing that it contributes to is read. The caller's flat vectors are copied into padded ones at the start of a call
(`pad`) and back at its end (`unpad`), which costs less than one step.

A layer's row of the table, with both sizes rounded up to the unit::

    parameters[WEIGHT : BIAS]          (ROWS, COLUMNS)   of which (INPUTS, OUTPUTS) are real
    parameters[BIAS : BIAS + COLUMNS]  its bias
    inputs[SOURCE : ]                  (batch, ROWS)     what the layer reads: x, or the activations below

The weights of the last layer are stored transposed, (COLUMNS, ROWS): ten classes are then ten rows, and not sixteen
lanes of which six are padding. Moments and the anchor follow the parameters, each `size` further on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..jit import inlined, kernel

if TYPE_CHECKING:
    from ...layout import Floats, Ints

INPUTS, OUTPUTS, ROWS, COLUMNS, WEIGHT, BIAS, SOURCE = range(7)
VALUE, MOMENT, MOMENT2, ANCHOR = range(4)  # pieces of the padded parameters, each as long as the network
CACHE_LINE = 64  # bytes; a vector that straddles two lines is loaded twice


@dataclass(frozen=True)
class BufferLayout:
    """Offsets of a network's parameters and buffers: `batch` rows, every row a multiple of `unit` numbers."""

    table: Ints  # (L, 7)
    unit: int
    batch: int

    @classmethod
    def of(cls, sizes: Ints, unit: int, batch: int) -> BufferLayout:
        """Return the layout of a network of these sizes."""
        return _layout(tuple(sizes.tolist()), unit, rounded(batch, unit))

    @cached_property
    def size(self) -> int:
        """Length of a padded parameter vector."""
        return int(self.table[-1, BIAS] + self.table[-1, COLUMNS])

    @cached_property
    def inputs(self) -> int:
        """Length of the buffer of all layers' inputs."""
        return int(self.table[-1, SOURCE] + self.batch * self.table[-1, ROWS])

    @cached_property
    def deltas(self) -> int:
        """Length of two buffers in a row, for the gradients at the outputs of two neighbouring layers."""
        return 2 * self.batch * int(self.table[:, ROWS : COLUMNS + 1].max())

    @cached_property
    def spare(self) -> int:
        """Length of the buffer for transposed matrices: the weights of a layer, or the logits."""
        largest = int((self.table[:, ROWS] * self.table[:, COLUMNS]).max())
        return max(largest, int(self.table[-1, COLUMNS]) * self.batch)


@lru_cache(maxsize=64)  # a study trains the same network again and again
def _layout(sizes: tuple[int, ...], unit: int, batch: int) -> BufferLayout:
    rows, weight, source = [], 0, 0
    for n_in, n_out in itertools.pairwise(sizes):
        wide_in, wide_out = rounded(n_in, unit), rounded(n_out, unit)
        rows.append((n_in, n_out, wide_in, wide_out, weight, weight + wide_in * wide_out, source))
        weight += (wide_in + 1) * wide_out
        source += batch * wide_in
    return BufferLayout(np.array(rows, np.int64), unit, batch)


def rounded(size: int, unit: int) -> int:
    """Size, rounded up to a multiple of the unit."""
    return -(-size // unit) * unit


def allocate(dtype: np.dtype[Any], *lengths: int) -> list[Floats]:
    """Return arrays of zeros, each starting at a cache line, from one allocation."""
    line = CACHE_LINE // dtype.itemsize
    total, pieces = _pieces(lengths, line)
    memory = np.zeros(total + line, dtype)
    aligned = memory[-memory.ctypes.data % CACHE_LINE // dtype.itemsize :]
    return [aligned[piece] for piece in pieces]


@lru_cache(maxsize=64)
def _pieces(lengths: tuple[int, ...], line: int) -> tuple[int, list[slice]]:
    """Return how many numbers such arrays take together, and the slice of each."""
    starts = [0, *itertools.accumulate(rounded(length, line) for length in lengths)]
    return starts[-1], [slice(start, start + length) for start, length in zip(starts, lengths, strict=False)]


@inlined
def padded_size(table: Ints) -> int:
    """Length of a padded parameter vector."""
    return table[-1, BIAS] + table[-1, COLUMNS]


@inlined
def zero_offset(array: Floats) -> int:
    """0, but not as a literal: numba compiles a version of a kernel for each literal that it is called with."""
    return 0 * array.size


@kernel
def copy(out: Floats, out_at: int, x: Floats, x_at: int, count: int) -> None:
    """Copy numbers that lie side by side."""
    to, numbers = out[out_at : out_at + count], x[x_at : x_at + count]
    for i in range(count):
        to[i] = numbers[i]


@kernel
def pad(flat: Floats, parameters: Floats, at: int, table: Ints) -> None:
    """Copy a flat vector into the padded one at `at`."""
    k = 0
    for layer in range(table.shape[0]):
        n_out, weight = table[layer, OUTPUTS], at + table[layer, WEIGHT]
        for i in range(table[layer, INPUTS]):
            if layer < table.shape[0] - 1:
                copy(parameters, weight + i * table[layer, COLUMNS], flat, k, n_out)
            else:
                for o in range(n_out):
                    parameters[weight + o * table[layer, ROWS] + i] = flat[k + o]
            k += n_out
        copy(parameters, at + table[layer, BIAS], flat, k, n_out)
        k += n_out


@kernel
def unpad(parameters: Floats, at: int, flat: Floats, table: Ints) -> None:
    """Copy the real parameters of the padded vector at `at` back."""
    k = 0
    for layer in range(table.shape[0]):
        n_out, weight = table[layer, OUTPUTS], at + table[layer, WEIGHT]
        for i in range(table[layer, INPUTS]):
            if layer < table.shape[0] - 1:
                copy(flat, k, parameters, weight + i * table[layer, COLUMNS], n_out)
            else:
                for o in range(n_out):
                    flat[k + o] = parameters[weight + o * table[layer, ROWS] + i]
            k += n_out
        copy(flat, k, parameters, at + table[layer, BIAS], n_out)
        k += n_out

"""The products of a training step: on tiles, or as plain loops, as the tile says that they are called with.

This is the one place where the choice is made.
"""

from __future__ import annotations

from ..codegen.types import by_tile
from . import matmul_plain, matmul_tiled

affine = by_tile(matmul_plain.affine, matmul_tiled.affine)
backward_input = by_tile(matmul_plain.backward_input, matmul_tiled.backward_input)
update_bias = by_tile(matmul_plain.update_bias, matmul_tiled.update_bias)
update_weights = by_tile(matmul_plain.update_weights, matmul_tiled.update_weights)
add_squares = by_tile(matmul_plain.add_squares, matmul_tiled.add_squares)
gather = by_tile(matmul_plain.gather, matmul_tiled.gather)
softmax = by_tile(matmul_plain.softmax, matmul_tiled.softmax)
transpose = by_tile(matmul_plain.transpose, matmul_tiled.transpose)

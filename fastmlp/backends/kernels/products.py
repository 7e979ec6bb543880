"""The products of a training step: on vectors, or as plain loops where `cpu` says so or `fallback` found it out."""

from __future__ import annotations

from ..cpu import PLAIN, TILE

if TILE is not PLAIN:
    from .matmul_tiled import affine, backward_input, softmax, transpose, update_weights
else:
    from .matmul_plain import affine, backward_input, softmax, transpose, update_weights

__all__ = ["affine", "backward_input", "softmax", "transpose", "update_weights"]

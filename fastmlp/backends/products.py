"""The products of a training step: on vectors, or as plain loops where `host` says so or `calls` found it out."""

from __future__ import annotations

from .host import PLAIN, TILE

if TILE is not PLAIN:
    from .vector import affine, descend, descend_bias, pull_back, softmax, turn, turn_weights
else:
    from .plain import affine, descend, descend_bias, pull_back, softmax, turn, turn_weights

__all__ = ["affine", "descend", "descend_bias", "pull_back", "softmax", "turn", "turn_weights"]

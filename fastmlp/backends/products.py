"""The products of a training step: on vectors, or as plain loops where `host` says so or `calls` found it out."""

from __future__ import annotations

from .host import PLAIN, TILE

if TILE is not PLAIN:
    from .vector import affine, descend, pull_back, softmax, turn
else:
    from .plain import affine, descend, pull_back, softmax, turn

__all__ = ["affine", "descend", "pull_back", "softmax", "turn"]

"""Modules of the kernels, under the names that they have in the revision that is measured.

The gate runs the suites of the head against the package of the base, so both names are tried for one release: those
of today first, those before the kernels got folders of their own second.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import fastmlp

IS_OLD = find_spec("fastmlp.backends.kernels") is None
SHARES_TRAININGS = "threads" in inspect.signature(fastmlp.train_mlp).parameters  # among threads


def names(kind: str) -> tuple[str, ...]:
    """Return the names of all ``ACTIVATIONS``, ``OPTIMIZERS`` or ``LOSSES``; none if the revision has no such table."""
    module = import_module("fastmlp.layout" if IS_OLD else "fastmlp.registry")
    known: tuple[str, ...] = getattr(module, kind, ())
    return known


def tile() -> Any:
    """Return the register tile that the kernels use here."""
    if IS_OLD:
        return import_module("fastmlp.backends.host").TILE
    return import_module("fastmlp.backends.fallback").current_tile()


def engine() -> Any:
    """Return the module of the compiled entries `train` and `predict`."""
    return import_module("fastmlp.backends.engine" if IS_OLD else "fastmlp.backends.kernels.engine")

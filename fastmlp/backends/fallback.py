"""Calls of the engine; where its vector code cannot be built, plain loops take its place.

`cpu` chooses the vectors by what the processor says of itself. Whether the compiler makes code of them shows when it
is asked to, which is at a first call whose code does not come from the cache: so that is where it is decided, once in a
process, and a call that succeeds has paid nothing for it. An entry that has failed has not run, for kernels raise
nothing themselves unless they are plain.
"""

from __future__ import annotations

import warnings
from importlib import reload
from threading import Lock
from typing import TYPE_CHECKING, Any

from . import cpu
from .kernels import engine, engine_lora, loss, products

if TYPE_CHECKING:
    from types import ModuleType

_turning = Lock()


def call(module: ModuleType, entry: str, *arguments: Any) -> Any:
    """Call an entry of `engine` or `engine_lora`, on vectors or else, with one warning, on plain loops."""
    tile = cpu.TILE
    try:
        return getattr(module, entry)(*arguments)
    except Exception as error:
        if tile is cpu.PLAIN:
            raise
        with _turning:  # trials run on threads, and all of them fail
            if cpu.TILE is tile:
                _turn_to_plain(error)
    return getattr(module, entry)(*arguments)


def _turn_to_plain(error: Exception) -> None:
    cpu.TILE = cpu.PLAIN
    for module in (products, loss, engine, engine_lora):  # each holds the products it was read with
        reload(module)
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    warnings.warn(
        f"vector code cannot be built here, plain loops run instead, several times slower: {shortened(reason)}",
        RuntimeWarning,
        stacklevel=4,
    )


def shortened(text: str, most: int = 300) -> str:
    """Return the beginning of a text: numba's errors fill pages."""
    return text if len(text) <= most else text[: most - 3] + "..."

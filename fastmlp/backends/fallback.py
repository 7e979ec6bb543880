"""The tile that kernels run on, and plain loops in its place where its vector code cannot be built.

`cpu` chooses a tile by what the processor says of itself. Whether the compiler can translate it shows at the first call
whose code does not come from the cache. So that is where it is decided, once in a process, and a call that succeeds has
paid nothing for it.

The tile is a value that never changes, and whoever calls a kernel lays its memory out for the tile that it hands over.
The switch to plain loops is one assignment: calls that run at that moment in other threads keep the tile, the code and
the memory that they began with.
"""

from __future__ import annotations

import warnings
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from .codegen.types import PLAIN, Tile
from .cpu import choose_tile

if TYPE_CHECKING:
    from collections.abc import Callable

    Result = TypeVar("Result")

_switching = Lock()
_tile = choose_tile()


def current_tile() -> Tile:
    """Return the tile that the next call will run on."""
    return _tile


def run(call: Callable[[Tile], Result]) -> Result:
    """Call a kernel on the current tile; if its code cannot be built, on plain loops, with one warning.

    Only code generation can be at fault if plain loops compile with the same arguments. If they do not, the arguments
    are, and their error is raised with nothing changed. A call that has failed has not run: a kernel raises no errors
    of its own, but for those of the plain loops when they check bounds.

    Parameters
    ----------
    call
        Lays memory out for a tile and calls a kernel with both.
    """
    tile = current_tile()
    try:
        return call(tile)
    except Exception as error:
        if tile == PLAIN or isinstance(error, MemoryError):
            raise
        try:
            result = call(PLAIN)
        except Exception:  # noqa: BLE001  the arguments are at fault, and the first error says how
            raise error from None
        _switch_to_plain_loops(tile, error)
        return result


def _switch_to_plain_loops(tile: Tile, error: Exception) -> None:
    global _tile  # noqa: PLW0603  the one place where it changes
    with _switching:  # trials run in threads, and the same error may come up in all of them
        if _tile != tile:
            return
        _tile = PLAIN
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    warnings.warn(
        f"vector code cannot be built here, plain loops run instead, several times slower: {shortened(reason)}",
        RuntimeWarning,
        stacklevel=5,
    )


def shortened(text: str, most: int = 300) -> str:
    """Return the beginning of a text: numba's errors fill pages."""
    return text if len(text) <= most else text[: most - 3] + "..."

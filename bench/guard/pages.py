"""Arrays between pages that nobody may touch, and kernels that get nothing else.

A kernel is what Python calls: an entry of `fastmlp.backends.kernels`. Here is the one place that all its arrays pass,
those of `memory.allocate` and those of the caller, whatever they are called, so they are exchanged here and the package
knows nothing of it. A copy ends with the last byte before a page, or begins with the first behind one. No byte is left
between them, so copies lie at the start of a cache line only where their length allows it; kernels ask for no more than
an address that suits one number.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from fastmlp.backends import kernels
from fastmlp.backends.cache import MachineCodeCache

LIBRARY = ctypes.CDLL(None, use_errno=True)
UNTOUCHABLE = 0  # PROT_NONE
FILLED = 0xA5  # what fills the rest of an array's pages, on its other side

Array = NDArray[Any]


class Placed(NamedTuple):
    """An array, its copy between pages, and the bytes that share pages with the copy."""

    original: Array
    copy: Array
    rest: NDArray[np.uint8]


def place(array: Array, side: str) -> Placed:
    """Copy an array into a mapping of its own, which goes when the copy does.

    Parameters
    ----------
    side
        Where the page lies that the copy touches, ``before`` or ``after`` it.
    """
    page = mmap.PAGESIZE
    room = -(-array.nbytes // page) * page
    mapping = mmap.mmap(-1, room + 2 * page, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    whole = np.frombuffer(mapping, np.uint8)
    inside = whole[page : page + room]
    inside[:] = FILLED
    start = room - array.nbytes if side == "after" else 0
    copy = inside[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    for edge in (0, page + room):
        protect(whole.ctypes.data + edge, page)
    return Placed(array, copy, inside[:start] if side == "after" else inside[array.nbytes :])


def protect(address: int, length: int) -> None:
    """Make the process die that touches these bytes.

    Raises
    ------
    OSError
        If Linux refuses.
    """
    if LIBRARY.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(length), UNTOUCHABLE):
        raise OSError(ctypes.get_errno(), f"mprotect: {os.strerror(ctypes.get_errno())}")


class Guard:
    """Copies of arrays, the same for each array in every call, because threads and calls share some."""

    def __init__(self, side: str) -> None:
        self._side, self._lock = side, Lock()
        self._placed: dict[tuple[Any, ...], Placed] = {}  # they hold the originals, so no address is used twice

    def call(self, kernel: Callable[..., Any], *arguments: Any) -> Any:
        """Call a kernel with copies, and copy back what it made of them."""
        placed = [self._place(value) if isinstance(value, np.ndarray) else value for value in arguments]
        result = kernel(*(value.copy if isinstance(value, Placed) else value for value in placed))
        with self._lock:  # of a team, who comes last copies last, and has seen all
            for value in placed:
                if isinstance(value, Placed):
                    value.original[...] = value.copy
        return result

    def _place(self, array: Array) -> Placed:
        key = array.ctypes.data, array.shape, array.dtype
        with self._lock:
            if key not in self._placed:
                self._placed[key] = place(array, self._side)
            return self._placed[key]

    @property
    def used(self) -> int:
        """Number of arrays that kernels got."""
        return len(self._placed)

    @property
    def spilled(self) -> bool:
        """Whether anything was written beside an array, within its pages."""
        return any((placed.rest != FILLED).any() for placed in self._placed.values())


@contextmanager
def guarded(side: str) -> Iterator[Guard]:
    """Let kernels get copies between pages as long as the context lasts."""
    guard = Guard(side)
    with ExitStack() as stack:
        for module, name in entries():
            stack.enter_context(mock.patch.object(module, name, partial(guard.call, getattr(module, name))))
        yield guard


def entries() -> list[tuple[ModuleType, str]]:
    """Return the compiled functions that Python calls: what `jit.entry` made, where it is defined."""
    modules = [import_module(f"{kernels.__name__}.{found.name}") for found in pkgutil.iter_modules(kernels.__path__)]
    return [
        (module, name)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(getattr(value, "_cache", None), MachineCodeCache) and value.__module__ == module.__name__
    ]

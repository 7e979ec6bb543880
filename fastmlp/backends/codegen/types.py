"""Numba types: the tile as a value that is known when code is compiled, and functions that are chosen by it.

A tile is a value that never changes. Kernels take it as their first argument and are compiled for it: a tile of another
shape is another type, so code for several tiles can exist side by side in a process, each under its own signature, in
memory and in the cache on disk. The layout of a kernel's buffers is computed from the same value, so that code and
memory always belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numba.core import types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    register_model,
    type_callable,
    unbox,
)
from numba.np.numpy_support import as_dtype

config: Any = numba.config
DOUBLE_BYTES = 8
CACHE_LINE = 64  # bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...layout import Floats


@dataclass(frozen=True)
class Tile:
    """Shape of the register tile.

    Parameters
    ----------
    name
        What the vectors are called.
    vector_bytes
        Length of a vector.
    rows
        Rows of the block.
    vectors
        Vectors side by side; the columns that are left over are computed one vector at a time.
    stored
        Vectors side by side in a tile that ends in the optimizer's step, which stores two or three times as much. At
        most `vectors`.

    Raises
    ------
    ValueError
        If no kernel can have this shape. All four are powers of two: then panels, and rows that are padded, consist
        of whole vectors and of whole tiles.
    """

    name: str
    vector_bytes: int
    rows: int
    vectors: int
    stored: int

    def __post_init__(self) -> None:
        if not all(map(is_power_of_two, (self.rows, self.vector_bytes, self.vectors, self.stored))):
            raise ValueError(f"rows, vectors and bytes of a tile must be powers of two: {self}")
        if self.stored > self.vectors:
            raise ValueError(f"the tile that stores more must not be wider than the other: {self}")
        if self.rows > 1 and self.vector_bytes < 2 * DOUBLE_BYTES:
            raise ValueError(f"a vector must hold at least two numbers in double precision: {self}")

    @cached_property
    def _numba_type_(self) -> TileType:
        """What numba calls the type of this argument; a type found by `typeof_impl` takes 3 microseconds a call."""
        return TileType(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Tile, (self.name, self.vector_bytes, self.rows, self.vectors, self.stored)

    def lanes(self, dtype: np.dtype[Any]) -> int:
        """Numbers in a vector; at least one, for plain loops have no vectors."""
        return max(1, self.vector_bytes // dtype.itemsize)

    def panel(self, dtype: np.dtype[Any]) -> int:
        """Columns of a panel, in which matrices are stored: those of a tile, and at least as many as it has rows."""
        return max(self.vectors * self.lanes(dtype), self.rows)

    def padding_unit(self, dtype: np.dtype[Any]) -> int:
        """Numbers that rows are padded to a multiple of: whole vectors, and whole tiles of a transposed matrix."""
        return self._padding_units[dtype.itemsize]

    @cached_property
    def _padding_units(self) -> dict[int, int]:
        dtypes: list[np.dtype[Any]] = [np.dtype("float32"), np.dtype("float64")]  # computed once: every call asks
        return {dtype.itemsize: max(self.lanes(dtype), self.rows) for dtype in dtypes}


def is_power_of_two(number: int) -> bool:
    """Whether a number is 1, 2, 4, 8 ..."""
    return number > 0 and number & (number - 1) == 0


PLAIN = Tile("plain loops", 1, 1, 16, 1)  # the compiler may find vectors in panels of 16 columns


class TileType(types.Opaque):
    """The type of one tile. Its name holds the whole shape, and the cache names its entries by it."""

    def __init__(self, tile: Tile) -> None:
        self.tile = tile
        super().__init__(repr(tile))


@register_model(TileType)
class _TileModel(models.StructModel):
    """A struct without members: no argument of the machine code, for everything is in the type."""

    def __init__(self, manager: Any, kind: TileType) -> None:
        super().__init__(manager, kind, [])


@unbox(TileType)
def _unbox_tile(kind: TileType, _value: Any, c: Any) -> Any:
    return NativeValue(c.context.get_constant_null(kind))


@infer_getattr
class _Fields(AttributeTemplate):
    key = TileType

    def generic_resolve(self, value: Any, attr: str) -> Any:  # type: ignore[override]  # a placeholder in numba
        return types.intp if isinstance(getattr(value.tile, attr, None), int) else None


@lower_getattr_generic(TileType)
def _lower_field(context: Any, _builder: Any, kind: TileType, _value: Any, name: str) -> Any:
    return context.get_constant(types.intp, getattr(kind.tile, name))


def lanes_of(tile: Tile, array: Floats) -> int:
    """Numbers of the array's dtype in a vector; in jitted code a constant."""
    return tile.lanes(array.dtype)


def panel_width(tile: Tile, array: Floats) -> int:
    """Columns of a panel of the array's dtype; in jitted code a constant."""
    return tile.panel(array.dtype)


def _constant_of_tile(function: Callable[[Tile, Floats], int], number: Callable[[Tile, np.dtype[Any]], int]) -> None:
    """Compile a function of a tile and an array to a number that is known, but not part of a type.

    An `overload` would give it a type of its own, and kernels would be compiled for each number that they are called
    with.
    """

    @type_callable(function)
    def _typed(_context: Any) -> Any:
        return lambda tile, array: types.intp  # noqa: ARG005  numba asks for the names of the arguments

    @lower_builtin(function, TileType, types.Array)
    def _lowered(context: Any, _builder: Any, signature: Any, _values: Any) -> Any:
        tile, array = signature.args
        return context.get_constant(types.intp, number(tile.tile, as_dtype(array.dtype)))


_constant_of_tile(lanes_of, Tile.lanes)
_constant_of_tile(panel_width, Tile.panel)


class ByTile:
    """Two kernels with the same arguments, a tile first: one in plain loops, and one on tiles."""

    def __init__(self, plain: Any, tiled: Any) -> None:
        self.plain, self.tiled = plain, tiled
        self._numba_type_ = ByTileType(self)

    def kernel_for(self, tile: Tile) -> Any:
        """Return the one of the two that serves a tile."""
        return self.plain if tile == PLAIN else self.tiled


class ByTileType(types.Callable, types.Dummy):
    """The type of such a pair: a call is a call of the kernel that the type of its first argument asks for."""

    def __init__(self, pair: ByTile) -> None:
        self.pair = pair
        super().__init__(f"by_tile({pair.plain.py_func.__qualname__})")

    def _dispatcher(self, arguments: Any) -> Any:
        return types.Dispatcher(self.pair.kernel_for(arguments[0].tile))

    def get_call_type(self, context: Any, args: Any, kws: Any) -> Any:
        """See numba's `Callable`."""
        return self._dispatcher(args).get_call_type(context, args, kws)

    def get_call_signatures(self) -> tuple[tuple[Any, ...], bool]:
        """See numba's `Callable`."""
        return (), True

    def get_impl_key(self, sig: Any) -> Any:
        """See numba's `Callable`."""
        return self._dispatcher(sig.args).get_impl_key(sig)


register_model(ByTileType)(models.OpaqueModel)


def by_tile(plain: Callable[..., None], tiled: Callable[..., None]) -> Any:
    """Return one function for jitted code that is `plain` when it is called with `PLAIN`, and else `tiled`."""
    return plain if config.DISABLE_JIT else ByTile(plain, tiled)

"""The most fused multiply-adds that one core can do: the yardsticks of every kernel.

The first keeps all numbers in registers. The second is a register tile of a product whose numbers lie in the nearest
cache, which no product can beat: the loads draw so much power that a processor lowers its clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .codegen.intrinsics import affine_tile, wide_shape
from .codegen.tile import Emitter, emit_loop
from .codegen.types import PLAIN, Tile, panel_width
from .fallback import current_tile
from .jit import entry
from .kernels.memory import DEPTH_BLOCK, allocate

affine_wide = affine_tile(wide_shape)

CHAINS = 12  # independent sums: two a cycle at four or five cycles each, and AVX2's 16 registers hold them
STEPS = 40_000  # about 2 ms a round
TILES = 4_000  # likewise
SECONDS = 0.1


def fma_peak(dtype: str = "float32") -> float:
    """Measure the peak of one core.

    Parameters
    ----------
    dtype
        ``"float32"`` or ``"float64"``.

    Returns
    -------
    Floating-point operations a second, a fused multiply-add counting as two; NaN where vector code cannot be built.
    """
    return _rate(dtype, _on_registers)


def tile_peak(dtype: str = "float32") -> float:
    """Measure the peak of a register tile, whose numbers come from the nearest cache; all else is as in `fma_peak`."""
    return _rate(dtype, _of_a_tile)


def _rate(dtype: str, prepare: Callable[[Tile, np.dtype[Any]], tuple[int, Callable[[], object]]]) -> float:
    """Return operations a second of a call that is prepared for this processor, with how many it makes."""
    tile = current_tile()
    if tile == PLAIN:
        return float("nan")
    work, call = prepare(tile, np.dtype(dtype))
    return work / best_time(call)


def _on_registers(tile: Tile, kind: np.dtype[Any]) -> tuple[int, Callable[[], object]]:
    seed = np.ones(1, kind)
    return 2 * CHAINS * tile.lanes(kind) * STEPS, lambda: spin(tile, STEPS, seed)


def _of_a_tile(tile: Tile, kind: np.dtype[Any]) -> tuple[int, Callable[[], object]]:
    rows, panel = tile.rows, tile.panel(kind)
    x, weights, bias, out = allocate(kind, rows * DEPTH_BLOCK, DEPTH_BLOCK * panel, panel, rows * panel)
    x[:], weights[:] = np.random.default_rng(0).normal(size=x.size), 0.01
    work = 2 * rows * tile.vectors * tile.lanes(kind) * DEPTH_BLOCK * TILES
    return work, lambda: multiply(tile, TILES, out, x, weights, bias)


def best_time(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes: the best of some, 0.1 s in all."""
    call()  # compiles
    best, stop = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < stop or best == float("inf"):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


@entry
def multiply(tile: Tile, times: int, out: Any, x: Any, weights: Any, bias: Any) -> None:
    """Compute one tile of x @ W as many times, from the same panels."""
    panel = panel_width(tile, out)
    for _ in range(times):
        affine_wide(tile, out, 0, x, 0, tile.rows * panel, weights, 0, bias, 0, 0, DEPTH_BLOCK, out.dtype.type(-np.inf))


def _chains(_typing: Any, tile: Any, steps: Any, seed: Any) -> Any:
    """Keep CHAINS vectors in registers and multiply-add each `steps` times; nothing is loaded or stored on the way."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        number = context.get_value_type(signature.args[2])
        emit = Emitter(builder, number, tile.tile.vector_bytes * 8 // signature.args[2].bitwidth)
        factor = emit.splat(values[2])

        def iteration(_k: Any, sums: list[Any]) -> list[Any]:
            return [emit.fma(total, factor, factor) for total in sums]

        # Every chain starts from another number: were they alike, the compiler would keep one.
        total, *others = emit_loop(emit, values[1], [emit.constant(float(i)) for i in range(CHAINS)], iteration)
        for other in others:
            total = builder.fadd(total, other)
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return seed(tile, types.int64, seed), generate


chains: Any = intrinsic(_chains)


@entry
def spin(tile: Tile, steps: int, seed: Any) -> Any:
    """Run the chains; the sum is returned so that they are not optimised away."""
    return chains(tile, steps, seed[0] * seed.dtype.type(1e-3))

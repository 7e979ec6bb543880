"""The most fused multiply-adds that one core can do: the yardstick of every kernel."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .codegen.tile import Emitter, emit_loop
from .codegen.types import PLAIN, Tile
from .fallback import current_tile
from .jit import entry

CHAINS = 12  # independent sums: two a cycle at four or five cycles each, and AVX2's 16 registers hold them
STEPS = 40_000  # about 2 ms a round
SECONDS = 0.1


def fma_peak(dtype: str = "float32") -> float:
    """Measure the peak of one core.

    Parameters
    ----------
    dtype
        ``"float32"`` or ``"float64"``.

    Returns
    -------
    Floating-point operations a second, a fused multiply-add counting as two; the best of some rounds, 0.1 s in all.
    NaN where vector code cannot be built.
    """
    tile = current_tile()
    if tile == PLAIN:
        return float("nan")
    kind = np.dtype(dtype)
    work = 2 * CHAINS * tile.lanes(kind) * STEPS
    seed, best, stop = np.ones(1, kind), float("inf"), time.perf_counter() + SECONDS
    spin(tile, 1, seed)  # compiles
    while time.perf_counter() < stop or best == float("inf"):
        start = time.perf_counter()
        spin(tile, STEPS, seed)
        best = min(best, time.perf_counter() - start)
    return work / best


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

"""What the processor offers, and the register tile that fits it.

A tile is a block of the result that stays in registers: `rows` broadcast numbers times `vectors` vectors. It needs
rows x vectors accumulators, the vectors of B, and one broadcast where the instruction cannot fold it. Too few
accumulators do not cover the latency of a fused multiply-add (4 cycles, two a cycle: 8); too many spill.
"""

from __future__ import annotations

from typing import Any

import numba
from numba.core.registry import cpu_target

from .codegen.types import PLAIN, Tile

config: Any = numba.config
UNTRIED = frozenset({"NEON"})  # names of tiles whose assembly is tested, but which were never seen to run


def choose_tile() -> Tile:
    """Return the tile for this processor, or `PLAIN` where vector code cannot be built.

    Only the interpreter and checked bounds rule vector code out: LLVM translates these vectors for any processor.

    Numba's own view of the processor is used, so ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` are respected.
    """
    if config.DISABLE_JIT or config.BOUNDSCHECK:  # no machine code; no access that goes unchecked
        return PLAIN
    triple, processor, features = cpu_target.target_context.codegen().magic_tuple()
    has = set(features.split(","))
    if "+avx512f" in has and "+avx512vl" in has:
        # 32 registers: 16 accumulators. Zen 4 stores half a vector in a cycle, and 32 stores in a row hold it up; where
        # two fused multiply-adds start in a cycle, 8 accumulators would be too few for the loads they take.
        return Tile("AVX-512", 64, 8, 2, 1 if processor == "znver4" else 2)
    if "+avx2" in has and "+fma" in has:
        return Tile("AVX2", 32, 4, 2, 2)  # 16 registers: 8 accumulators, 2 of B, a broadcast
    if triple.startswith(("aarch64", "arm64")):
        return Tile("NEON", 16, 4, 4, 4)  # 32 registers
    return Tile("128-bit vectors", 16, 4, 2, 2)  # what every processor has, if need be as a product and a sum

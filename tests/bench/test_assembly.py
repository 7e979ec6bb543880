"""What a training compiles to: checks of speed that know no noise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

numba: Any = pytest.importorskip("numba")

from bench.assembly import PRODUCTS, REGISTER, allocations, count, hot_loops, libm, training  # noqa: E402
from fastmlp.backends import jit  # noqa: E402
from fastmlp.backends.codegen import tile as tiles  # noqa: E402
from fastmlp.backends.codegen.intrinsics import UNROLLED  # noqa: E402
from fastmlp.backends.codegen.types import PLAIN  # noqa: E402
from fastmlp.backends.fallback import current_tile  # noqa: E402

TILE = current_tile()

pytestmark = pytest.mark.skipif(TILE == PLAIN, reason="there is no vector code")

AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+avx,+sse4.2"}


@pytest.fixture(
    scope="module", params=[pytest.param(dtype, marks=pytest.mark.exhaustive) for dtype in ("float32", "float64")]
)
def text(request: pytest.FixtureRequest) -> str:
    return training(request.param).text


needs_x86 = pytest.mark.skipif(TILE.name not in REGISTER, reason="the patterns are x86's")


@needs_x86
def test_hot_loops_fuse_full_vectors(text: str) -> None:
    """Each product has one, whatever their number, and none of them falls back to narrower vectors."""
    loops = hot_loops(text)
    assert {loop.product for loop in loops} == PRODUCTS
    for loop in loops:
        assert not loop.narrow(REGISTER[TILE.name])


@needs_x86
def test_hot_loops_spill_nothing_and_call_nothing(text: str) -> None:
    for loop in hot_loops(text):
        assert not loop.spills
        assert not loop.calls


def test_nothing_of_libm_is_called(text: str) -> None:
    assert not libm(text)


def test_a_training_never_asks_for_memory(text: str) -> None:
    """Nor does it count a reference: the buffers come from outside."""
    assert not allocations(text)


@needs_x86
def test_counts_add_up(text: str) -> None:
    counted, loops = count(text, REGISTER[TILE.name]), hot_loops(text)
    assert all(len(loop.fused) % TILE.rows == 0 for loop in loops), "every row of a tile takes the same operations"
    whole = TILE.rows * TILE.vectors * UNROLLED
    assert max(len(loop.fused) for loop in loops) == whole, "some steps of the whole tile"
    assert counted["fused multiply-adds"] <= counted["vector instructions"]
    assert not any(number for name, number in counted.items() if name.startswith(("narrow", "spills", "calls")))


def test_code_that_is_built_otherwise_is_not_counted() -> None:
    with pytest.raises(LookupError, match="no machine code of affine, backward_input, update_weights"):
        hot_loops("_ZN7fastmlp8backends5other3newB1v: ret")


def test_a_kernel_that_asks_for_memory_does_not_compile() -> None:
    import numpy as np

    with pytest.raises(Exception, match="NRT"):
        jit.njit(**jit.OPTIONS)(lambda n: np.zeros(n).sum())(3)


@pytest.mark.exhaustive
@pytest.mark.skipif(TILE.name != "AVX-512", reason="the host is narrower, or this is the inner run")
def test_avx2_is_correct_and_as_tight() -> None:
    selection = "hot_loops or libm or agrees_with or split"
    files = [__file__, str(Path(__file__).parents[1] / "backends" / "test_backends.py")]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider", *files, "-k", selection]
    result = subprocess.run(command, env=os.environ | AVX2, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout
    assert " passed" in result.stdout


def test_neon_keeps_its_tile_in_registers() -> None:
    """It was never run: the machine at hand is no ARM. LLVM makes 16 fused operations of it, and no spill."""
    from llvmlite import binding, ir

    number = ir.FloatType()
    pointer, index = number.as_pointer(), tiles.INDEX
    module = ir.Module()
    module.triple = "aarch64-unknown-linux-gnu"
    signature = ir.FunctionType(ir.VoidType(), [pointer, pointer, index, pointer, index, index])
    function = ir.Function(module, signature, "product")
    emit = tiles.Emitter(ir.IRBuilder(function.append_basic_block()), number, 4)
    out, a, a_step, b, b_step, depth = function.args
    start = [[emit.constant(0.0)] * 4 for _ in range(4)]
    left, right = tiles.Operand(a, a_step, tiles.index(1)), tiles.Operand(b, b_step, tiles.index(1))
    for r, row in enumerate(tiles.emit_product(emit, left, right, depth, start)):
        for v, total in enumerate(row):
            emit.store(total, out, tiles.index(16 * r + 4 * v))
    emit.builder.ret_void()

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    machine = binding.Target.from_triple(module.triple).create_target_machine(cpu="neoverse-n1", opt=3)
    text = machine.emit_assembly(binding.parse_assembly(str(module)))
    assert len(re.findall(r"\bfmla\s+v\d+\.4s, v\d+\.4s, v\d+\.(?:4s|s\[\d\])", text)) >= 16
    assert not re.findall(r"\b(?:str|ldr)\s+q\d+, \[sp", text)

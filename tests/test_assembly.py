"""What a training compiles to: checks of speed that know no noise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

numba: Any = pytest.importorskip("numba")

from fastmlp.backends import engine, host, jit, tiles  # noqa: E402

from .trainings import training  # noqa: E402

pytestmark = pytest.mark.skipif(host.TILE is host.PLAIN, reason="there is no vector code")

FUSED = re.compile(r"\bvfn?m(?:add|sub)\w+p[sd]\b.*")
LIBM = {"exp", "log", "tanh", "pow", "sqrt", "fma", "powi", "exp2", "log1p", "expm1", "fmax"}
PRODUCTS = {"affine", "pull_back", "descend"}
REGISTER = {"AVX-512": "zmm", "AVX2": "ymm"}
AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+avx,+sse4.2"}


class Loop(NamedTuple):
    lines: list[str]

    @property
    def fused(self) -> list[str]:
        return [line for line in self.lines if FUSED.search(line)]


def assembly(function: Any, dtype: str) -> str:
    """Compile afresh: what comes from the cache has no assembly to show."""
    from fastmlp.backends import compiled

    from .trainings import run

    run(compiled, training(dtype=dtype))
    signature = next(s for s in function.signatures if str(s[0].dtype) == dtype)
    fresh = jit.njit(**jit.OPTIONS)(function.py_func)
    fresh.compile(signature)
    text: str = fresh.inspect_asm(signature)
    return text


def hot_loops(text: str) -> list[Loop]:
    """Loops of the products: blocks that jump to themselves and hold at least a tile of fused multiply-adds."""
    functions = re.split(r"^_ZN7fastmlp8backends6vector\d+([a-z_]+)B\w+:", text, flags=re.MULTILINE)
    products = {name: body for name, body in zip(functions[1::2], functions[2::2], strict=True) if name in PRODUCTS}
    assert products.keys() == PRODUCTS
    return [loop for body in products.values() for loop in loops_of(body.split(".Lfunc_end")[0])]


def loops_of(body: str) -> list[Loop]:
    blocks = re.split(r"^(\.L\w+):", body, flags=re.MULTILINE)
    tile = host.TILE.rows * host.TILE.vectors
    found = []
    for label, block in zip(blocks[1::2], blocks[2::2], strict=True):
        lines = block.splitlines()
        ends = [i for i, line in enumerate(lines) if re.search(rf"\bj\w+\s+{re.escape(label)}$", line)]
        loop = Loop(lines[: ends[0]] if ends else [])
        if len(loop.fused) >= tile:
            found.append(loop)
    return found


@pytest.fixture(scope="module", params=["float32", "float64"])
def text(request: pytest.FixtureRequest) -> str:
    return assembly(engine.train, request.param)


needs_x86 = pytest.mark.skipif(host.TILE.name not in REGISTER, reason="the patterns are x86's")


@needs_x86
def test_hot_loops_fuse_full_vectors(text: str) -> None:
    """One loop each for the forward product, the backward product, and the updates of sgd and of adam."""
    loops = hot_loops(text)
    assert len(loops) >= 4
    for loop in loops:
        assert all(REGISTER[host.TILE.name] in line for line in loop.fused), loop.lines


@needs_x86
def test_hot_loops_spill_nothing_and_call_nothing(text: str) -> None:
    for loop in hot_loops(text):
        spills = [line for line in loop.lines if "mov" in line and "mm" in line and "(%rsp" in line]
        calls = [line for line in loop.lines if "call" in line]
        assert not spills
        assert not calls


def called(text: str) -> set[str]:
    """Names of the functions whose addresses are taken or that are called."""
    return set(re.findall(r"(?:\$|\bcall\w*\s+|\bbl\s+)([A-Za-z_]\w*)", text))


def test_nothing_of_libm_is_called(text: str) -> None:
    names = {name.removesuffix("f") for name in called(text)}
    assert not names & LIBM


def test_a_training_never_asks_for_memory(text: str) -> None:
    """Nor does it count a reference: the buffers come from outside."""
    assert not [name for name in called(text) if name.startswith("NRT_") and name != "NRT_adapt_ndarray_from_python"]


def test_a_kernel_that_asks_for_memory_does_not_compile() -> None:
    import numpy as np

    with pytest.raises(Exception, match="NRT"):
        jit.njit(**jit.OPTIONS)(lambda n: np.zeros(n).sum())(3)


@pytest.mark.skipif(host.TILE.name != "AVX-512", reason="the host is narrower, or this is the inner run")
def test_avx2_is_correct_and_as_tight() -> None:
    selection = "hot_loops or libm or agrees_with or split"
    files = [__file__, str(__file__).replace("assembly", "backends")]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files, "-k", selection]
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

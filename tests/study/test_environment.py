"""What a study knows of its kernels: the fingerprint runs all of them, and sees when one computes something else."""

from __future__ import annotations

import math
from importlib.util import find_spec, module_from_spec
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastmlp.study.environment import KINDS, fingerprint
from fastmlp.study.settings.load import from_dict

numba: Any = pytest.importorskip("numba")

from numba.core.extending import _Intrinsic  # noqa: E402

from fastmlp.backends import cpu, fallback, jit  # noqa: E402
from fastmlp.backends.compiled import padding_unit  # noqa: E402
from fastmlp.backends.kernels import engine, engine_lora  # noqa: E402

VECTOR = "fastmlp.backends.kernels.matmul_tiled"
PROCESSORS = {  # as LLVM describes them
    "AVX-512, Zen 4": ("x86_64-linux", "znver4", "+avx512f,+avx512vl"),
    "AVX-512": ("x86_64-linux", "icelake-server", "+avx512f,+avx512vl"),
    "AVX2": ("x86_64-linux", "haswell", "+avx2,+fma"),
    "NEON": ("aarch64-linux", "neoverse-n1", "+neon"),
    "128-bit vectors": ("x86_64-linux", "nehalem", "+sse4.2"),
}


@pytest.fixture(autouse=True)
def no_plain_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a kernel that fails here fail, and not be exchanged for the rest of the process."""
    monkeypatch.setattr(fallback, "reload", lambda module: module)
    monkeypatch.setattr(cpu, "TILE", cpu.TILE)


def vector_for(processor: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module `vector` as it would be on another processor."""
    codegen = SimpleNamespace(magic_tuple=lambda: PROCESSORS[processor])
    monkeypatch.setattr(cpu, "cpu_target", SimpleNamespace(target_context=SimpleNamespace(codegen=lambda: codegen)))
    monkeypatch.setattr(cpu, "TILE", cpu.choose_tile())
    spec = find_spec(VECTOR)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interpreted(function: Any, vector: ModuleType, seen: set[str]) -> Any:
    """A kernel as Python runs it, with all that it calls; its tiles do nothing but note their names."""
    if function.__module__ == VECTOR:
        function = getattr(vector, function.__name__)
    function = getattr(function, "py_func", function)
    found = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(found.get(name), _Intrinsic):
            number = getattr(math, name, None)
            found[name] = number or (lambda *_, name=name: seen.add(name))
        elif hasattr(found.get(name), "py_func"):
            found[name] = interpreted(found[name], vector, seen)
    return FunctionType(function.__code__, found, function.__name__)


@pytest.mark.skipif(cpu.TILE is cpu.PLAIN, reason="there is no vector code")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_fingerprint_runs_every_tile_on_every_processor(
    processor: str, dtype: str, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = from_dict({"network": {"dtype": dtype}, "training": {"optimizer": optimizer}})
    vector = vector_for(processor, monkeypatch)
    lanes, unit = cpu.TILE.vector_bytes // np.dtype(dtype).itemsize, padding_unit(np.dtype(dtype))
    tiles = {name for name, value in vars(vector).items() if isinstance(value, _Intrinsic)}
    stored, vectors = cpu.TILE.stored, cpu.TILE.vectors
    never = {name for name in tiles if name.startswith("adam" if optimizer == "sgd" else "sgd")}
    if vectors * lanes == unit:  # rows are padded to it, which leaves no rest
        never |= {"affine_narrow", "backward_input_narrow"}
    if stored == 1 or stored * lanes == unit:
        never |= {f"{optimizer}_wide" if stored == 1 else f"{optimizer}_narrow"}
    seen: set[str] = set()
    for module, entry in ((engine, "train"), (engine, "predict"), (engine_lora, "train_lora")):
        monkeypatch.setattr(module, entry, interpreted(getattr(module, entry), vector, seen))
    for kind in KINDS:
        seen.clear()
        fingerprint(settings, "numba", kind)
        assert seen == tiles - never


def with_globals(function: Any, **other: Any) -> Any:
    """The same function, which finds something else under some names."""
    function = getattr(function, "py_func", function)
    return FunctionType(function.__code__, function.__globals__ | other, function.__name__)


@pytest.mark.skipif(cpu.TILE is cpu.PLAIN, reason="there is no vector code")
def test_a_wide_tile_that_leaves_out_a_term_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastmlp.backends.kernels import matmul_tiled

    settings = from_dict({})
    before = fingerprint(settings, "numba", "full rank")
    whole = matmul_tiled.affine_wide

    @jit.inlined
    def short(
        out: Any, out_at: Any, out_step: Any, x: Any, x_at: Any, x_step: Any, weights: Any, weight_at: Any,
        parameters: Any, bias_at: Any, depth: Any, floor: Any,
    ) -> None:  # fmt: skip
        whole(
            out, out_at, out_step, x, x_at, x_step, weights, weight_at, parameters, bias_at, depth - 1, floor
        )  # fmt: skip

    # In predictions only: a training takes seconds to compile
    affine = jit.kernel(with_globals(matmul_tiled.affine, affine_wide=short))
    forward_pass = jit.inlined(with_globals(engine.forward, affine=affine))
    monkeypatch.setattr(engine, "predict", jit.njit(**jit.OPTIONS)(with_globals(engine.predict, forward=forward_pass)))
    assert fingerprint(settings, "numba", "full rank") != before

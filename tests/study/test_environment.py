"""What a study knows of its kernels: the fingerprint runs all of them, and sees when one computes something else."""

from __future__ import annotations

import math
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastmlp.study.environment import KINDS, kernel_fingerprint
from fastmlp.study.settings.load import from_dict

numba: Any = pytest.importorskip("numba")

from numba.core.extending import _Intrinsic  # noqa: E402

from fastmlp.backends import cpu, fallback, jit  # noqa: E402
from fastmlp.backends.codegen.types import PLAIN, ByTile, Tile  # noqa: E402
from fastmlp.backends.kernels import engine, engine_lora, matmul_tiled  # noqa: E402

PROCESSORS = {  # as LLVM describes them
    "AVX-512, Zen 4": ("x86_64-linux", "znver4", "+avx512f,+avx512vl"),
    "AVX-512": ("x86_64-linux", "icelake-server", "+avx512f,+avx512vl"),
    "AVX2": ("x86_64-linux", "haswell", "+avx2,+fma"),
    "NEON": ("aarch64-linux", "neoverse-n1", "+neon"),
    "128-bit vectors": ("x86_64-linux", "nehalem", "+sse4.2"),
}


def tile_for(processor: str, monkeypatch: pytest.MonkeyPatch) -> Tile:
    """The tile that is chosen on another processor; it is the one that kernels are called with."""
    codegen = SimpleNamespace(magic_tuple=lambda: PROCESSORS[processor])
    monkeypatch.setattr(cpu, "cpu_target", SimpleNamespace(target_context=SimpleNamespace(codegen=lambda: codegen)))
    tile = cpu.choose_tile()
    monkeypatch.setattr(fallback, "_tile", tile)
    return tile


def interpreted(function: Any, seen: set[str]) -> Any:
    """A kernel as Python runs it, with all that it calls; its tiles do nothing but note their names."""
    function = function.tiled if isinstance(function, ByTile) else function
    function = getattr(function, "py_func", function)
    found = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(found.get(name), _Intrinsic):
            number = getattr(math, name, None)
            found[name] = number or (lambda *_, name=name: seen.add(name))
        elif isinstance(found.get(name), ByTile) or hasattr(found.get(name), "py_func"):
            found[name] = interpreted(found[name], seen)
    return FunctionType(function.__code__, found, function.__name__)


@pytest.mark.skipif(fallback.current_tile() == PLAIN, reason="there is no vector code")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_fingerprint_runs_every_tile_on_every_processor(
    processor: str, dtype: str, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = from_dict({"network": {"dtype": dtype}, "training": {"optimizer": optimizer}})
    tile = tile_for(processor, monkeypatch)
    lanes, unit = tile.lanes(np.dtype(dtype)), tile.padding_unit(np.dtype(dtype))
    tiles = {name for name, value in vars(matmul_tiled).items() if isinstance(value, _Intrinsic)}
    never = {name for name in tiles if name.startswith("adam" if optimizer == "sgd" else "sgd")}
    never |= {"add_squares_tile"}  # of a penalty that is counted among the losses, as no study's is
    if tile.vectors * lanes == unit:  # rows are padded to it, which leaves no rest
        never |= {"affine_narrow", "backward_input_narrow"}
    if tile.stored == 1 or tile.stored * lanes == unit:
        never |= {f"{optimizer}_wide" if tile.stored == 1 else f"{optimizer}_narrow"}
    seen: set[str] = set()
    for module, entry in ((engine, "train"), (engine, "predict"), (engine_lora, "train_lora")):
        monkeypatch.setattr(module, entry, interpreted(getattr(module, entry), seen))
    for kind in KINDS:
        seen.clear()
        kernel_fingerprint(settings, "numba", kind)
        assert seen == tiles - never
    assert fallback.current_tile() is tile  # nothing failed


def with_globals(function: Any, **other: Any) -> Any:
    """The same function, which finds something else under some names."""
    function = getattr(function, "py_func", function)
    return FunctionType(function.__code__, function.__globals__ | other, function.__name__)


@pytest.mark.skipif(fallback.current_tile() == PLAIN, reason="there is no vector code")
def test_a_wide_tile_that_leaves_out_a_term_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = from_dict({})
    before = kernel_fingerprint(settings, "numba", "full rank")
    whole = matmul_tiled.affine_wide

    @jit.kernel
    def short(
        tile: Any, out: Any, out_at: Any, out_step: Any, x: Any, x_at: Any, x_step: Any, weights: Any, weight_at: Any,
        parameters: Any, bias_at: Any, depth: Any, floor: Any,
    ) -> None:  # fmt: skip
        whole(
            tile, out, out_at, out_step, x, x_at, x_step, weights, weight_at, parameters, bias_at, depth - 1, floor
        )  # fmt: skip

    # In predictions only: a training takes seconds to compile
    affine = jit.kernel(with_globals(matmul_tiled.affine, affine_wide=short))
    forward_pass = jit.kernel(with_globals(engine.forward, affine=affine))
    monkeypatch.setattr(engine, "predict", jit.njit(**jit.OPTIONS)(with_globals(engine.predict, forward=forward_pass)))
    assert kernel_fingerprint(settings, "numba", "full rank") != before

"""What a study knows of its kernels: the fingerprint runs all of them, and sees when one computes something else."""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastmlp.study.circumstances import SIZES, fingerprint
from fastmlp.study.config import from_dict

numba: Any = pytest.importorskip("numba")

from fastmlp.backends import engine, host, jit  # noqa: E402
from fastmlp.backends.compiled import unit_of  # noqa: E402
from fastmlp.backends.plan import COLUMNS, ROWS, Plan  # noqa: E402

PROCESSORS = {  # as LLVM describes them
    "AVX-512, Zen 4": ("x86_64-linux", "znver4", "+avx512f,+avx512vl"),
    "AVX-512": ("x86_64-linux", "icelake-server", "+avx512f,+avx512vl"),
    "AVX2": ("x86_64-linux", "haswell", "+avx2,+fma"),
    "NEON": ("aarch64-linux", "neoverse-n1", "+neon"),
    "128-bit vectors": ("x86_64-linux", "nehalem", "+sse4.2"),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_fingerprint_runs_wide_and_narrow_tiles_on_every_processor(
    processor: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    codegen = SimpleNamespace(magic_tuple=lambda: PROCESSORS[processor])
    monkeypatch.setattr(host, "cpu_target", SimpleNamespace(target_context=SimpleNamespace(codegen=lambda: codegen)))
    monkeypatch.setattr(host, "config", SimpleNamespace(DISABLE_JIT=0, BOUNDSCHECK=0))
    monkeypatch.setattr(host, "TILE", host.choose_tile())
    lanes, unit = host.TILE.vector_bytes // np.dtype(dtype).itemsize, unit_of(np.dtype(dtype))
    table = Plan.of(np.array(SIZES), unit, batch=8).table
    for columns, side_by_side in (
        (table[:, COLUMNS], host.TILE.vectors),  # affine
        (table[1:, ROWS], host.TILE.vectors),  # pull_back
        (table[:, COLUMNS], host.TILE.stored),  # descend
    ):
        wide = side_by_side * lanes
        assert (columns >= wide).any()
        assert wide == unit or (columns % wide > 0).any(), "where a wide tile is no more than the unit there is no rest"


def with_globals(function: Any, **other: Any) -> Any:
    """The same function, which finds something else under some names."""
    function = getattr(function, "py_func", function)
    return FunctionType(function.__code__, function.__globals__ | other, function.__name__)


@pytest.mark.skipif(host.TILE is host.PLAIN, reason="there is no vector code")
def test_a_wide_tile_that_leaves_out_a_term_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastmlp.backends import vector

    settings = from_dict({})
    before = fingerprint(settings, "numba", "full rank")
    whole = vector.affine_wide

    @jit.inlined
    def short(
        out: Any, out_at: Any, out_step: Any, x: Any, x_at: Any, x_step: Any, parameters: Any, weight_at: Any,
        bias_at: Any, depth: Any, floor: Any,
    ) -> None:  # fmt: skip
        whole(out, out_at, out_step, x, x_at, x_step, parameters, weight_at, bias_at, depth - 1, floor)

    # In predictions only: a training takes seconds to compile
    affine = jit.kernel(with_globals(vector.affine, affine_wide=short))
    up = jit.inlined(with_globals(engine.up, affine=affine))
    monkeypatch.setattr(engine, "predict", jit.njit(**jit.OPTIONS)(with_globals(engine.predict, up=up)))
    assert fingerprint(settings, "numba", "full rank") != before

"""The functions that stand in for libm, against NumPy in higher precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_less

numba: Any = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("they are machine code", allow_module_level=True)

from fastmlp.backends import reference_gelu  # noqa: E402
from fastmlp.backends.codegen import math as elementary  # noqa: E402
from fastmlp.backends.codegen.intrinsics import gelu_vectors, tile_function  # noqa: E402
from fastmlp.backends.codegen.tile import emit_loop, index  # noqa: E402
from fastmlp.backends.cpu import choose_tile  # noqa: E402

EXACT: dict[str, Any] = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "logistic": lambda x: 1 / (1 + np.exp(-x))}


def evaluate(name: str, x: Any) -> Any:
    function: Any = getattr(elementary, name)

    @numba.njit
    def fill(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = function(x[i])

    out = np.empty_like(x)
    fill(x, out)
    return out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_error_is_below_two_units_in_the_last_place(name: str, dtype: str) -> None:
    largest = 85 if dtype == "float32" else 700
    x = np.concatenate([np.linspace(-largest, largest, 20_001), np.geomspace(1e-8, 1, 1000)]).astype(dtype)
    if name == "log":
        x = np.concatenate([np.exp(x), np.linspace(0.5, 2, 1001)]).astype(dtype)
    exact = EXACT[name](x.astype(np.longdouble))
    error = np.abs((evaluate(name, x) - exact) / np.where(exact == 0, 1, exact))
    assert_array_less(error, 2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exact", [True, False])
def test_gelu_and_its_slope_are_the_references(exact: bool, dtype: str) -> None:  # noqa: FBT001
    tile, names = choose_tile(), ("gelu", "gelu_slope") if exact else ("gelu_tanh", "gelu_tanh_slope")
    z = np.concatenate([np.linspace(-30, 30, 4001), np.linspace(-1, 1, 95)]).astype(dtype)

    @numba.njit
    def apply(tile: Any, a: Any, exact: bool) -> None:  # noqa: FBT001
        gelu_vectors(tile, a, 0, a.size // 2, a.size // 2, exact)

    a = np.concatenate([z, np.zeros_like(z)])
    apply(tile, a, exact)
    for ours, name in zip(np.split(a, 2), names, strict=True):
        error = np.abs(ours - getattr(reference_gelu, name)(z.astype(np.float64)))
        assert_array_less(error, 4 * np.finfo(dtype).eps * np.maximum(1, np.abs(z)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_nan_stays(name: str, dtype: str) -> None:
    assert np.isnan(evaluate(name, np.array([np.nan], dtype))).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_out_they_reach_their_limits(dtype: str) -> None:
    x = np.array([-1e5, 1e5, -np.inf, np.inf], dtype)
    assert np.array_equal(evaluate("tanh", x), [-1, 1, -1, 1])
    assert np.allclose(evaluate("logistic", x), [0, 1, 0, 1])
    assert np.isfinite(evaluate("exp", x)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_exponential_is_a_denormal_number(dtype: str) -> None:
    """Each would take a hundred cycles: a training that has converged has little else in its softmax."""
    end = np.log(np.finfo(dtype).tiny)
    x = np.linspace(1.001 * end, 0.999 * end, 9999).astype(dtype)
    assert (evaluate("exp", x) >= np.finfo(dtype).tiny).all()


def test_square_roots_and_ratios_of_vectors_are_the_instructions_to_the_bit() -> None:
    """Where AVX-512's estimates are refined; elsewhere they are the instructions."""
    rng = np.random.default_rng(0)
    x = np.exp(rng.uniform(-680, 700, 8 * 25_000))
    x[:24] = [0.0, 1e-310, 1e-301, 1.0, 4.0, np.nan, 1.7e308, 1e-299] * 3
    a, b = rng.normal(size=x.size) * np.exp(rng.uniform(-70, 70, x.size)), np.exp(rng.uniform(-70, 70, x.size))

    @tile_function
    def compute(emit: Any, x: Any, a: Any, b: Any, count: Any) -> None:
        def vector(k: Any, _carried: list[Any]) -> list[Any]:
            place = emit.times(k, index(emit.lanes))
            emit.store(emit.sqrt(emit.load(x, place)), x, place)
            emit.store(emit.ratio(emit.load(a, place), emit.load(b, place), refined=True), b, place)
            return []

        emit_loop(emit, count, [], vector)

    @numba.njit
    def fill(tile: Any, x: Any, a: Any, b: Any, count: int) -> None:
        compute(tile, x, a, b, count)

    tile, root, ratio = choose_tile(), x.copy(), b.copy()
    fill(tile, root, a, ratio, x.size // tile.lanes(x.dtype))
    np.testing.assert_array_equal(ratio, a / b)
    near_zero = x < 1e-300
    np.testing.assert_array_equal(root[~near_zero], np.sqrt(x[~near_zero]))
    assert (root[near_zero] <= 1e-150).all()

"""Each product on tiles against its plain loops, which read like the formula."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

numba: Any = pytest.importorskip("numba")

from fastmlp.backends.codegen.types import PLAIN  # noqa: E402
from fastmlp.backends.coefficients import ACTIVATION_TABLE, N_COEFFICIENTS, new_clock  # noqa: E402
from fastmlp.backends.fallback import current_tile  # noqa: E402
from fastmlp.backends.kernels.memory import MOMENT, allocate  # noqa: E402
from fastmlp.backends.kernels.optimizer import set_clock, set_coefficients  # noqa: E402
from fastmlp.registry import ADAM, FLUSHED, SGD, TINY  # noqa: E402

TILE = current_tile()
if TILE == PLAIN:
    pytest.skip("there is no vector code", allow_module_level=True)

from fastmlp.backends import jit  # noqa: E402
from fastmlp.backends.kernels import matmul_plain, matmul_tiled  # noqa: E402

ROWS, DEPTH, GUARD = 16, 5, 7.0  # guard: what lies behind the last number that a product may touch
DTYPES = ["float32", "float64"]


@cache
def callable_from_python(kernel: Any) -> Any:
    """A kernel has no wrapper of its own."""

    def call(*given: Any) -> None:
        kernel(*given)

    return jit.njit(**jit.OPTIONS)(call)


def both(name: str, arguments: list[Any], changed: int) -> tuple[Any, Any]:
    """Run a product both ways on copies; return what became of the argument that it changes."""
    results = []
    for module in (matmul_plain, matmul_tiled):
        copies = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
        callable_from_python(getattr(module, name))(TILE, *copies)
        results.append(copies[changed])
    return results[0], results[1]


def drawn(dtype: str, *lengths: int) -> list[Any]:
    draw = np.random.default_rng(5)
    pieces = allocate(np.dtype(dtype), *lengths)
    for piece in pieces:
        piece[:] = draw.normal(size=piece.size)
    return pieces


def widths(dtype: str) -> list[int]:
    """One vector, several, and a number that wide tiles leave a rest of."""
    unit = TILE.padding_unit(np.dtype(dtype))
    return [unit, 2 * unit, 3 * unit, 5 * unit]


CASES = [(dtype, columns) for dtype in DTYPES for columns in widths(dtype)]
RTOL = {"float32": 1e-4, "float64": 1e-12}


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("floor", [0.0, -np.inf])
def test_affine(dtype: str, columns: int, floor: float) -> None:
    out, x, parameters = drawn(dtype, ROWS * columns + 1, ROWS * 32, 32 * columns + columns)
    out[-1] = GUARD
    bias = 32 * columns
    given = [out, 0, x, 0, 32, parameters, 0, parameters, bias, ROWS, DEPTH, columns, out.dtype.type(floor)]
    expected, actual = both("affine", given, 0)
    assert_allclose(actual, expected, rtol=RTOL[dtype], atol=RTOL[dtype])
    assert actual[-1] == GUARD


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("activation", range(len(ACTIVATION_TABLE)))
def test_backward_input(dtype: str, columns: int, activation: int) -> None:
    there = ROWS * 32
    deltas, turned, hidden = drawn(dtype, there + ROWS * columns + 1, 32 * columns, ROWS * columns)
    deltas[-1] = GUARD
    shape = ACTIVATION_TABLE[activation].astype(dtype)
    given = [deltas, there, 0, 32, turned, 0, ROWS, DEPTH, columns, hidden, 0, shape]
    expected, actual = both("backward_input", given, 0)
    assert_allclose(actual, expected, rtol=RTOL[dtype], atol=RTOL[dtype])
    assert actual[-1] == GUARD


@jit.kernel
def fill(numbers: Any, optimizer: int, decay: float, pull: float, t: int, clock: Any) -> None:
    set_clock(clock, t, 3)
    set_coefficients(numbers, optimizer, 0.1, decay, pull, 0.9, t, clock)


def numbers_of(
    optimizer: int, dtype: str, decay: float = 0.2, pull: float = 0.0, t: int = 3, *, weighted: bool = False
) -> Any:
    """Of an update of a training in batches of 8, 8 and 3 examples."""
    numbers, clock = np.zeros(N_COEFFICIENTS, dtype), new_clock(19, 8, weighted=weighted)
    callable_from_python(fill)(numbers, optimizer, decay, pull, t, clock)
    return numbers


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("optimizer", [SGD, ADAM])
@pytest.mark.parametrize(("decay", "pull", "t"), [(0.0, 0.0, 3), (0.2, 0.0, 3), (0.2, 0.5, 3), (0.0, 0.0, FLUSHED)])
@pytest.mark.parametrize("weighted", [False, True])
def test_update_weights(
    dtype: str, columns: int, optimizer: int, decay: float, pull: float, t: int, *, weighted: bool
) -> None:
    size = ROWS * columns + 1
    x, deltas, parameters = drawn(dtype, DEPTH * ROWS, DEPTH * columns, 4 * size)
    parameters = np.abs(parameters)  # second moments are not negative
    parameters[size - 1 :: size] = GUARD
    tiny = MOMENT * size + 3
    parameters[tiny] = TINY / 2
    deltas[3::columns] = 0
    numbers = numbers_of(optimizer, dtype, decay, pull, t, weighted=weighted)
    given = [x, 0, ROWS, deltas, 0, DEPTH, parameters, size, 0, ROWS, columns, optimizer, numbers]
    expected, actual = both("update_weights", given, 6)
    assert_allclose(actual, expected, rtol=RTOL[dtype], atol=RTOL[dtype])
    assert (actual[size - 1 :: size] == GUARD).all()
    if not decay:
        assert (actual[tiny] == 0) == (t == FLUSHED)


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("optimizer", [SGD, ADAM])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 10])
def test_update_weights_of_few_rows(dtype: str, columns: int, optimizer: int, rows: int) -> None:
    """What lies behind the real rows is padding, up to a whole tile, and is not looked at."""
    size = ROWS * columns
    x, deltas, parameters = drawn(dtype, DEPTH * ROWS, DEPTH * columns, 3 * size)
    given = [x, 0, ROWS, deltas, 0, DEPTH, np.abs(parameters), size, 0, rows, columns, optimizer]
    expected, actual = both("update_weights", [*given, numbers_of(optimizer, dtype)], 6)
    real = np.arange(3 * size) % size < rows * columns
    assert_allclose(actual[real], expected[real], rtol=RTOL[dtype], atol=RTOL[dtype])
    assert (actual[real] != given[6][real])[: rows * columns].all()


@pytest.mark.parametrize(("dtype", "columns"), CASES)
def test_turn_moves_and_computes_nothing(dtype: str, columns: int) -> None:
    rows = widths(dtype)[1]
    out, x = drawn(dtype, rows * columns + 1, rows * columns)
    out[-1] = GUARD
    expected, actual = both("transpose", [out, 0, rows, x, 0, columns, rows, columns], 0)
    assert_array_equal(actual, expected)
    assert_array_equal(actual[:-1].reshape(columns, rows), x.reshape(rows, columns).T)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax(dtype: str, classes: int) -> None:
    step = widths(dtype)[1]
    z, row = drawn(dtype, classes * step + 1, 3 * step)
    z *= 1e4  # safe, where exp of it is not
    z[-1] = GUARD
    expected, actual = both("softmax", [z, step, classes, z.dtype.type(0.5), row], 0)
    assert_allclose(actual, expected, rtol=RTOL[dtype], atol=RTOL[dtype])
    assert_allclose(actual[:-1].reshape(classes, step).sum(axis=0), 0.5, rtol=1e-6)
    expected_row, actual_row = both("softmax", [z, step, classes, z.dtype.type(0.5), row], 4)
    assert_allclose(actual_row, expected_row, rtol=RTOL[dtype], atol=RTOL[dtype])

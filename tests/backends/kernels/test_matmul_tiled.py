"""Each product on tiles against its plain loops, which read like the formula."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

numba: Any = pytest.importorskip("numba")

from fastmlp.backends.codegen.types import PLAIN  # noqa: E402
from fastmlp.backends.coefficients import ACTIVATION_TABLE, N_COEFFICIENTS, N_SQUARES, new_clock  # noqa: E402
from fastmlp.backends.fallback import current_tile  # noqa: E402
from fastmlp.backends.kernels.memory import DEPTH_BLOCK, MOMENT, allocate, rounded  # noqa: E402
from fastmlp.backends.kernels.optimizer import set_clock, set_coefficients  # noqa: E402
from fastmlp.registry import ADAM, FLUSHED, IDENTITY, SGD, TINY  # noqa: E402

TILE = current_tile()
if TILE == PLAIN:
    pytest.skip("there is no vector code", allow_module_level=True)

from fastmlp.backends import jit  # noqa: E402
from fastmlp.backends.kernels import matmul_plain, matmul_tiled  # noqa: E402

ROWS, DEPTH, GUARD = 16, 5, 7.0  # guard: what lies behind the last number that a product may touch
DEEP = 2 * DEPTH_BLOCK + 7  # is cut into blocks
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


def panel_of(dtype: str) -> int:
    return TILE.panel(np.dtype(dtype))


def matrix(dtype: str, rows: int, columns: int) -> int:
    """Numbers that a matrix takes in panels."""
    return rows * rounded(columns, panel_of(dtype))


def weights_of(dtype: str, depth: int, columns: int, *, transposed: bool) -> tuple[int, int]:
    """Length and distance of panels of weights with `depth` rows, or of them transposed; padded to whole vectors."""
    high, wide = (columns, depth) if transposed else (depth, columns)
    return matrix(dtype, rounded(high, ROWS), wide), rounded(high, ROWS) * panel_of(dtype)


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("floor", [0.0, -np.inf])
@pytest.mark.parametrize("depth", [DEPTH, DEEP])
@pytest.mark.parametrize("transposed", [0, 1])
@pytest.mark.parametrize("skipped", [0, 1])
def test_affine(dtype: str, columns: int, floor: float, depth: int, transposed: int, skipped: int) -> None:
    step, (length, apart) = ROWS * panel_of(dtype), weights_of(dtype, depth, columns, transposed=bool(transposed))
    bias = length
    out, x, parameters, spare = drawn(
        dtype, matrix(dtype, ROWS, columns) + 1, matrix(dtype, ROWS, depth), length + columns, 1000 * panel_of(dtype)
    )
    out[-1] = GUARD
    given = [
        out, 0, step, x, 0, step, parameters, 0, apart, transposed, spare, parameters, bias, ROWS, depth,
        min(columns, skipped * panel_of(dtype)), columns, out.dtype.type(floor),
    ]  # fmt: skip
    expected, actual = both("affine", given, 0)
    assert_allclose(actual, expected, rtol=RTOL[dtype], atol=10 * RTOL[dtype])
    assert actual[-1] == GUARD


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("activation", range(len(ACTIVATION_TABLE)))
@pytest.mark.parametrize("depth", [DEPTH, DEEP])
@pytest.mark.parametrize("transposed", [0, 1])
def test_backward_input(dtype: str, columns: int, activation: int, depth: int, transposed: int) -> None:
    step, (length, apart) = ROWS * panel_of(dtype), weights_of(dtype, depth, columns, transposed=bool(transposed))
    there = matrix(dtype, ROWS, depth)
    deltas, weights, hidden, spare = drawn(
        dtype, there + matrix(dtype, ROWS, columns) + 1, length, matrix(dtype, ROWS, columns), 1000 * panel_of(dtype)
    )
    deltas[-1] = GUARD
    shapes = ACTIVATION_TABLE.astype(dtype)
    given = [
        deltas, there, 0, step, weights, 0, apart, transposed, spare, ROWS, depth, 0, columns, hidden, 0,
        shapes[activation], shapes[IDENTITY],
    ]  # fmt: skip
    expected, actual = both("backward_input", given, 0)
    assert_allclose(actual, expected, rtol=RTOL[dtype], atol=10 * RTOL[dtype])
    assert actual[-1] == GUARD


@jit.kernel
def fill(numbers: Any, optimizer: int, decay: float, pull: float, t: int, clock: Any) -> None:
    set_clock(clock, optimizer, t, 3)
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
    real, step = matrix(dtype, ROWS, columns), DEPTH * panel_of(dtype)
    size, apart = real + 1, ROWS * panel_of(dtype)
    x, deltas, parameters = drawn(dtype, matrix(dtype, DEPTH, ROWS), matrix(dtype, DEPTH, columns), 4 * size)
    parameters = np.abs(parameters)  # second moments are not negative
    parameters[size - 1 :: size] = GUARD
    tiny = MOMENT * size + 3
    parameters[tiny] = TINY / 2
    deltas[3 : step : panel_of(dtype)] = 0
    numbers = numbers_of(optimizer, dtype, decay, pull, t, weighted=weighted)
    given = [x, 0, deltas, 0, step, DEPTH, parameters, size, 0, apart, ROWS, 0, columns, optimizer, numbers]
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
    size, panel, step = matrix(dtype, ROWS, columns), panel_of(dtype), DEPTH * panel_of(dtype)
    x, deltas, parameters = drawn(dtype, matrix(dtype, DEPTH, ROWS), matrix(dtype, DEPTH, columns), 3 * size)
    given = [x, 0, deltas, 0, step, DEPTH, np.abs(parameters), size, 0, ROWS * panel, rows, 0, columns, optimizer]
    expected, actual = both("update_weights", [*given, numbers_of(optimizer, dtype)], 6)
    place = np.arange(3 * size) % size
    row, column = place % (ROWS * panel) // panel, place // (ROWS * panel) * panel + place % panel
    real = (row < rows) & (column < columns)
    assert_allclose(actual[real], expected[real], rtol=RTOL[dtype], atol=RTOL[dtype])
    assert (actual[real] != given[6][real])[: rows * columns].all()


@pytest.mark.parametrize(("dtype", "columns"), CASES)
@pytest.mark.parametrize("optimizer", [SGD, ADAM])
def test_update_bias(dtype: str, columns: int, optimizer: int) -> None:
    size = rounded(columns, panel_of(dtype)) + 1
    deltas, parameters = drawn(dtype, matrix(dtype, DEPTH, columns), 3 * size)
    parameters = np.abs(parameters)
    parameters[size - 1 :: size] = GUARD
    step = DEPTH * panel_of(dtype)
    given = [deltas, 0, step, DEPTH, parameters, size, 0, 0, columns, optimizer, numbers_of(optimizer, dtype)]
    expected, actual = both("update_bias", given, 4)
    real = np.arange(3 * size) % size < columns
    assert_allclose(actual[real], expected[real], rtol=RTOL[dtype], atol=RTOL[dtype])
    assert (actual[size - 1 :: size] == GUARD).all()


@pytest.mark.parametrize(("dtype", "columns"), CASES)
def test_turn_moves_and_computes_nothing(dtype: str, columns: int) -> None:
    rows = widths(dtype)[1]
    out, x = drawn(dtype, rows * columns + 1, rows * columns)
    out[-1] = GUARD
    panel = panel_of(dtype)  # as far apart as panels are in whole rows
    given = [out, 0, rows, panel, x, 0, columns, panel, rows, columns]
    expected, actual = both("transpose", given, 0)
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


@pytest.mark.parametrize("dtype", DTYPES)
def test_squares_are_added_to_the_same_sums(dtype: str) -> None:
    [x], sums = drawn(dtype, 5 * N_SQUARES), np.arange(N_SQUARES, dtype=float)
    first, last = 7, 7 + 3 * N_SQUARES + 5
    plain, tiled = both("add_squares", [sums, x, first, last], 0)
    assert_array_equal(tiled, plain)
    squares = x[first:last].astype(float) ** 2
    assert_allclose(plain.sum() - sums.sum(), squares.sum(), rtol=1e-12)
    assert_allclose(plain[4] - 4, squares[4::N_SQUARES].sum(), rtol=1e-12)

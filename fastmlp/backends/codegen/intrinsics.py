"""Tiles as functions that jitted code can call.

Numba gives the arguments types, arrays among them; the body is LLVM IR. Vectors cannot cross such a boundary, so a tile
loads, computes and stores inside one intrinsic. The first argument is the `cpu.Tile` whose vectors are used. `at`
arguments are offsets into the array before them, in numbers. Matrices lie in panels, see `kernels.memory`: a tile reads
and writes inside of one, where a row is as long as the panel is wide, which is known when the code is built; `step`
arguments say how far apart the panels are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from ...registry import TINY
from ..coefficients import N_SQUARES
from . import epilogue
from .math import emit_exp, emit_gelu, emit_log, python_gelu
from .tile import Emitter, Operand, emit_loop, emit_panel_product, emit_product, emit_transpose, index
from .types import CACHE_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from .types import Tile

    Shape = Callable[[Tile], tuple[int, int]]

config: Any = numba.config
UNIT_STEP = index(1)
UNROLLED = 4  # steps of a wide tile: counting them takes instructions from its multiplications


def unrolled(rows: int, vectors: int) -> int:
    """Steps to emit one after the other: one in tiles for what is left over, which run less and are compiled too."""
    return UNROLLED if rows > 1 and vectors > 1 else 1


def wide_shape(tile: Tile) -> tuple[int, int]:
    """Rows and vectors of a tile that uses all registers."""
    return tile.rows, tile.vectors


def stored_shape(tile: Tile) -> tuple[int, int]:
    """Rows and vectors of a tile that ends in many stores."""
    return tile.rows, tile.stored


def narrow_shape(tile: Tile) -> tuple[int, int]:
    """Rows and vectors of a tile for the columns that are left over."""
    return tile.rows, 1


def row_shape(tile: Tile) -> tuple[int, int]:
    """One row as wide as a panel."""
    return 1, tile.vectors


def tile_function(emit: Callable[..., None], shape: Shape | None = None) -> Any:
    """Make an intrinsic of a function that emits instructions.

    Parameters
    ----------
    emit
        Gets an `Emitter`, then rows, vectors and the width of a panel if the tile has a shape, then the arguments of
        the call after the first, arrays as pointers to their data.
    shape
        Rows and vectors of the block, for the tile that the call names.
    """

    @intrinsic
    def function(_typing: Any, *kinds: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            (tile_type, *given_types), (_, *given) = signature.args[0], cgutils.unpack_tuple(builder, values[0])
            pointers = [
                context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
                for kind, value in zip(given_types, given, strict=True)
            ]
            number = next(kind.dtype for kind in given_types if isinstance(kind, types.Array))
            lanes, panel = tile_type.tile.lanes(as_dtype(number)), tile_type.tile.panel(as_dtype(number))
            block = (*shape(tile_type.tile), panel) if shape else ()
            _, _, features = context.codegen().magic_tuple()
            emit(Emitter(builder, context.get_value_type(number), lanes, features), *block, *pointers)
            return context.get_dummy_value()

        return types.void(types.StarArgTuple(kinds)), generate

    return function


def affine_tile(shape: Shape) -> Any:
    """max(x @ W + b, floor): starts from the bias, ends with the floor. If it has begun, it goes on from `out`."""

    def emit_affine(
        emit: Emitter, rows: int, vectors: int, panel: int, out: Any, out_at: Any, x: Any, x_at: Any, x_step: Any,
        weights: Any, weight_at: Any, parameters: Any, bias_at: Any, begun: Any, depth: Any, floor: Any,
    ) -> None:  # fmt: skip
        a, b, block = (
            Operand(emit.address(array, at), index(panel), UNIT_STEP)
            for array, at in ((x, x_at), (weights, weight_at), (out, out_at))
        )
        bias = epilogue.bias_accumulators(emit, rows, vectors, emit.address(parameters, bias_at))
        start = epilogue.continued(emit, bias, begun, block)
        sums = emit_panel_product(emit, a, b, depth, start, panel, x_step, unrolled(rows, vectors))
        epilogue.store_clamped(emit, sums, block, emit.splat(floor))

    return tile_function(emit_affine, shape)


def backward_input_tile(shape: Shape) -> Any:
    """(delta @ W.T) * slope(hidden): ends with the mask of the activation below. If it has begun, it goes on."""

    def emit_backward_input(
        emit: Emitter, rows: int, vectors: int, panel: int, deltas: Any, out_at: Any, delta_at: Any, delta_step: Any,
        weights: Any, weight_at: Any, begun: Any, depth: Any, hidden: Any, hidden_at: Any, activation_row: Any,
    ) -> None:  # fmt: skip
        a, b, block = (
            Operand(emit.address(array, at), index(panel), UNIT_STEP)
            for array, at in ((deltas, delta_at), (weights, weight_at), (deltas, out_at))
        )
        start = epilogue.continued(emit, epilogue.zero_accumulators(emit, rows, vectors), begun, block)
        sums = emit_panel_product(emit, a, b, depth, start, panel, delta_step, unrolled(rows, vectors))
        epilogue.store_times_slope(emit, sums, block, emit.address(hidden, hidden_at), activation_row)

    return tile_function(emit_backward_input, shape)


def update_weights_tile(optimizer: str, shape: Shape) -> Any:
    """x.T @ delta, which ends with the optimizer's step: the gradient never reaches memory.

    While it multiplies it asks for the parameters of the tiles below it, and for their moments, a line of each in a
    turn: all at once they would be in the way of what is multiplied.
    """

    def emit_update_weights(
        emit: Emitter, rows: int, vectors: int, panel: int, parameters: Any, at: Any, size: Any, x: Any, x_at: Any,
        deltas: Any, delta_at: Any, count: Any, coefficients: Any,
    ) -> None:  # fmt: skip
        a = Operand(emit.address(x, x_at), UNIT_STEP, index(panel))  # transposed: row r of A is column r of x
        b = Operand(emit.address(deltas, delta_at), index(panel), UNIT_STEP)
        following = emit.address(parameters, emit.plus(at, index(rows * panel)))

        def ask_ahead(turn: Any) -> None:
            place = emit.times(turn, index(CACHE_LINE // emit.bytes))
            for piece in range(epilogue.PIECES[optimizer]):
                emit.ask_for(emit.address(following, emit.times(index(piece), size)), place)

        zeros = epilogue.zero_accumulators(emit, rows, vectors)
        sums = emit_product(emit, a, b, count, zeros, unrolled(rows, vectors), ask_ahead)
        update = epilogue.Update(emit, emit.address(parameters, at), size, coefficients)
        update.apply(sums, index(panel), epilogue.STEPS[optimizer])

    return tile_function(emit_update_weights, shape)


def update_bias_tile(optimizer: str) -> Any:
    """Sum of delta's rows, which ends with the optimizer's step."""

    def emit_update_bias(
        emit: Emitter, rows: int, vectors: int, panel: int, parameters: Any, at: Any, size: Any, deltas: Any,
        delta_at: Any, count: Any, coefficients: Any,
    ) -> None:  # fmt: skip
        below = emit.address(deltas, delta_at)

        def add_row(k: Any, sums: list[Any]) -> list[Any]:
            row = emit.address(below, emit.times(k, index(panel)))
            return [emit.builder.fadd(total, emit.load(row, index(v * emit.lanes))) for v, total in enumerate(sums)]

        [start] = epilogue.zero_accumulators(emit, rows, vectors)
        sums = emit_loop(emit, count, start, add_row)
        update = epilogue.Update(emit, emit.address(parameters, at), size, coefficients)
        update.apply([sums], index(panel), epilogue.STEPS[optimizer])

    return tile_function(emit_update_bias, row_shape)


@tile_function
def copy_vectors(emit: Emitter, out: Any, out_at: Any, x: Any, x_at: Any, count: Any) -> None:
    """Copy numbers that lie side by side, a vector at a time, and what is left over one by one."""
    builder, to, source = emit.builder, emit.address(out, out_at), emit.address(x, x_at)
    vectors = builder.sdiv(count, index(emit.lanes))
    whole = emit.times(vectors, index(emit.lanes))

    def vector(k: Any, _carried: list[Any]) -> list[Any]:
        place = emit.times(k, index(emit.lanes))
        emit.store(emit.load(source, place), to, place)
        return []

    def number(k: Any, _carried: list[Any]) -> list[Any]:
        place = emit.plus(whole, k)
        builder.store(builder.load(emit.address(source, place)), emit.address(to, place))
        return []

    emit_loop(emit, vectors, [], vector)
    emit_loop(emit, emit.minus(count, whole), [], number)


@tile_function
def ask_for(emit: Emitter, x: Any, at: Any, count: Any) -> None:
    """Ask the memory for numbers that are needed soon."""
    line = index(CACHE_LINE // emit.bytes)

    def ask(k: Any, _carried: list[Any]) -> list[Any]:
        emit.ask_for(x, emit.plus(at, emit.times(k, line)))
        return []

    emit_loop(emit, emit.builder.sdiv(count, line), [], ask)


@tile_function
def add_squares_tile(emit: Emitter, sums: Any, x: Any, at: Any, blocks: Any) -> None:
    """Add the squares of blocks of N_SQUARES numbers, of any precision, to as many sums in double precision."""
    numbers = Emitter(emit.builder, x.type.pointee, emit.lanes)
    places = [index(place) for place in range(0, N_SQUARES, emit.lanes)]

    def block(k: Any, totals: list[Any]) -> list[Any]:
        begin = emit.plus(at, emit.times(k, index(N_SQUARES)))
        loaded = [numbers.load(x, emit.plus(begin, place)) for place in places]
        wide = [emit.builder.fpext(a, emit.kind) if numbers.kind != emit.kind else a for a in loaded]
        return [emit.fma(a, a, total) for a, total in zip(wide, totals, strict=True)]

    totals = emit_loop(emit, blocks, [emit.load(sums, place) for place in places], block)
    for place, total in zip(places, totals, strict=True):
        emit.store(total, sums, place)


@tile_function
def softmax_tile(
    emit: Emitter, z: Any, at: Any, step: Any, classes: Any, scale: Any, scratch: Any, scratch_at: Any
) -> None:
    """scale * softmax of a vector of examples, whose classes are `step` apart."""
    builder = emit.builder
    column = emit.address(z, at)

    def higher(c: Any, carried: list[Any]) -> list[Any]:
        logit = emit.load(column, emit.times(c, step))
        return [builder.select(builder.fcmp_ordered(">", logit, carried[0]), logit, carried[0])]

    [top] = emit_loop(emit, classes, [emit.load(column, index(0))], higher)

    def exponential(c: Any, carried: list[Any]) -> list[Any]:
        place = emit.times(c, step)
        e = emit_exp(emit, builder.fsub(emit.load(column, place), top))
        tiny = builder.fcmp_ordered("<", e, emit.constant(TINY))
        e = builder.select(tiny, emit.constant(0.0), e)  # else its products are denormal coefficients
        emit.store(e, column, place)
        return [builder.fadd(carried[0], e)]

    [total] = emit_loop(emit, classes, [emit.constant(0.0)], exponential)
    share = builder.fdiv(emit.splat(scale), total)

    def scaled(c: Any, _carried: list[Any]) -> list[Any]:
        place = emit.times(c, step)
        emit.store(builder.fmul(emit.load(column, place), share), column, place)
        return []

    emit_loop(emit, classes, [], scaled)
    emit.store(top, scratch, scratch_at)
    emit.store(emit_log(emit, total), scratch, emit.plus(scratch_at, step))


@tile_function
def _gelu_vectors(emit: Emitter, a: Any, at: Any, count: Any, shift: Any, exact: Any) -> None:
    """GELU in place of `count` numbers and of those that fill their last vector; their slopes go `shift` further on."""

    def vector(k: Any, _carried: list[Any]) -> list[Any]:
        place = emit.plus(at, emit.times(k, index(emit.lanes)))
        value, slope = emit_gelu(emit, emit.load(a, place), exact)
        emit.store(value, a, place)
        emit.store(slope, a, emit.plus(place, shift))
        return []

    emit_loop(emit, emit.builder.sdiv(emit.plus(count, index(emit.lanes - 1)), index(emit.lanes)), [], vector)


def _python_gelu_vectors(_tile: Tile, a: Any, at: int, count: int, shift: int, exact: bool) -> None:  # noqa: FBT001
    for k in range(at, at + count):
        a[k], a[k + shift] = python_gelu(a[k], exact)


# Called on every tile, that of plain loops too, whose vectors are one number long
gelu_vectors: Any = _python_gelu_vectors if config.DISABLE_JIT else _gelu_vectors


@tile_function
def transpose_tile(emit: Emitter, out: Any, out_at: Any, out_row: Any, x: Any, x_at: Any, x_row: Any) -> None:
    """Transpose one block as wide as a vector, in registers; rows are `out_row` and `x_row` numbers apart."""
    rows = [emit.load(emit.address(x, x_at), emit.times(index(i), x_row)) for i in range(emit.lanes)]
    for i, row in enumerate(emit_transpose(emit, rows)):
        emit.store(row, emit.address(out, out_at), emit.times(index(i), out_row))

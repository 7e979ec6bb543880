"""Tiles as functions that jitted code can call.

Numba types the arguments, arrays among them; the body is LLVM IR. Vectors cannot cross such a boundary, so a tile
loads, computes and stores inside one intrinsic. `at` arguments are offsets into the array before them, in numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..layout import TINY
from . import ends
from .elementary import emit_exp, emit_log
from .host import TILE
from .tiles import Emitter, Operand, emit_loop, emit_product, emit_transpose, index

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT_STEP = index(1)


def tile(emit: Callable[..., None]) -> Any:
    """Make an intrinsic of a function that emits instructions; it is handed arrays as pointers to their data."""

    @intrinsic
    def function(_typing: Any, *kinds: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            given = zip(signature.args[0], cgutils.unpack_tuple(builder, values[0]), strict=True)
            pointers = [
                context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
                for kind, value in given
            ]
            number = next(kind.dtype for kind in signature.args[0] if isinstance(kind, types.Array))
            lanes = TILE.vector_bytes * 8 // number.bitwidth
            emit(Emitter(builder, context.get_value_type(number), lanes), *pointers)
            return context.get_dummy_value()

        return types.void(types.StarArgTuple(kinds)), generate

    return function


def affine_tile(rows: int, vectors: int) -> Any:
    """max(x @ W + b, floor): starts from the bias, ends with the floor."""

    @tile
    def emit_affine(
        emit: Emitter, out: Any, out_at: Any, out_step: Any, x: Any, x_at: Any, x_step: Any, weights: Any,
        weight_at: Any, parameters: Any, bias_at: Any, depth: Any, floor: Any,
    ) -> None:  # fmt: skip
        a = Operand(emit.address(x, x_at), x_step, UNIT_STEP)
        b = Operand(emit.address(weights, weight_at), out_step, UNIT_STEP)
        start = ends.bias(emit, rows, vectors, emit.address(parameters, bias_at))
        sums = emit_product(emit, a, b, depth, start)
        ends.store_above(emit, sums, Operand(emit.address(out, out_at), out_step, UNIT_STEP), emit.spread(floor))

    return emit_affine


def pull_back_tile(rows: int, vectors: int) -> Any:
    """(delta @ W.T) * slope(hidden): ends with the mask of the activation below."""

    @tile
    def emit_pull_back(
        emit: Emitter, deltas: Any, there: Any, there_step: Any, here: Any, here_step: Any, turned: Any,
        turned_at: Any, depth: Any, hidden: Any, hidden_at: Any, shape: Any,
    ) -> None:  # fmt: skip
        a = Operand(emit.address(deltas, here), here_step, UNIT_STEP)
        b = Operand(emit.address(turned, turned_at), there_step, UNIT_STEP)
        sums = emit_product(emit, a, b, depth, ends.zeros(emit, rows, vectors))
        out = Operand(emit.address(deltas, there), there_step, UNIT_STEP)
        ends.store_masked(emit, sums, out, emit.address(hidden, hidden_at), shape)

    return emit_pull_back


def descend_tile(optimizer: str, rows: int, vectors: int) -> Any:
    """x.T @ delta, which ends with the optimiser's step: the gradient never reaches memory."""

    @tile
    def emit_descend(
        emit: Emitter, parameters: Any, at: Any, step: Any, size: Any, x: Any, x_at: Any, x_step: Any, deltas: Any,
        here: Any, count: Any, numbers: Any,
    ) -> None:  # fmt: skip
        a = Operand(emit.address(x, x_at), UNIT_STEP, x_step)  # transposed: row r of A is column r of x
        b = Operand(emit.address(deltas, here), step, UNIT_STEP)
        sums = emit_product(emit, a, b, count, ends.zeros(emit, rows, vectors))
        update = ends.Update(emit, emit.address(parameters, at), size, numbers)
        update.apply(sums, step, ends.STEPS[optimizer])

    return emit_descend


@tile
def softmax_tile(emit: Emitter, z: Any, at: Any, step: Any, classes: Any, scale: Any, row: Any, row_at: Any) -> None:
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
        e = builder.select(tiny, emit.constant(0.0), e)  # else its products are denormal numbers
        emit.store(e, column, place)
        return [builder.fadd(carried[0], e)]

    [total] = emit_loop(emit, classes, [emit.constant(0.0)], exponential)
    share = builder.fdiv(emit.spread(scale), total)

    def scaled(c: Any, _carried: list[Any]) -> list[Any]:
        place = emit.times(c, step)
        emit.store(builder.fmul(emit.load(column, place), share), column, place)
        return []

    emit_loop(emit, classes, [], scaled)
    emit.store(top, row, row_at)
    emit.store(emit_log(emit, total), row, emit.plus(row_at, step))


@tile
def turn_tile(emit: Emitter, out: Any, out_at: Any, out_step: Any, x: Any, x_at: Any, x_step: Any) -> None:
    """Transpose one block as wide as a vector, in registers."""
    rows = [emit.load(emit.address(x, x_at), emit.times(index(i), x_step)) for i in range(emit.lanes)]
    for i, row in enumerate(emit_transpose(emit, rows)):
        emit.store(row, emit.address(out, out_at), emit.times(index(i), out_step))

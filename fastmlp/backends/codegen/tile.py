"""The register tile, written as LLVM IR: one loop over the depth of a product that never leaves the registers.

For each k it loads VECTORS vectors of B, broadcasts one number of A per row, and fuses them into ROWS x VECTORS
accumulators::

    acc[r][v] += A[r, k] * B[k, v]

The caller decides what the accumulators start from and what becomes of them at the end, see `epilogue`: everything
that needs the result while it is in registers is done there, before the one store. README.md explains this at length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir

from .math import Arithmetic

INDEX = ir.IntType(64)


class Operand(NamedTuple):
    """A matrix in memory: where it begins and how far apart its rows and its columns are, in numbers."""

    pointer: Any
    row_step: Any
    column_step: Any


class Emitter(Arithmetic):
    """Emit instructions on vectors, and what a tile needs besides arithmetic: addresses, loads and stores.

    Addresses are made with GEP only: LLVM 22 miscompiles round trips through integers.

    Parameters
    ----------
    builder
        Where the instructions go.
    number
        The LLVM type of a number, and `lanes` how many there are in a vector.
    features
        Of the processor, as LLVM calls them.
    """

    def __init__(self, builder: Any, number: Any, lanes: int, features: str = "") -> None:
        super().__init__(builder, ir.VectorType(number, lanes))
        self.number = number
        self.bytes = self.format.bits // 8
        self.has_estimates = "+avx512f" in features.split(",") and self.name == "v8f64"

    def sqrt(self, a: Any) -> Any:
        """Square root of what is not negative, by whatever leaves the most room for other work."""
        return self.refined_sqrt(a) if self.has_estimates else super().sqrt(a)

    def ratio(self, a: Any, b: Any, *, refined: bool) -> Any:
        """a / b, by the divider or, if it can be, by an estimate that is refined."""
        return self.refined_ratio(a, b) if refined and self.has_estimates else self.builder.fdiv(a, b)

    def address(self, pointer: Any, offset: Any) -> Any:
        """Where the number at an offset lies."""
        return self.builder.gep(pointer, [offset])

    def load(self, pointer: Any, offset: Any) -> Any:
        """Load a vector. The address need not be a multiple of its size, though aligned buffers are faster."""
        return self.builder.load(self._vector_at(pointer, offset), align=self.bytes)

    def store(self, value: Any, pointer: Any, offset: Any) -> None:
        """Store a vector."""
        self.builder.store(value, self._vector_at(pointer, offset), align=self.bytes)

    def ask_for(self, pointer: Any, offset: Any) -> None:
        """Ask the memory for the line of a number, which may lie outside of the array, for the second-level cache."""
        module, whole = self.builder.module, ir.IntType(32)
        byte = ir.IntType(8).as_pointer()
        signature = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        function = module.globals.get("llvm.prefetch.p0") or ir.Function(module, signature, "llvm.prefetch.p0")
        place = self.builder.bitcast(self.address(pointer, offset), byte)
        self.builder.call(function, [place, *(ir.Constant(whole, number) for number in (0, 2, 1))])  # read, level, data

    def broadcast(self, pointer: Any, offset: Any) -> Any:
        """One number from memory, in every lane."""
        return self.splat(self.builder.load(self.address(pointer, offset), align=self.bytes))

    def splat(self, number: Any) -> Any:
        """Put one number in every lane."""
        empty = ir.Constant(self.kind, ir.Undefined)
        first = self.builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None)
        return self.builder.shuffle_vector(first, empty, zeros)

    def differs(self, vector: Any, number: float) -> Any:
        """Whether the number in every lane of a vector differs from this one, as a condition to branch on."""
        first = self.builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))
        return self.builder.fcmp_ordered("!=", first, ir.Constant(self.number, number))

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        """Lanes of a and b: lane i of b is number `lanes` + i."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def _vector_at(self, pointer: Any, offset: Any) -> Any:
        # LLVM's pointers have no type any more; llvmlite's still do.
        return self.builder.bitcast(self.address(pointer, offset), self.kind.as_pointer())

    def either(self, *ways: tuple[Any, Any]) -> Any:
        """A vector that depends on the block from which this one was entered: pairs of a vector and a block."""
        phi = self.builder.phi(self.kind)
        for value, block in ways:
            phi.add_incoming(value, block)
        return phi

    def times(self, a: Any, b: Any) -> Any:
        """Product of two indices."""
        return self.builder.mul(a, b, flags=["nsw"])

    def plus(self, a: Any, b: Any) -> Any:
        """Sum of two indices."""
        return self.builder.add(a, b, flags=["nsw"])

    def minus(self, a: Any, b: Any) -> Any:
        """Difference of two indices."""
        return self.builder.sub(a, b, flags=["nsw"])


def index(value: int) -> Any:
    """An index known when the code is built."""
    return ir.Constant(INDEX, value)


def emit_loop(emit: Emitter, count: Any, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """Emit a loop, `k` from 0 to `count` - 1, which may be no iteration at all.

    Parameters
    ----------
    carried
        Vectors before the first iteration. In the loop they are phi nodes: one value when the block is entered
        from above, another when the loop comes back to it. That is how LLVM says "stays in a register".
    body
        Emits an iteration, given k and the carried vectors; returns them as the next iteration gets them. It may emit
        loops of its own.

    Returns
    -------
    The carried vectors after the last iteration.
    """
    builder = emit.builder
    before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", count, index(0)), loop, after)
    builder.position_at_end(loop)
    k, values = builder.phi(INDEX), [builder.phi(emit.kind) for _ in carried]
    following_values = body(k, values)
    following, end = emit.plus(k, index(1)), builder.block
    for phi, first, later in zip([k, *values], [index(0), *carried], [following, *following_values], strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(later, end)
    branch = builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    branch.set_metadata("llvm.loop", _not_unrolled(builder.module))
    builder.position_at_end(after)
    return [emit.either((first, before), (later, end)) for first, later in zip(carried, following_values, strict=True)]


def _not_unrolled(module: Any) -> Any:
    """Metadata that keep LLVM from unrolling a loop, whose body is large enough: half the code, and 1 % faster.

    What describes a loop must name itself first, for then LLVM does not merge it with another loop's.
    """
    wish = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    loop = ir.MDValue(module, [], name=str(len(module.metadata)))
    loop.operands = (loop, wish)
    return loop


def emit_product(
    emit: Emitter,
    a: Operand,
    b: Operand,
    depth: Any,
    start: list[list[Any]],
    unrolled: int = 1,
    each_turn: Callable[[Any], None] | None = None,
) -> list[list[Any]]:
    """Emit the loop: start[r][v] + sum over k < depth of A[r, k] * B[k, v].

    Parameters
    ----------
    a
        (rows, depth); one number per row is broadcast.
    b
        (depth, columns), its columns side by side.
    depth
        Where it is 0, the result is the start.
    start
        What the accumulators hold before the loop, rows by vectors.
    unrolled
        Iterations that are emitted one after the other: a power of two. What is left over has a loop of its own.
    each_turn
        Emits what else is done in each turn of several iterations, given its number.
    """
    vectors = len(start[0])

    def iteration(a_at: Any, b_at: Any, sums: list[Any]) -> list[Any]:
        loaded = [emit.load(b_at, index(v * emit.lanes)) for v in range(vectors)]
        following = []
        for r in range(len(start)):
            number = emit.broadcast(a_at, emit.times(index(r), a.row_step))
            following += [emit.fma(number, loaded[v], sums[r * vectors + v]) for v in range(vectors)]
        return following

    def place(k: Any) -> tuple[Any, Any]:
        along, down = emit.times(k, a.column_step), emit.times(k, b.row_step)
        return emit.address(a.pointer, along), emit.address(b.pointer, down)

    def several(k: Any, sums: list[Any]) -> list[Any]:
        a_at, b_at = place(emit.times(k, index(unrolled)))
        if each_turn is not None:
            each_turn(k)
        for i in range(unrolled):
            here = emit.times(index(i), a.column_step), emit.times(index(i), b.row_step)
            sums = iteration(emit.address(a_at, here[0]), emit.address(b_at, here[1]), sums)
        return sums

    def one(k: Any, sums: list[Any]) -> list[Any]:
        return iteration(*place(emit.plus(whole, k)), sums)

    flat = [total for row in start for total in row]
    whole = index(0)
    if unrolled > 1:
        turns = emit.builder.sdiv(depth, index(unrolled))
        whole = emit.times(turns, index(unrolled))
        flat = emit_loop(emit, turns, flat, several)
    flat = emit_loop(emit, emit.minus(depth, whole), flat, one)
    return [flat[at : at + vectors] for at in range(0, len(flat), vectors)]


def emit_panel_product(
    emit: Emitter, a: Operand, b: Operand, depth: Any, start: list[list[Any]], panel: int, step: Any, unrolled: int
) -> list[list[Any]]:
    """Emit a product whose A lies in panels of `panel` columns, `step` numbers apart; see `emit_product`."""
    vectors = len(start[0])

    def one_panel(p: Any, sums: list[Any]) -> list[Any]:
        first = emit.times(p, index(panel))
        left = emit.minus(depth, first)
        count = emit.builder.select(emit.builder.icmp_signed("<", left, index(panel)), left, index(panel))
        here = a._replace(pointer=emit.address(a.pointer, emit.times(p, step)))
        there = b._replace(pointer=emit.address(b.pointer, emit.times(first, b.row_step)))
        rows = [sums[at : at + vectors] for at in range(0, len(sums), vectors)]
        return [total for row in emit_product(emit, here, there, count, rows, unrolled) for total in row]

    panels = emit.builder.sdiv(emit.plus(depth, index(panel - 1)), index(panel))
    flat = emit_loop(emit, panels, [total for row in start for total in row], one_panel)
    return [flat[at : at + vectors] for at in range(0, len(flat), vectors)]


def emit_transpose(emit: Emitter, rows: list[Any]) -> list[Any]:
    """Transpose as many vectors as they have lanes, by exchanging ever smaller blocks off the diagonal."""
    rows, lanes = list(rows), range(emit.lanes)
    size = emit.lanes // 2
    while size:
        for i in lanes:
            if not i & size:
                a, b = rows[i], rows[i + size]
                rows[i] = emit.shuffle(a, b, [j if not j & size else emit.lanes + j - size for j in lanes])
                rows[i + size] = emit.shuffle(a, b, [j + size if not j & size else emit.lanes + j for j in lanes])
        size //= 2
    return rows

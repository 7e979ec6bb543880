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
    """

    def __init__(self, builder: Any, number: Any, lanes: int) -> None:
        super().__init__(builder, ir.VectorType(number, lanes))
        self.number = number
        self.bytes = self.format.bits // 8

    def address(self, pointer: Any, offset: Any) -> Any:
        """Where the number at an offset lies."""
        return self.builder.gep(pointer, [offset])

    def load(self, pointer: Any, offset: Any) -> Any:
        """Load a vector. The address need not be a multiple of its size, though aligned buffers are faster."""
        return self.builder.load(self._vector_at(pointer, offset), align=self.bytes)

    def store(self, value: Any, pointer: Any, offset: Any) -> None:
        """Store a vector."""
        self.builder.store(value, self._vector_at(pointer, offset), align=self.bytes)

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

    def times(self, a: Any, b: Any) -> Any:
        """Product of two indices."""
        return self.builder.mul(a, b, flags=["nsw"])

    def plus(self, a: Any, b: Any) -> Any:
        """Sum of two indices."""
        return self.builder.add(a, b, flags=["nsw"])


def index(value: int) -> Any:
    """An index known when the code is built."""
    return ir.Constant(INDEX, value)


def emit_loop(emit: Emitter, count: Any, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """Emit a loop of at least one iteration, `k` from 0 to `count` - 1.

    Parameters
    ----------
    carried
        Vectors before the first iteration. In the loop they are phi nodes: one value when the block is entered
        from above, another when the loop comes back to it. That is how LLVM says "stays in a register".
    body
        Emits an iteration, given k and the carried vectors; returns them as the next iteration gets them.

    Returns
    -------
    The carried vectors after the last iteration.
    """
    builder = emit.builder
    before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    k, values = builder.phi(INDEX), [builder.phi(emit.kind) for _ in carried]
    following_values = body(k, values)
    following = emit.plus(k, index(1))
    for phi, first, later in zip([k, *values], [index(0), *carried], [following, *following_values], strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(later, loop)
    branch = builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
    branch.set_metadata("llvm.loop", _not_unrolled(builder.module))
    builder.position_at_end(after)
    return following_values


def _not_unrolled(module: Any) -> Any:
    """Metadata that keep LLVM from unrolling a loop, whose body is large enough: half the code, and 1 % faster.

    What describes a loop must name itself first, for then LLVM does not merge it with another loop's.
    """
    wish = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    loop = ir.MDValue(module, [], name=str(len(module.metadata)))
    loop.operands = (loop, wish)
    return loop


def emit_product(emit: Emitter, a: Operand, b: Operand, depth: Any, start: list[list[Any]]) -> list[list[Any]]:
    """Emit the loop: start[r][v] + sum over k < depth of A[r, k] * B[k, v].

    Parameters
    ----------
    a
        (rows, depth); one number per row is broadcast.
    b
        (depth, columns), its columns side by side.
    depth
        At least 1.
    start
        What the accumulators hold before the loop, rows by vectors.
    """
    vectors = len(start[0])

    def iteration(k: Any, sums: list[Any]) -> list[Any]:
        row = emit.times(k, b.row_step)
        loaded = [emit.load(b.pointer, emit.plus(row, index(v * emit.lanes))) for v in range(vectors)]
        along = emit.times(k, a.column_step)
        following = []
        for r in range(len(start)):
            number = emit.broadcast(a.pointer, emit.plus(along, emit.times(index(r), a.row_step)))
            following += [emit.fma(number, loaded[v], sums[r * vectors + v]) for v in range(vectors)]
        return following

    flat = emit_loop(emit, depth, [total for row in start for total in row], iteration)
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

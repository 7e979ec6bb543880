"""Prologues and epilogues of a tile: what starts the accumulators, and what is done with the result in registers.

Each saves a pass over memory; README.md has the measured gain of each.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ...registry import BETA1, BETA2
from ..coefficients import (
    AHEAD,
    BARE,
    DECAY,
    FLOOR,
    GUARD,
    KEEP,
    LEAST,
    MOMENTUM,
    NEW1,
    NEW2,
    NUDGE,
    OLD1,
    OLD2,
    S0,
    S1,
    S2,
    SHRINK,
    STEP,
)
from .tile import Emitter, Operand, emit_loop, index


def zero_accumulators(emit: Emitter, rows: int, vectors: int) -> list[list[Any]]:
    """Accumulators that start from zero."""
    return [[emit.constant(0.0)] * vectors for _ in range(rows)]


def bias_accumulators(emit: Emitter, rows: int, vectors: int, pointer: Any) -> list[list[Any]]:
    """Accumulators that start from the bias, the same in every row."""
    return [[emit.load(pointer, index(v * emit.lanes)) for v in range(vectors)]] * rows


def continued(emit: Emitter, start: list[list[Any]], begun: Any, out: Operand) -> list[list[Any]]:
    """Accumulators that start from `start`, or, if `begun` is not 0, from the sum of earlier terms, stored in `out`."""
    builder, vectors = emit.builder, len(start[0])
    before = builder.block
    with builder.if_then(builder.icmp_signed("!=", begun, index(0)), likely=False):
        stored = [emit.load(out.pointer, at) for at, _ in accumulator_offsets(emit, start, out.row_step)]
        inside = builder.block
    fresh = [total for row in start for total in row]
    flat = [emit.either((new, before), (old, inside)) for new, old in zip(fresh, stored, strict=True)]
    return [flat[at : at + vectors] for at in range(0, len(flat), vectors)]


def store_clamped(emit: Emitter, sums: list[list[Any]], out: Operand, floor: Any) -> None:
    """Store max(sum, floor): ReLU with floor 0, nothing with floor -inf. Written so that a NaN stays."""
    for at, total in accumulator_offsets(emit, sums, out.row_step):
        below = emit.builder.fcmp_ordered("<", total, floor)
        emit.store(emit.builder.select(below, floor, total), out.pointer, at)


def store_times_slope(emit: Emitter, sums: list[list[Any]], out: Operand, hidden: Any, activation_row: Any) -> None:
    """Store sum * slope, the slope of the activation being a polynomial in its value; see `coefficients`.

    Where the slope is 1 or 0, for ReLU, there is nothing to multiply: three operations fewer per vector. Where it is 1,
    as for the sum of some of the terms, nothing is read either, which may be far.
    """
    builder, where = emit.builder, accumulator_offsets(emit, sums, out.row_step)
    floor, s0, s1, s2 = (emit.broadcast(activation_row, index(place)) for place in (FLOOR, S0, S1, S2))

    def store(at: Any, value: Any, a: Any) -> None:
        above = builder.fcmp_ordered(">", a, floor)
        emit.store(builder.select(above, value, emit.constant(0.0)), out.pointer, at)

    smooth = builder.or_(emit.differs(s1, 0.0), emit.differs(s2, 0.0))
    with builder.if_else(smooth, likely=False) as (then, otherwise):
        with then:
            for at, total in where:
                a = emit.load(hidden, at)
                store(at, builder.fmul(total, emit.fma(a, emit.fma(a, s2, s1), s0)), a)
        with otherwise, builder.if_else(emit.differs(floor, -math.inf), likely=True) as (clamped, identity):
            with clamped:
                for at, total in where:
                    store(at, total, emit.load(hidden, at))
            with identity:
                for at, total in where:
                    emit.store(total, out.pointer, at)


def accumulator_offsets(emit: Emitter, sums: list[list[Any]], row_step: Any) -> list[tuple[Any, Any]]:
    """Every accumulator with its offset in a matrix whose rows are `row_step` apart."""
    return [
        (emit.plus(emit.times(index(r), row_step), index(v * emit.lanes)), total)
        for r, row in enumerate(sums)
        for v, total in enumerate(row)
    ]


BY_DIVIDER = 3  # of so many ratios all but one; then the divider has as much to do as what multiplies


class Update:
    """The optimizer's step, in place of storing the gradient.

    Parameters
    ----------
    emit
        Where the instructions go.
    pointer
        The first parameter of the tile. Its moments and its anchor lie `size`, 2 `size` and 3 `size` further on.
    size
        Length of a padded parameter vector.
    coefficients
        What `kernels.optimizer.set_coefficients` filled in.
    """

    def __init__(self, emit: Emitter, pointer: Any, size: Any, coefficients: Any) -> None:
        self.emit, self.builder = emit, emit.builder
        self.rows = [emit.address(pointer, emit.times(index(row), size)) for row in range(4)]
        self.coefficients = coefficients
        self.coefficient = [self.broadcast(place) for place in range(OLD1)]
        self.ratios = 0

    def apply(self, sums: list[list[Any]], row_step: Any, step: Any) -> None:
        """Update every parameter of the tile by its sum; `step` is `sgd` or `adam`.

        A bare step is the rule itself and nothing else; most steps are bare. The pull has a branch of its own, because
        the anchor's memory exists only if there is one.
        """
        emit, builder, where = self.emit, self.builder, accumulator_offsets(self.emit, sums, row_step)
        with builder.if_else(emit.differs(self.coefficient[BARE], 0.0), likely=True) as (then, otherwise):
            with then:
                for at, gradient in where:
                    emit.store(step(self, gradient, at, bare=True), self.rows[0], at)
            with otherwise:
                # Loaded here, so that a bare step does not keep them in registers; and not where they are used, for
                # the compiler must take it that a store may have changed them.
                self.averages = [self.broadcast(place) for place in (OLD1, NEW1, OLD2, NEW2)]
                self.moves = [self.broadcast(place) for place in (AHEAD, NUDGE)]
                for at, gradient in where:
                    emit.store(step(self, gradient, at, bare=False), self.rows[0], at)
                with builder.if_then(emit.differs(self.coefficient[SHRINK], 1.0)):
                    emit_loop(emit, index(len(sums)), [], partial(self.pull_row, row_step, len(sums[0])))

    def sgd(self, gradient: Any, at: Any, *, bare: bool) -> Any:
        """v = momentum v - rate g; p += v, or Nesterov's AHEAD v + NUDGE g, which is never bare."""
        emit, builder = self.emit, self.builder
        p = emit.load(self.rows[0], at)
        g = gradient if bare else emit.fma(self.coefficient[DECAY], p, gradient)
        v = emit.fma(self.coefficient[STEP], g, builder.fmul(self.coefficient[MOMENTUM], emit.load(self.rows[1], at)))
        v = v if bare else self.flush(v)
        emit.store(v, self.rows[1], at)
        return builder.fadd(p, v if bare else self.ahead(v, g))

    def adam(self, gradient: Any, at: Any, *, bare: bool) -> Any:
        """Kingma & Ba's algorithm 1, its corrections in STEP and GUARD; adamw's decay is in KEEP."""
        emit, builder = self.emit, self.builder
        p = emit.load(self.rows[0], at)
        g = emit.fma(self.coefficient[DECAY], p, gradient)  # in a bare step too, so that one with a penalty is bare
        m, v, square = emit.load(self.rows[1], at), emit.load(self.rows[2], at), builder.fmul(g, g)
        whole = [emit.constant(share) for share in (BETA1, 1 - BETA1, BETA2, 1 - BETA2)]
        old1, new1, old2, new2 = whole if bare else self.averages
        m, v = self.mean(m, g, old1, new1), self.mean(v, square, old2, new2)
        if not bare:
            m, v, p = self.flush(m), self.flush(v), builder.fmul(self.coefficient[KEEP], p)
        emit.store(m, self.rows[1], at)
        emit.store(v, self.rows[2], at)
        self.ratios += 1
        root, refined = emit.sqrt(v), self.ratios % BY_DIVIDER == 0
        share = emit.ratio(m, builder.fadd(root, self.coefficient[GUARD]), refined=refined)
        return emit.fma(self.coefficient[STEP], share, p)

    def ahead(self, v: Any, g: Any) -> Any:
        """AHEAD v + NUDGE g, which is v to the bit if AHEAD is 1 and NUDGE is 0."""
        ahead, nudge = self.moves
        return self.emit.fma(ahead, v, self.builder.fmul(nudge, g))

    def mean(self, average: Any, number: Any, old: Any, new: Any) -> Any:
        """old * average + new * number."""
        return self.emit.fma(new, number, self.builder.fmul(old, average))

    def broadcast(self, place: int) -> Any:
        """A coefficient, in every lane."""
        return self.emit.broadcast(self.coefficients, index(place))

    def flush(self, moment: Any) -> Any:
        """Zero if tiny."""
        tiny = self.builder.fcmp_ordered("<", self.emit.absolute(moment), self.coefficient[LEAST])
        return self.builder.select(tiny, self.emit.constant(0.0), moment)

    def pull_row(self, row_step: Any, vectors: int, r: Any, _carried: list[Any]) -> list[Any]:
        """Pull row r of the tile, which is in memory again, towards the anchor."""
        emit = self.emit
        for v in range(vectors):
            at = emit.plus(emit.times(r, row_step), index(v * emit.lanes))
            emit.store(self.pull(at), self.rows[0], at)
        return []

    def pull(self, at: Any) -> Any:
        """anchor + shrink (p - anchor)."""
        p, anchor = (self.emit.load(self.rows[row], at) for row in (0, 3))
        return self.emit.fma(self.coefficient[SHRINK], self.builder.fsub(p, anchor), anchor)


PIECES = {"sgd": 2, "adam": 3}  # what an update reads and writes: parameters and moments
STEPS = {"sgd": Update.sgd, "adam": Update.adam}

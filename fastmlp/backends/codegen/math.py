"""exp, log, tanh, the logistic function and GELU without a call to libm.

A call cannot be vectorised, and numba's vector library is gone since 0.62, so the functions are written as LLVM
instructions. `builder` code here takes a scalar or a vector alike: called with a scalar inside a plain loop, LLVM
vectorises the loop.

exp(x) = 2**k * exp(r) with k the integer nearest to x / ln 2, so that abs(r) <= ln(2) / 2 and a short Taylor
polynomial is exact to the last bits. 2**k is made by writing k into the exponent's bits. (Muller, *Elementary
Functions*, 3rd edition, chapters 3 and 11.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic


class Format(NamedTuple):
    """What the functions need to know about a floating-point format."""

    bits: int
    mantissa: int  # explicit bits
    bias: int
    ln2_high: float  # ends in zeros, so that k * ln2_high is exact (Cody & Waite)
    ln2_low: float  # ln 2 - ln2_high, to all digits
    degree: int  # of exp's polynomial: the next term is below half a unit in the last place
    terms: int  # of log's series, likewise


SINGLE = Format(32, 23, 127, 0.693359375, -2.12194440054690583e-4, 7, 6)
DOUBLE = Format(64, 52, 1023, 0.693145751953125, 1.42860682030941723e-6, 13, 12)


# erfcx(x) / t as a polynomial in 2 t - 1 with t = 3 / (3 + x): Chebyshev's interpolation of `scipy.special.erfcx` in 61
# points, cut where the next term is below half a unit in the last place of the format
# fmt: off
ERFCX = {
    32: (
        0.3580023041, 0.2944648151, 0.1967426585, 0.1034891631,
        0.03984410023, 0.008941790038, -0.0004107903471, -0.001009141486,
        -0.0001692835263, 8.832780724e-05, 2.260987858e-05, -6.551970178e-06,
    ),
    64: (
        0.35800230236278, 0.294464817723294, 0.19674278570137446, 0.10348908730026381,
        0.03984258709542052, 0.008942411539178024, -0.00040413887035937904, -0.0010113539691651175,
        -0.00018276993931289057, 9.225905583970494e-05, 3.5854021858365696e-05, -1.0131744834236182e-05,
        -5.824089062669763e-06, 1.5804253325944311e-06, 9.229188565741283e-07, -3.283353679925306e-07,
        -1.375196536080437e-07, 7.265523230637418e-08, 1.6787879274438356e-08, -1.3265003327362815e-08,
        -1.2118217660183207e-09, 1.357270520197054e-09,
    ),
}
# fmt: on


class Arithmetic:
    """Emit arithmetic on one type, a float or a vector of them.

    Parameters
    ----------
    builder
        Where the instructions go.
    kind
        The LLVM type.
    """

    def __init__(self, builder: Any, kind: Any) -> None:
        self.builder, self.kind = builder, kind
        self.lanes = kind.count if isinstance(kind, ir.VectorType) else 0
        scalar = kind.element if self.lanes else kind
        self.format = DOUBLE if isinstance(scalar, ir.DoubleType) else SINGLE
        self.name = f"{f'v{self.lanes}' if self.lanes else ''}f{self.format.bits}"
        whole = ir.IntType(self.format.bits)
        self.whole = ir.VectorType(whole, self.lanes) if self.lanes else whole

    def constant(self, value: float) -> Any:
        """A float, in every lane."""
        return ir.Constant(self.kind, [value] * self.lanes if self.lanes else value)

    def integer(self, value: int) -> Any:
        """An integer of the same width, in every lane."""
        return ir.Constant(self.whole, [value] * self.lanes if self.lanes else value)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, rounded once where the machine can. Declared by name: llvmlite does not know vector types."""
        return self._call("fmuladd", a, b, c)

    def sqrt(self, a: Any) -> Any:
        """Square root."""
        return self._call("sqrt", a)

    def refined_sqrt(self, a: Any) -> Any:
        """Square root of eight float64 that are not negative, by AVX-512's estimate; zero where it is below 1e-150.

        One instruction has it too, but occupies the divider for 24 cycles, where these take eight of what multiplies.
        Each step of Goldschmidt's doubles the 14 bits that are right, and the remainder at the end rounds as the
        instruction does: all bits are the same, but for one number in 2**50 or so, and for infinity, which has no
        estimate. (Markstein, *Software division and square root using Goldschmidt's algorithms*, 2004.)
        """
        builder, half = self.builder, self.constant(0.5)
        estimate = self._estimate("rsqrt14", a)
        root, inverse = builder.fmul(a, estimate), builder.fmul(half, estimate)  # of a, and of 4 a
        for _ in range(2):
            rest = self.fma(builder.fneg(root), inverse, half)
            root, inverse = self.fma(root, rest, root), self.fma(inverse, rest, inverse)
        root = self.fma(self.fma(builder.fneg(root), root, a), inverse, root)
        return builder.select(builder.fcmp_ordered("<", a, self.constant(1e-300)), self.constant(0.0), root)

    def refined_ratio(self, a: Any, b: Any) -> Any:
        """a / b of eight float64, likewise: Newton's steps towards 1 / b, and the remainder. b is normal and finite."""
        inverse, below = self._estimate("rcp14", b), self.builder.fneg(b)
        for _ in range(2):
            inverse = self.fma(inverse, self.fma(below, inverse, self.constant(1.0)), inverse)
        ratio = self.builder.fmul(a, inverse)
        return self.fma(self.fma(below, ratio, a), inverse, ratio)

    def absolute(self, a: Any) -> Any:
        """Absolute value."""
        return self._call("fabs", a)

    def horner(self, coefficients: Sequence[float], x: Any) -> Any:
        """The polynomial c[0] + c[1] x + c[2] x**2 ..."""
        value = self.constant(coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            value = self.fma(value, x, self.constant(coefficient))
        return value

    def at_least(self, x: Any, bound: float) -> Any:
        """x, or the bound if x is below it. A NaN stays, which maxnum would not keep."""
        floor = self.constant(bound)
        return self.builder.select(self.builder.fcmp_ordered("<", x, floor), floor, x)

    def at_most(self, x: Any, bound: float) -> Any:
        """x, or the bound if x is above it. A NaN stays."""
        ceiling = self.constant(bound)
        return self.builder.select(self.builder.fcmp_ordered(">", x, ceiling), ceiling, x)

    def _estimate(self, operation: str, a: Any) -> Any:
        """An inverse, to 14 bits."""
        everywhere = ir.Constant(ir.IntType(8), -1)
        return self._declared(f"llvm.x86.avx512.{operation}.pd.512", a, self.constant(0.0), everywhere)

    def _call(self, operation: str, *operands: Any) -> Any:
        return self._declared(f"llvm.{operation}.{self.name}", *operands)

    def _declared(self, name: str, *operands: Any) -> Any:
        signature = ir.FunctionType(self.kind, [operand.type for operand in operands])
        module = self.builder.module
        function = module.globals.get(name) or ir.Function(module, signature, name)
        return self.builder.call(function, operands)


def _reduced(values: Arithmetic, x: Any) -> tuple[Any, Any]:
    """2**k and exp(r) - 1, with x = k ln 2 + r."""
    builder, form = values.builder, values.format
    # Adding 1.5 * 2**mantissa pushes the fraction out: what remains in the low bits is k. No conversion to an integer,
    # which would be undefined for a NaN.
    magic = values.constant(1.5 * 2.0**form.mantissa)
    shifted = values.fma(x, values.constant(1 / math.log(2)), magic)
    k = builder.fsub(shifted, magic)
    r = values.fma(k, values.constant(-form.ln2_high), x)
    r = values.fma(k, values.constant(-form.ln2_low), r)
    taylor = [1 / math.factorial(n) for n in range(1, form.degree + 1)]
    exponent = builder.add(builder.bitcast(shifted, values.whole), values.integer(form.bias))
    power = builder.bitcast(builder.shl(exponent, values.integer(form.mantissa)), values.kind)
    return power, builder.fmul(r, values.horner(taylor, r))


def emit_exp(values: Arithmetic, x: Any) -> Any:
    """exp(x), held between the smallest and the largest normal number."""
    limit = (values.format.bias - 1) * math.log(2)
    least = -limit * (1 - 2.0**-16)  # for a result that is rounded to a denormal number takes 100 cycles
    power, rest = _reduced(values, values.at_most(values.at_least(x, least), limit))
    return values.fma(power, rest, power)


def emit_tanh(values: Arithmetic, x: Any) -> Any:
    """(e - 1) / (e + 1) with e = exp(2 x); e - 1 is formed without cancellation, so small x keeps all its digits."""
    builder, one, two = values.builder, values.constant(1.0), values.constant(2.0)
    bounded = values.at_most(values.at_least(x, -22.0), 22.0)  # beyond, tanh is 1 in double precision
    power, rest = _reduced(values, builder.fmul(bounded, two))
    e_minus_1 = values.fma(power, rest, builder.fsub(power, one))
    return builder.fdiv(e_minus_1, builder.fadd(e_minus_1, two))


def emit_logistic(values: Arithmetic, x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    builder, one = values.builder, values.constant(1.0)
    return builder.fdiv(one, builder.fadd(one, emit_exp(values, builder.fneg(x))))


def emit_log(values: Arithmetic, x: Any) -> Any:
    """log(x) of a normal positive x: k ln 2 + 2 atanh(s), s = (m - 1) / (m + 1), with m within a factor √2 of 1."""
    builder, form, one = values.builder, values.format, values.constant(1.0)
    bits = builder.bitcast(x, values.whole)
    # Taking off the bits of √½ before the exponent is cut out puts the mantissa between √½ and √2.
    root_half = np.array(math.sqrt(0.5), dtype=f"f{form.bits // 8}").view(f"i{form.bits // 8}").item()
    offset = builder.sub(bits, values.integer(root_half))
    k = builder.ashr(offset, values.integer(form.mantissa))
    m = builder.bitcast(builder.sub(bits, builder.shl(k, values.integer(form.mantissa))), values.kind)
    s = builder.fdiv(builder.fsub(m, one), builder.fadd(m, one))
    series = values.horner([2 / (2 * n + 1) for n in range(form.terms)], builder.fmul(s, s))
    whole = builder.sitofp(k, values.kind)
    high = builder.fmul(whole, values.constant(form.ln2_high))
    low = values.fma(whole, values.constant(form.ln2_low), builder.fmul(s, series))
    # A NaN or an infinity has no exponent to cut out; adding x - x carries it through and adds zero to a number.
    return builder.fadd(builder.fadd(high, low), builder.fsub(x, x))


def emit_gelu(values: Arithmetic, z: Any, exact: Any) -> tuple[Any, Any]:
    """z P and its slope, with P the normal distribution at z, or what approximates it: logistic(2 u).

    Both are what one exponential leaves below zero, and by symmetry one minus that above:

    - P(-abs(z)) is exp(-x**2) erfcx(x) / 2 with x = abs(z) / √2. From 0 to infinity erfcx(x) / t is nearly a line in
      t = 3 / (3 + x), so that one polynomial has it all. The slope of P is exp(-x**2) / √(2π).
    - logistic(-abs(2 u)) is e / (1 + e), with e = exp(-abs(2 u)) and u = √(2/π) (z + 0.044715 z**3). Its slope is
      2 u' P (1 - P). (Hendrycks & Gimpel 2016, arXiv 1606.08415, section 2.)
    """
    builder, one, size = values.builder, values.constant(1.0), values.absolute(z)
    x, square = builder.fmul(size, values.constant(math.sqrt(0.5))), builder.fmul(z, z)
    scale, cubic = 2 * math.sqrt(2 / math.pi), 0.044715
    u = builder.fmul(size, values.fma(square, values.constant(scale * cubic), values.constant(scale)))
    e = emit_exp(values, builder.fneg(builder.select(exact, builder.fmul(x, x), u)))
    t = builder.fdiv(values.constant(3.0), builder.fadd(values.constant(3.0), x))
    ratio = values.horner(ERFCX[values.format.bits], values.fma(values.constant(2.0), t, values.constant(-1.0)))
    share = builder.fdiv(one, builder.fadd(one, e))
    tail = builder.fmul(e, builder.select(exact, builder.fmul(builder.fmul(values.constant(0.5), t), ratio), share))
    share = builder.select(builder.fcmp_ordered("<", z, values.constant(0.0)), tail, builder.fsub(one, tail))
    rise = values.fma(square, values.constant(3 * scale * cubic), values.constant(scale))
    bend = builder.select(
        exact,
        builder.fmul(e, values.constant(1 / math.sqrt(2 * math.pi))),
        builder.fmul(builder.fmul(tail, builder.fsub(one, tail)), rise),
    )
    return builder.fmul(z, share), values.fma(z, bend, share)


def emit_sqrt(values: Arithmetic, x: Any) -> Any:
    """Square root: one instruction, where `math.sqrt` may call libm to complain about a negative number."""
    return values.sqrt(x)


def _intrinsic(emit: Any) -> Any:
    """A function of one float for jitted code."""

    @intrinsic
    def function(_typing: Any, x: Any) -> Any:
        def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return emit(Arithmetic(builder, arguments[0].type), arguments[0])

        return x(x), codegen

    return function


def _python_logistic(x: float) -> float:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def python_gelu(z: float, exact: bool) -> tuple[float, float]:  # noqa: FBT001
    """What `emit_gelu` computes, for one number."""
    if exact:
        share, bend = math.erfc(-z * math.sqrt(0.5)) / 2, math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    else:
        scale, cubic = 2 * math.sqrt(2 / math.pi), 0.044715
        share = _python_logistic(scale * (z + cubic * z**3))
        bend = share * (1 - share) * scale * (1 + 3 * cubic * z * z)
    return z * share, share + z * bend


config: Any = numba.config
if config.DISABLE_JIT:  # intrinsics have no Python form
    exp, log, tanh, logistic, sqrt = np.exp, np.log, np.tanh, _python_logistic, np.sqrt
else:
    exp, log, tanh, logistic, sqrt = map(_intrinsic, (emit_exp, emit_log, emit_tanh, emit_logistic, emit_sqrt))

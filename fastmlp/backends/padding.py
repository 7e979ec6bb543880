"""Flat parameter vectors into padded ones and back; `plan` says why and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .jit import inlined, kernel
from .plan import BIAS, COLUMNS, INPUTS, OUTPUTS, ROWS, WEIGHT

if TYPE_CHECKING:
    from ..layout import Floats, Ints


@inlined
def size_of(plan: Ints) -> int:
    """Length of a padded parameter vector."""
    return plan[-1, BIAS] + plan[-1, COLUMNS]


@inlined
def start_of(array: Floats) -> int:
    """0, but not as a literal: numba compiles a version of a kernel for each literal that it is called with."""
    return 0 * array.size


@kernel
def copy(out: Floats, out_at: int, x: Floats, x_at: int, count: int) -> None:
    """Copy numbers that lie side by side."""
    to, numbers = out[out_at : out_at + count], x[x_at : x_at + count]
    for i in range(count):
        to[i] = numbers[i]


@kernel
def widen(flat: Floats, parameters: Floats, at: int, plan: Ints) -> None:
    """Copy a flat vector into the padded one at `at`."""
    k = 0
    for layer in range(plan.shape[0]):
        n_out, weight = plan[layer, OUTPUTS], at + plan[layer, WEIGHT]
        for i in range(plan[layer, INPUTS]):
            if layer < plan.shape[0] - 1:
                copy(parameters, weight + i * plan[layer, COLUMNS], flat, k, n_out)
            else:
                for o in range(n_out):
                    parameters[weight + o * plan[layer, ROWS] + i] = flat[k + o]
            k += n_out
        copy(parameters, at + plan[layer, BIAS], flat, k, n_out)
        k += n_out


@kernel
def narrow(parameters: Floats, at: int, flat: Floats, plan: Ints) -> None:
    """Copy the real parameters of the padded vector at `at` back."""
    k = 0
    for layer in range(plan.shape[0]):
        n_out, weight = plan[layer, OUTPUTS], at + plan[layer, WEIGHT]
        for i in range(plan[layer, INPUTS]):
            if layer < plan.shape[0] - 1:
                copy(flat, k, parameters, weight + i * plan[layer, COLUMNS], n_out)
            else:
                for o in range(n_out):
                    flat[k + o] = parameters[weight + o * plan[layer, ROWS] + i]
            k += n_out
        copy(flat, k, parameters, at + plan[layer, BIAS], n_out)
        k += n_out

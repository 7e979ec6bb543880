"""Read the machine code of a training: what its hot loops consist of, and which functions it calls.

These counts have no noise: fused multiply-adds of one iteration of each loop, the width of their vectors, spills. The
patterns are those of x86.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from time import process_time
from typing import Any, NamedTuple

import fastmlp

from . import kernel_modules

FUSED = re.compile(r"\bvfn?m(?:add|sub)\w+p[sd]\b")
LIBM = {"exp", "log", "tanh", "pow", "sqrt", "fma", "powi", "exp2", "log1p", "expm1", "fmax"}
PRODUCTS = {"affine", "backward_input", "update_weights"}
OLD_NAMES = {"pull_back": "backward_input", "descend": "update_weights"}  # before the kernels got folders of their own
REGISTER = {"AVX-512": "zmm", "AVX2": "ymm"}
ARRAYS_COME_IN = "NRT_adapt_ndarray_from_python"  # asks for no memory


class Code(NamedTuple):
    """Assembly of one function, and the seconds of CPU that compiling it took."""

    text: str
    seconds: float


@dataclass(frozen=True)
class Loop:
    """The product that a loop computes, and its instructions, one per line, without the jump back."""

    product: str
    lines: tuple[str, ...]

    @cached_property
    def fused(self) -> list[str]:
        """Fused multiply-adds of vectors."""
        return [line for line in self.lines if FUSED.search(line)]

    @cached_property
    def spills(self) -> list[str]:
        """Moves of vectors between registers and the stack."""
        return [line for line in self.lines if "mov" in line and "mm" in line and "(%rsp" in line]

    @cached_property
    def calls(self) -> list[str]:
        """Calls of other functions."""
        return [line for line in self.lines if "call" in line]

    def narrow(self, register: str) -> list[str]:
        """Fused multiply-adds on vectors narrower than the machine's full ones."""
        return [line for line in self.fused if register not in line]


@cache
def training(dtype: str) -> Code:
    """Compile a whole training anew: code from the cache has no assembly to show."""
    from fastmlp.backends import jit

    engine = kernel_modules.engine()
    net = fastmlp.init_mlp((5, 4, 3), rng=0, dtype=dtype)
    fastmlp.train_mlp(net, net.weights[0].T, [0, 1, 2, 1], epochs=1, backend="numba")
    signature = next(s for s in engine.train.signatures if dtype_of(s) == dtype)
    fresh: Any = getattr(jit, "uncached_entry", jit.njit(**jit.OPTIONS))(engine.train.py_func)  # of older versions too
    start = process_time()
    fresh.compile(signature)
    return Code(fresh.inspect_asm(signature), process_time() - start)


def dtype_of(signature: tuple[Any, ...]) -> str:
    """Return the dtype of the first array among a kernel's arguments: that of the parameters."""
    return str(next(kind.dtype for kind in signature if hasattr(kind, "dtype")))


def hot_loops(text: str) -> list[Loop]:
    """Return the loops of the products: blocks that jump to themselves and hold a tile of fused multiply-adds.

    Raises
    ------
    LookupError
        If a product is missing: the code is built in a way that this file does not know.
    """
    module = r"(?:6vector|7kernels12matmul_tiled)"
    functions = re.split(rf"^_ZN7fastmlp8backends{module}\d+([a-z_]+)B\w+:", text, flags=re.MULTILINE)
    named = [(OLD_NAMES.get(name, name), body) for name, body in zip(functions[1::2], functions[2::2], strict=True)]
    bodies = [(name, body) for name, body in named if name in PRODUCTS]
    if missing := PRODUCTS - {name for name, _ in bodies}:
        raise LookupError(f"no machine code of {', '.join(sorted(missing))}")
    return [loop for name, body in bodies for loop in _loops_of(name, body.split(".Lfunc_end")[0])]


def _loops_of(product: str, body: str) -> list[Loop]:
    blocks = re.split(r"^(\.L\w+):", body, flags=re.MULTILINE)
    found = []
    for label, block in zip(blocks[1::2], blocks[2::2], strict=True):
        lines = block.splitlines()
        ends = [i for i, line in enumerate(lines) if re.search(rf"\bj\w+\s+{re.escape(label)}$", line)]
        loop = Loop(product, tuple(lines[: ends[0]] if ends else ()))
        if len(loop.fused) >= kernel_modules.tile().rows:
            found.append(loop)
    return found


def called(text: str) -> set[str]:
    """Return the names of the functions that are called or whose addresses are taken."""
    return set(re.findall(r"(?:\$|\bcall\w*\s+|\bbl\s+)([A-Za-z_]\w*)", text))


def libm(text: str) -> set[str]:
    """Return the functions of the mathematics library that are called."""
    return {name.removesuffix("f") for name in called(text)} & LIBM


def allocations(text: str) -> set[str]:
    """Return the functions called that allocate memory or count references to it."""
    return {name for name in called(text) if name.startswith("NRT_")} - {ARRAYS_COME_IN}


def count(text: str, register: str) -> dict[str, int]:
    """Count the instructions of all hot loops together, and the calls of the training.

    Parameters
    ----------
    register
        Name of the machine's full vectors: a value of `REGISTER`.
    """
    loops = hot_loops(text)
    return {
        "hot loops": len(loops),
        "instructions": sum(len([line for line in loop.lines if line.startswith("\t")]) for loop in loops),
        "vector instructions": sum(register in line for loop in loops for line in loop.lines),
        "fused multiply-adds": sum(len(loop.fused) for loop in loops),
        "narrow multiply-adds": sum(len(loop.narrow(register)) for loop in loops),
        "spills": sum(len(loop.spills) for loop in loops),
        "calls in hot loops": sum(len(loop.calls) for loop in loops),
        "calls of libm": len(libm(text)),
        "calls for memory": len(allocations(text)),
    }

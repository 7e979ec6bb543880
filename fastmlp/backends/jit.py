"""The one home of numba's compile options; a test keeps `njit(` out of every other file.

- ``nogil``: trials run on threads, so a kernel must not hold the interpreter.
- ``error_model="numpy"``: a division by zero gives inf or NaN, as in the reference, and needs no branch.
- ``fastmath={"contract"}``: a product and a sum may become one fused instruction, which changes the last bit and doubles
  the speed. Nothing else is allowed: ``nnan`` and ``ninf`` would delete the test that finds a diverged training.
- Bounds are checked only when ``NUMBA_BOUNDSCHECK=1`` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}

# A kernel is called from other kernels only, so the wrappers for Python and C are left out: they cost compile time.
kernel = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)

# A part of one kernel, named for the reader; LLVM puts its body where it is called.
inlined = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **OPTIONS)


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls."""
    return njit(no_cfunc_wrapper=True, **OPTIONS)(function)

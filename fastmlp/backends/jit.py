"""The one home of numba's compile options; a test keeps `njit(` out of every other file.

- ``nogil``: trials run on threads, so a kernel must not hold the interpreter.
- ``error_model="numpy"``: a division by zero gives inf or NaN, as in the reference, and needs no branch.
- ``fastmath={"contract"}``: a product and a sum may become one fused instruction, which changes the last bit and
  doubles the speed. No other flag: ``nnan`` and ``ninf`` would delete the test that finds a diverged training.
- ``_nrt=False``: references to arrays are not counted, because kernels own none. Counting takes atomic instructions, a
  fifth of a small network's step; and a kernel that asks for memory does not compile, as none should.
- Bounds are checked, and references counted so that the error can be raised, only when ``NUMBA_BOUNDSCHECK=1`` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba

from .cache import MachineCodeCache
from .linking import EntryCompiler, KernelCompiler, ProductCompiler

if TYPE_CHECKING:
    from collections.abc import Callable

njit: Any = numba.njit  # its type does not know all of its options
config: Any = numba.config
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "_nrt": bool(config.BOUNDSCHECK)}

# A kernel is called from kernels and entries only. Python cannot call it: wrappers for Python and C cost compile time.
# A product is a kernel that stays a function in the machine code, see `linking`.
LINKED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **OPTIONS}
kernel = njit(pipeline_class=KernelCompiler, **LINKED)
product = njit(pipeline_class=ProductCompiler, **LINKED)
uncached_entry = njit(no_cfunc_wrapper=True, pipeline_class=EntryCompiler, **OPTIONS)


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls, and keep it on disk."""
    compiled = uncached_entry(function)
    if not config.DISABLE_JIT:
        # `cache=True` would choose numba's own cache; the module `cache` says what is wrong with it.
        compiled._cache = MachineCodeCache(function.__qualname__)  # noqa: SLF001
    return compiled

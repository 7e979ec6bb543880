"""How kernels become one piece of machine code: each is lowered once, and all are optimised where an entry links them.

Numba makes a library of every jitted function. It optimises it and translates it, and if another function calls it, its
code is linked into that one's library, and optimised and translated there again; and so on, from callee to caller.
Nobody but kernels and entries calls a kernel, so its own machine code never runs. So here

- a kernel's library is linked and nothing else (`KernelLibrary`);
- in an entry's library everything else becomes private (`EntryLibrary`). LLVM may inline what it knows all calls
  of, and need not hand over what nobody reads: to numba an array is seven numbers, of which a kernel reads one or two;
- kernels that hold the loops of a product stay functions (`ProductLibrary`).

Libraries and compilers are numba's own classes with a method or two exchanged, see "Notes on Custom Pipelines" in its
documentation for how a compiler is named. Should a later numba not call one of these methods any more, kernels are
optimised and translated once more than they need be, and do the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite.binding import Linkage
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

if TYPE_CHECKING:
    from collections.abc import Callable


class KernelLibrary(JITCodeLibrary):
    """Code that is linked into the libraries of its callers."""

    def _optimize_final_module(self) -> None:
        """Leave it as it is: who links it optimises all of it."""

    def _finalize_final_module(self) -> None:
        """Translate nothing."""
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002
        """Return numba's word for a function that is not there."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        """Numba asks for it to say where the globals of a Python module are, which a kernel has no use for."""
        return _NoEnvironment


class ProductLibrary(KernelLibrary):
    """The same of a kernel that stays a function, so that its loops have the registers for themselves."""

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.external:  # its own, not what it calls
                function.add_function_attribute("noinline")


class _NoEnvironment:
    @staticmethod
    def set_env(name: str, env: Any) -> None:
        """Do nothing."""


class EntryLibrary(JITCodeLibrary):
    """Code that Python calls, and with it that of all kernels which it needs."""

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if function.linkage == Linkage.linkonce_odr:  # numba's mark of what comes from another library
                function.linkage = Linkage.internal
                # MCJIT looks a name up in whatever module has it, and does not mind that it is private there: another
                # library's function of this name would be called at address 0.
                function.name += "_private"
        super()._optimize_final_module()


class _Compiler(Compiler):
    """Numba's compiler, but for the library that it writes to."""

    library: type[JITCodeLibrary]

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        codegen = self.state.targetctx.codegen()
        self.state.library = self.library(codegen, func.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)


class KernelCompiler(_Compiler):
    """Of what other kernels and entries call."""

    library = KernelLibrary


class ProductCompiler(_Compiler):
    """Of the loops in which the time is spent."""

    library = ProductLibrary


class EntryCompiler(_Compiler):
    """Of what Python calls."""

    library = EntryLibrary

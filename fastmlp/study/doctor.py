"""Versions, processor, backend and compile cache of this machine, as `fastmlp doctor` prints them."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Iterator
from math import isfinite

from ..backends import choose_backend
from ..machine import cpu_fact, cpu_name, usable_cores, version_of
from ..network import backward, init_mlp
from .environment import LIBRARIES
from .store.database import SQLITE


def examine() -> Iterator[tuple[str, str]]:
    """Generate pairs of a name and a finding."""
    yield "python", f"{platform.python_version()} on {platform.platform(terse=True)}"
    for library in (*LIBRARIES, "llvmlite", "matplotlib"):
        yield library, version_of(library)
    yield "sqlite", SQLITE
    yield "pyarrow", version_of("pyarrow") + " (optional, for Parquet)"
    cores = usable_cores()
    yield "processor", f"{cpu_name()}, {cores} {'core' if cores == 1 else 'cores'} for this process"
    yield "vectors", ", ".join(vector_units()) or "none that are known"
    yield "backend", which_backend()
    yield "kernels", kernels()
    yield "compile cache", cache_state()
    for dtype in ("float32", "float64"):
        yield f"peak, {dtype}", peak(dtype)


def which_backend() -> str:
    """Return the backend that `auto` chooses, and why."""
    name, problem = choose_backend()
    return f"{name}; {problem}" if problem else f"{name}, for it can be imported"


def kernels() -> str:
    """Return the kind of code that the compiled backend builds; that takes building some."""
    try:
        from ..backends.codegen.types import PLAIN
        from ..backends.cpu import UNTRIED
        from ..backends.fallback import current_tile
    except ImportError as error:
        return f"none: {error}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backward(init_mlp((2, 2)), [[0.0, 1.0]], [0], backend="numba")
    tile = current_tile()
    if tile == PLAIN:
        refusals = [str(one.message) for one in caught if "vector code" in str(one.message)]
        return f"{tile.name}: {refusals[0] if refusals else 'vector code is switched off'}"
    untried = "; their authors never saw them run: a study checks its gradient first" if tile.name in UNTRIED else ""
    return f"{tile.name}, {tile.vector_bytes} bytes a vector, tiles of {tile.rows} x {tile.vectors} vectors{untried}"


def vector_units() -> list[str]:
    """Return the vector instructions that the processor reports."""
    flags = {*cpu_fact("flags").split(), *cpu_fact("Features").split()}
    return [name for name in ("avx2", "fma", "avx512f", "avx512vl", "neon", "asimd", "sve") if name in flags]


def cache_state() -> str:
    """Return where compiled code is cached and how large the cache is."""
    try:
        from ..backends import cache
    except ImportError as error:
        return f"none: {error}"
    return str(cache.cache_state())


def peak(dtype: str) -> str:
    """Measure the peak of one core."""
    try:
        from ..backends.peak import fma_peak
    except ImportError as error:
        return f"not measured: {error}"
    flops = fma_peak(dtype)
    return f"{flops / 1e9:.0f} GFLOP/s on one core" if isfinite(flops) else "not measured: no vector code can be built"

"""What a study would run on here, as `fastmlp doctor` prints it."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .. import backends
from .circumstances import LIBRARIES, available_cpus, cpu_fact, cpu_name, version_of
from .store.database import SQLITE


def examine() -> Iterator[tuple[str, str]]:
    """Go through what there is to say: what it is about, and how it stands."""
    yield "python", f"{platform.python_version()} on {platform.platform(terse=True)}"
    for library in (*LIBRARIES, "llvmlite", "matplotlib"):
        yield library, version_of(library)
    yield "sqlite", SQLITE
    yield "pyarrow", version_of("pyarrow") + " (optional, for Parquet)"
    yield "processor", f"{cpu_name()}, {available_cpus()} cores for this process"
    yield "vectors", ", ".join(vector_units()) or "none that are known"
    yield "backend", which_backend()
    yield "compile cache", attempt("cache_state")
    for dtype in ("float32", "float64"):
        yield f"peak, {dtype}", attempt("fma_peak", dtype)


def which_backend() -> str:
    """Return the backend that `auto` takes, and why."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        name = backends.get_backend("auto").name
    return f"{name}; {caught[0].message}" if caught else f"{name}, for it can be imported"


def vector_units() -> list[str]:
    """Return the vector instructions that the processor says it has."""
    flags = {*cpu_fact("flags").split(), *cpu_fact("Features").split()}
    return [name for name in ("avx2", "fma", "avx512f", "avx512vl", "neon", "asimd", "sve") if name in flags]


def attempt(name: str, *arguments: str) -> str:
    """Return what a function of the backends says, or why it says nothing."""
    function: Callable[..., Any] | None = getattr(backends, name, None)
    if function is None:
        return "not known"
    try:
        return str(function(*arguments))
    except ImportError as error:
        return f"not known: {error}"

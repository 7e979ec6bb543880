"""A process that times benchmarks of one revision: it reads requests and writes answers as lines of JSON.

Run as ``python -P worker.py`` with the revision and the suites on its path. This file imports nothing of the package
around it, so that every revision is measured by the same code.

=====================================  ==================================================================
``{"do": "identify"}``                 where the package is, and a hash of its files
``{"do": "list"}``                     names of all timed benchmarks, as asv writes them
``{"do": "prepare", "name": N}``       `setup`, and one call
``{"do": "settle", "core": C}``        pin to one core, after all is prepared
``{"do": "calibrate", ..., "ns": T}``  number of calls that fill T nanoseconds
``{"do": "sample", ..., "calls": C}``  nanoseconds of C calls: CPU time and wall time
=====================================  ==================================================================

It ends at the end of stdin.
"""

from __future__ import annotations

import gc
import hashlib
import inspect
import itertools
import json
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

CONTROL = "control"


def main() -> None:
    """Answer until stdin ends."""
    for stop in (signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)  # a terminal signals the whole group; workers end with their stdin
    gc.disable()  # no collection in a sample, and starting is faster
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a benchmark prints must not be taken for an answer
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # noqa: BLE001  whatever a benchmark raises is its answer
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Worker:
    """The benchmarks prepared so far."""

    def __init__(self) -> None:
        self.ready: dict[str, Callable[[], object]] = {}

    def identify(self) -> dict[str, Any]:
        """Return which package this process measures."""
        import fastmlp

        package = Path(fastmlp.__file__).parent
        return {"package": str(package), "hash": hash_of(package)}

    def list(self) -> dict[str, Any]:
        """List every benchmark, and every file that cannot be imported with its error."""
        names, broken = [], {}
        for module in modules():
            try:
                names += [name for name, *_ in timed(module)]
            except Exception as error:  # noqa: BLE001  the others are still there
                broken[module] = repr(error)[:300]
        return {"names": names, "broken": broken}

    def prepare(self, name: str) -> dict[str, Any]:
        """Set up a benchmark and run it once, which compiles it."""
        start = time.perf_counter()
        if name not in self.ready:
            self.ready[name] = control() if name == CONTROL else prepared(name)
            self.ready[name]()
        return {"seconds": time.perf_counter() - start}

    def settle(self, core: int) -> dict[str, Any]:
        """Pin this process to a core, and exclude existing objects from garbage collection, which saves time."""
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {core})
        gc.collect()
        gc.freeze()
        return {}

    def calibrate(self, name: str, ns: int) -> dict[str, Any]:
        """Return the number of calls that fill some nanoseconds."""
        calls = 1
        while (spent := self.sample(name, calls)["cpu"]) < ns / 4:
            calls *= 4
        return {"calls": max(1, round(calls * ns / spent))}

    def sample(self, name: str, calls: int) -> dict[str, int]:
        """Time some calls; garbage is collected before them, not during them."""
        work, turns = self.ready[name], range(calls)
        gc.collect()
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        for _ in turns:
            work()
        return {"cpu": time.process_time_ns() - cpu, "wall": time.perf_counter_ns() - wall}


def hash_of(package: Path) -> str:
    """Return a hash of all Python files below a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def modules() -> list[str]:
    """Return the names of the modules with suites."""
    import bench

    return [found.name for found in pkgutil.iter_modules(bench.__path__) if found.name.startswith("bench_")]


def timed(module: str) -> Iterator[tuple[str, type, str, tuple[Any, ...]]]:
    """Yield every timed benchmark of a module: name, suite, method and parameters."""
    loaded = import_module(f"bench.{module}")
    for suite_name, suite in inspect.getmembers(loaded, inspect.isclass):
        if suite.__module__ != loaded.__name__:
            continue
        for method in (name for name in dir(suite) if name.startswith("time_")):
            for values in itertools.product(*getattr(suite, "params", ())):
                values_text = f"({', '.join(map(repr, values))})" if values else ""
                yield f"{module}.{suite_name}.{method}{values_text}", suite, method, values


def prepared(name: str) -> Callable[[], object]:
    """Set up a benchmark; return the call that is timed."""
    for found, suite, method, values in timed(name.split(".", 1)[0]):
        if found == name:
            self = suite()
            if hasattr(self, "setup"):
                self.setup(*values)
            work = getattr(self, method)
            return lambda: work(*values)
    raise LookupError(f"there is no benchmark {name}")


def control() -> Callable[[], object]:
    """Return work that is the same in every revision: some matrix products by NumPy."""
    import numpy as np

    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 128, 128)).astype(np.float32)
    out = np.empty_like(a)

    def work() -> None:
        for _ in range(10):
            np.matmul(a, b, out=out)
            np.maximum(out, 0, out=out)

    return work


if __name__ == "__main__":
    main()

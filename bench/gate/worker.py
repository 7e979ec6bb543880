"""One revision in a process of its own: reads lines of JSON, times what they name, answers with lines of JSON.

``python -P worker.py`` with the revision and the suites on its path. This file imports nothing of the package around
it, so that whatever it measures, it is measured by the same code.

=====================================  ==================================================================
``{"do": "identify"}``                 where the package was found, and a hash of its files
``{"do": "list"}``                     names of all benchmarks that are timed, as asv writes them
``{"do": "prepare", "name": N}``       `setup`, and one call
``{"do": "settle", "core": C}``        all is prepared: keep to one core
``{"do": "calibrate", ..., "ns": T}``  how many calls fill T nanoseconds
``{"do": "sample", ..., "calls": C}``  nanoseconds of C calls, by the processor's clock and by the wall's
=====================================  ==================================================================

It ends when its stdin does.
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
        signal.signal(stop, signal.SIG_IGN)  # the terminal tells all of its processes; ours are told by their stdin
    gc.disable()  # there is none in a sample, and starting is faster without
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a benchmark prints is no answer
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
    """The benchmarks that have been prepared so far."""

    def __init__(self) -> None:
        self.ready: dict[str, Callable[[], object]] = {}

    def identify(self) -> dict[str, Any]:
        """Say what this process would measure."""
        import fastmlp

        package = Path(fastmlp.__file__).parent
        return {"package": str(package), "hash": hash_of(package)}

    def list(self) -> dict[str, Any]:
        """Name every benchmark; a file that cannot be read is named with its error."""
        names, broken = [], {}
        for module in modules():
            try:
                names += [name for name, *_ in timed(module)]
            except Exception as error:  # noqa: BLE001  the others are still there
                broken[module] = repr(error)[:300]
        return {"names": names, "broken": broken}

    def prepare(self, name: str) -> dict[str, Any]:
        """Set a benchmark up and run it once, which compiles what has not been."""
        start = time.perf_counter()
        if name not in self.ready:
            self.ready[name] = control() if name == CONTROL else prepared(name)
            self.ready[name]()
        return {"seconds": time.perf_counter() - start}

    def settle(self, core: int) -> dict[str, Any]:
        """Stay on a core from now on, and keep what there is out of the collector's sight, which saves time."""
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {core})
        gc.collect()
        gc.freeze()
        return {}

    def calibrate(self, name: str, ns: int) -> dict[str, Any]:
        """Count the calls that fill some nanoseconds."""
        calls = 1
        while (spent := self.sample(name, calls)["cpu"]) < ns / 4:
            calls *= 4
        return {"calls": max(1, round(calls * ns / spent))}

    def sample(self, name: str, calls: int) -> dict[str, int]:
        """Time some calls; garbage is collected before, and not meanwhile."""
        work, turns = self.ready[name], range(calls)
        gc.collect()
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        for _ in turns:
            work()
        return {"cpu": time.process_time_ns() - cpu, "wall": time.perf_counter_ns() - wall}


def hash_of(package: Path) -> str:
    """Hash of all Python files below a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def modules() -> list[str]:
    """Names of the files with suites."""
    import bench

    return [found.name for found in pkgutil.iter_modules(bench.__path__) if found.name.startswith("bench_")]


def timed(module: str) -> Iterator[tuple[str, type, str, tuple[Any, ...]]]:
    """Every benchmark of a file that asv times: its name, suite, method and parameters."""
    loaded = import_module(f"bench.{module}")
    for suite_name, suite in inspect.getmembers(loaded, inspect.isclass):
        if suite.__module__ != loaded.__name__:
            continue
        for method in (name for name in dir(suite) if name.startswith("time_")):
            for values in itertools.product(*getattr(suite, "params", ())):
                told = f"({', '.join(map(repr, values))})" if values else ""
                yield f"{module}.{suite_name}.{method}{told}", suite, method, values


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
    """Work that no revision touches: some products of matrices, by NumPy."""
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

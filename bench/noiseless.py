"""Noiseless measurements of a revision: results of fixed trainings, memory and machine code.

``python -m bench.noiseless`` measures the fastmlp that it imports and prints JSON. A part that fails holds the reason
under ``failed``; one that does not exist on this machine, under ``skipped``.
"""

from __future__ import annotations

import json
import platform
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import fastmlp
from fastmlp.network import DTYPES

from . import assembly, kernel_modules
from .fixed_trainings import learn
from .peers.work import SHAPES, Work

Json = dict[str, Any]
Part = Callable[[], Json]
BACKENDS = ("numba", "numpy")


def gather(names: Iterable[str] | None = None, parts: Mapping[str, Part] | None = None) -> Json:
    """Measure some parts of `PARTS`, or all; each is a dict that can be written as JSON."""
    parts = PARTS if parts is None else parts
    return {name: attempt(parts[name]) for name in names or parts}


def attempt(part: Part) -> Json:
    """Measure a part, or return why it failed: another revision may be built in another way."""
    try:
        return part()
    except NotImplementedError as reason:  # as in asv: there is nothing of this kind here
        return {"skipped": str(reason)}
    except Exception as error:  # noqa: BLE001  whatever it is, it is reported, and the other parts are still measured
        return {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}


def machine() -> Json:
    """Return everything, apart from the revision, that the last bits of a result may depend on."""
    from numba.core.registry import cpu_target

    _, cpu, _ = cpu_target.target_context.codegen().magic_tuple()
    libraries = {name: version(name) for name in ("numba", "llvmlite", "numpy")}
    return {"processor": f"{platform.machine()} {cpu}", "vectors": kernel_modules.tile().name} | libraries


def learning() -> Json:
    """Return the results of each backend in each of the fixed trainings."""
    return {backend: {name: found._asdict() for name, found in learn(backend).items()} for backend in BACKENDS}


def memory() -> Json:
    """Return the peak bytes of a training by shape, optimiser and dtype."""
    return {
        f"{shape}, {optimizer}, {dtype}": bytes_of(shape, optimizer, dtype)
        for shape in ("lab", "deep", "tiny")
        for optimizer in ("sgd", "adam")
        for dtype in DTYPES
    }


def bytes_of(shape: str, optimizer: str, dtype: str) -> int:
    """Return the peak bytes that Python and NumPy allocate in one epoch: the same in every run up to some hundreds."""
    work = Work(replace(SHAPES[shape], epochs=1))
    net, x = fastmlp.init_mlp(work.shape.sizes, rng=0, dtype=dtype), work.x.astype(dtype)
    options: Json = {"batch_size": work.shape.batch_size, "order": work.order, "optimizer": optimizer, "lr": 0.01}

    def train() -> None:
        fastmlp.train_mlp(net, x, work.y, epochs=1, backend="numba", **options)

    train()  # so that what is made only once is not counted
    tracemalloc.start()
    try:
        train()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def machine_code() -> Json:
    """Return counts of the instructions of a training by dtype, and the seconds of CPU that compiling took."""
    vectors = kernel_modules.tile().name
    if vectors not in assembly.REGISTER:
        raise NotImplementedError(f"the patterns are x86's, and this is {vectors}")
    found: Json = {}
    for dtype in DTYPES:
        code = assembly.training(dtype)
        found[dtype] = {"counts": assembly.count(code.text, assembly.REGISTER[vectors]), "seconds": code.seconds}
    return found


PARTS: dict[str, Part] = {
    "machine": machine,
    "learning": learning,
    "memory": memory,
    "assembly": machine_code,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(gather()) + "\n")

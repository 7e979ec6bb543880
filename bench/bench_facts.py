"""Track noiseless measurements: losses of fixed trainings, their memory, instructions of the hot loops.

The file keeps its name, because asv stores series under it.
"""

from __future__ import annotations

from fastmlp.network import DTYPES

from . import assembly, kernel_modules, noiseless
from .common import BACKENDS, needs
from .fixed_trainings import learn


class Learning:
    """Sum of the last losses of all fixed trainings of a dtype: any change of results changes it."""

    params = (BACKENDS, list(DTYPES))
    param_names = ("backend", "dtype")
    unit = "loss"

    def setup(self, backend: str, dtype: str) -> None:
        needs(backend)

    def track_losses(self, backend: str, dtype: str) -> float:
        return sum(found.losses[-1] for name, found in learn(backend).items() if name.endswith(dtype))


class Arrays:
    """Peak bytes of a training's arrays, counted and not sampled."""

    params = (["lab", "deep"], ["sgd", "adam"], list(DTYPES))
    param_names = ("shape", "optimizer", "dtype")
    unit = "bytes"

    def setup(self, shape: str, optimizer: str, dtype: str) -> None:
        needs("numba")

    def track_bytes(self, shape: str, optimizer: str, dtype: str) -> int:
        return noiseless.bytes_of(shape, optimizer, dtype)


class HotLoops:
    """Instructions of the hot loops of a compiled training, one iteration of each loop."""

    params = (["instructions", "vector instructions", "fused multiply-adds", "spills"], list(DTYPES))
    param_names = ("what", "dtype")
    unit = "instructions"
    timeout = 300

    def setup(self, what: str, dtype: str) -> None:
        needs("numba")
        vectors = kernel_modules.tile().name
        if vectors not in assembly.REGISTER:
            raise NotImplementedError(f"the patterns are x86's, and this is {vectors}")
        self.counts = assembly.count(assembly.training(dtype).text, assembly.REGISTER[vectors])

    def track_count(self, what: str, dtype: str) -> int:
        return self.counts[what]

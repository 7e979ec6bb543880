"""Time to the first training: compiled from nothing, and loaded from the cache a process before left behind."""

from __future__ import annotations

from tempfile import TemporaryDirectory

from .common import fresh_python, needs

FIRST_CALL = """
from time import perf_counter
import fastmlp
net = fastmlp.init_mlp((64, 64, 10), rng=0)
start = perf_counter()
fastmlp.train_mlp(net, net.weights[0][:32], [0, 1] * 16, epochs=1, backend="numba")
print(perf_counter() - start)
"""


class FirstCall:
    """The first training of a process, compilation or loading included, the import of Numba too."""

    unit = "seconds"
    timeout = 300

    def setup(self) -> None:
        self.home = TemporaryDirectory()
        needs("numba")

    def teardown(self) -> None:
        self.home.cleanup()

    def first_call(self) -> float:
        """Seconds of a first call with the caches that are in our home."""
        names = ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
        return fresh_python(FIRST_CALL, **dict.fromkeys(names, self.home.name))

    def track_compiled(self) -> float:
        return self.first_call()

    def track_loaded(self) -> float:
        self.first_call()
        return self.first_call()

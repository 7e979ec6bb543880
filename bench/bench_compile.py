"""Time to the first training: compiled from scratch, and loaded from the cache of an earlier process."""

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
    """The first training of a process: compiled, or loaded from the cache; the import of Numba is part of it."""

    params = (["compiled", "loaded"],)
    param_names = ("how",)
    unit = "seconds"
    timeout = 300

    def setup(self, how: str) -> None:
        self.home = TemporaryDirectory()
        needs("numba")
        if how == "loaded":
            self.track_first_call(how)

    def teardown(self, how: str) -> None:
        self.home.cleanup()

    def track_first_call(self, how: str) -> float:
        names = ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
        return fresh_python(FIRST_CALL, **dict.fromkeys(names, self.home.name))

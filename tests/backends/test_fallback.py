"""Where vector code cannot be built, plain loops run: the fault is put into a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fastmlp

from ..trainings import training

numba: Any = pytest.importorskip("numba")

from fastmlp.backends import cache, fallback  # noqa: E402
from fastmlp.backends.codegen.types import PLAIN, Tile  # noqa: E402

if fallback.current_tile() == PLAIN:
    pytest.skip("there is no vector code", allow_module_level=True)

from fastmlp.backends import compiled  # noqa: E402

SHAPE = ("vector_bytes", "rows", "vectors")
FAULTY = """
import warnings
from concurrent.futures import ThreadPoolExecutor
from llvmlite import ir
from numpy.testing import assert_allclose
import fastmlp
from fastmlp.backends.codegen.types import PLAIN
from fastmlp.backends.fallback import current_tile
from fastmlp.backends.codegen import math as elementary

fma = elementary.Arithmetic.fma

def faulty(self, a, b, c):
    if self.lanes > 1:  # plain loops emit what they need of GELU one number at a time
        {fault}
    return fma(self, a, b, c)

elementary.Arithmetic.fma = faulty
net, X = fastmlp.init_mlp((3, 20, 2)), [[0.0, 1.0, 2.0], [1.0, 0.0, 3.0]]

def asked(backend):
    {ask}

with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(2) as pool:
    warnings.simplefilter("always")
    first, second = pool.map(asked, ["numba", "auto"])
assert current_tile() == PLAIN
assert "vector code cannot be built" in str(caught[0].message), caught
assert len(caught) == 1, caught
assert (first == second).all() and (first == asked("numba")).all()
assert_allclose(first, asked("numpy"), rtol=1e-5, atol=1e-5)
print(caught[0].message)
{more}
"""


RAISES = "raise NotImplementedError('no fused multiply-add')"
REFUSED = "return ir.FormattedConstant(self.kind, 'rubbish')"
TRAIN = "return fastmlp.train_mlp(net, X, [0, 1], epochs=3, backend=backend).network.theta"
FORWARD = "return fastmlp.forward(net, X, backend=backend)"
DOCTOR = "from fastmlp.study import doctor; print(doctor.kernels())"


@pytest.mark.parametrize(
    ("fault", "ask", "more", "told"),
    [
        pytest.param(
            RAISES, TRAIN, DOCTOR, r"NotImplementedError: no fused multiply-add\nplain loops",
            marks=pytest.mark.exhaustive,
        ),
        (REFUSED, FORWARD, "", "RuntimeError: LLVM IR parsing error"),
    ],
    ids=["the emission raises", "LLVM refuses"],
)  # fmt: skip
def test_plain_loops_run_where(fault: str, ask: str, more: str, told: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = FAULTY.format(fault=fault, ask=ask, more=more)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(told, done.stdout)


def test_the_cache_keeps_tiles_of_every_shape_apart(tmp_path: Any, monkeypatch: Any) -> None:
    """Of the same name, too: what a process leaves that was refused vector code, no other takes for something else."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    codegen = numba.core.registry.cpu_target.target_context.codegen()
    ours = fallback.current_tile()
    tiles = [
        ours,
        PLAIN,
        *(replace(ours, **{field: 2 * getattr(ours, field)}) for field in SHAPE),
        replace(ours, stored=1 + (ours.stored == 1)),
    ]
    paths = {
        cache.MachineCodeCache("train")._path(numba.void(numba.typeof(tile), numba.float32[::1]), codegen)
        for tile in tiles
    }
    assert None not in paths
    assert len(paths) == len(tiles)
    assert len({path.parent for path in paths if path}) == 1


@pytest.mark.parametrize(
    "shape",
    [
        (64, 0, 2, 1),
        (64, 6, 2, 1),
        (64, 8, 0, 1),
        (64, 8, 2, 0),
        (48, 8, 2, 1),
        (8, 8, 2, 1),
        (64, -8, 2, 1),
        (64, 8, 3, 1),
        (64, 8, 2, 4),
    ],
    ids=str,
)
def test_a_tile_that_cannot_be_is_refused(shape: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"vector_bytes={shape[0]}, rows={shape[1]}, vectors={shape[2]}")):
        Tile("made up", *shape)


@pytest.mark.exhaustive  # two trainings to compile
@pytest.mark.parametrize("shape", [(32, 2, 4, 2), (16, 8, 1, 1)], ids=str)
def test_every_tile_that_can_be_trains(shape: tuple[int, int, int, int], monkeypatch: Any) -> None:
    """Code and memory follow the tile, whatever its shape: all agree, to the bit or to rounding."""
    tile = Tile("made up", *shape)
    monkeypatch.setattr(fallback, "_tile", tile)
    rng = np.random.default_rng(3)
    net, x = fastmlp.init_mlp((9, 33, 17, 3), rng=1, dtype="float64"), rng.normal(size=(29, 9))
    y, order = rng.integers(3, size=29), rng.permuted(np.tile(np.arange(29), (3, 1)), axis=1)
    options: Any = {"epochs": 3, "batch_size": 7, "optimizer": "adam", "order": order, "lr": 0.01}
    ours, reference = (fastmlp.train_mlp(net, x, y, backend=name, **options) for name in ("numba", "numpy"))
    np.testing.assert_allclose(ours.network.theta, reference.network.theta, rtol=1e-9, atol=1e-10)
    assert fallback.current_tile() is tile


MISTYPED = """
import sys, threading, warnings
import numpy as np
import fastmlp
from fastmlp.backends import compiled, fallback
from fastmlp.backends.kernels import engine, memory

warnings.simplefilter("error")
tile = fallback.current_tile()
rng = np.random.default_rng(0)
net, X, y = fastmlp.init_mlp((20, 16, 2)), rng.normal(size=(64, 20)), rng.integers(2, size=64)

def bits(size):
    return fastmlp.train_mlp(net, X, y, epochs=2, batch_size=size, rng=1, backend="numba").network.theta.tobytes()

expected = {size: bits(size) for size in (8, 16, 32, 64)}
compiled_before = len(engine.train.signatures)
stop, wrong = threading.Event(), []

def work(size):
    while not stop.is_set():
        if bits(size) != expected[size]:
            wrong.append(size)

threads = [threading.Thread(target=work, args=(size,)) for size in expected]
for thread in threads:
    thread.start()
try:
    for _ in range(5):
        for kind in (np.uint64, np.int32, np.uint8, np.int64, np.intp):
            if bits(kind(32)) != expected[32]:
                wrong.append(kind)
finally:
    stop.set()
    for thread in threads:
        thread.join()
assert not wrong, wrong
assert fallback.current_tile() is tile
assert len(engine.train.signatures) == compiled_before == 1, engine.train.signatures
"""


def test_no_argument_switches_to_plain_loops_or_compiles_anew_while_others_train() -> None:
    done = subprocess.run([sys.executable, "-c", MISTYPED], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


ARGUMENTS: dict[str, Any] = {
    "x": object(),
    "depth": "deep",
    "activation": "much",
    "x, complex": np.zeros((19, 5), complex),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_that_no_kernel_takes_switches_nothing(name: str) -> None:
    arguments = {key: value for key, value in training().items() if key in {"theta", "sizes", "activation", "x"}}
    tile = fallback.current_tile()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.raises((TypeError, ValueError, IndexError, AttributeError, numba.TypingError)):
            compiled.features(**(arguments | {"depth": 1} | {name.split(",", maxsplit=1)[0]: ARGUMENTS[name]}))
    assert fallback.current_tile() is tile


def test_the_switch_leaves_calls_that_run_in_other_threads_alone() -> None:
    """They keep the tile that they began with, and the one that switches gets its result from plain loops."""
    before, seen, entered, switched = fallback.current_tile(), [], threading.Event(), threading.Event()

    def slow(tile: Tile) -> None:
        entered.set()
        switched.wait(10)
        seen.append(tile)

    def unbuildable(tile: Tile) -> str:
        if tile != PLAIN:
            raise NotImplementedError("no such instruction")
        return "plain"

    try:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(fallback.run, slow)
            entered.wait(10)
            with pytest.warns(RuntimeWarning, match="no such instruction"):
                assert fallback.run(unbuildable) == "plain"
            assert fallback.current_tile() == PLAIN
            switched.set()
            running.result(10)
        assert seen == [before]
    finally:
        fallback._tile = before

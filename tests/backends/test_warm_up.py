"""Kernels are compiled before the clock starts, and the log says so once."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp import backends
from fastmlp.backends import get_backend
from fastmlp.backends.warm_up import CALLS

numba: Any = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("nothing is compiled", allow_module_level=True)

from fastmlp.backends import compiled_data as data  # noqa: E402
from fastmlp.backends.kernels import engine, engine_lora  # noqa: E402

ENTRIES = {"train": engine.train, "train_between": engine.train, "forward": engine.predict}
ENTRIES["train_lora"] = ENTRIES["train_lora_between"] = engine_lora.train_lora
COLD = """
import logging, sys, time
import numpy as np
import fastmlp

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
net = fastmlp.init_mlp((4, 5, 3))
X, y = np.eye(12, 4), np.arange(12) % 3
start = time.perf_counter()
fits = [{call} for _ in range(2)]
waited = time.perf_counter() - start
print(*(fit.seconds for fit in fits), waited)
"""
CALL = {
    "a training": "fastmlp.train_mlp(net, X, y, epochs=2, backend='numba')",
    "frozen layers": "fastmlp.transfer(net, X, y, n_classes=3, strategy='frozen', epochs=2, backend='numba')",
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("call", CALL)
def test_seconds_of_a_first_training_hold_no_compiling(call: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", COLD.format(call=CALL[call])], capture_output=True, text=True, check=True, timeout=120
    )
    *messages, numbers = done.stdout.splitlines()
    first, second, waited = map(float, numbers.split())
    assert waited > 1  # the compiler did run, and the log told of it
    assert first < 0.1 * waited
    assert second < 0.1 * waited
    assert [message for message in messages if message.startswith("compiling kernels")] == messages[:1]
    assert any(message.startswith("compiled train in ") for message in messages)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        pytest.param(name, dtype, marks=[pytest.mark.exhaustive] * (name == "train_lora_between"))
        for name in ENTRIES
        for dtype in ("float64", "float32")
        if not (name.endswith("between") and dtype == "float32")
    ],
)
def test_what_is_warmed_up_is_what_is_called(function: str, dtype: str) -> None:
    """A call compiles for the types of its arguments: real ones must find what the small ones have left."""
    backends._warm_up.cache_clear()  # a test before this one may have called it on a tile of its own
    get_backend("numba").warm_up(np.dtype(dtype), function)
    before = len(ENTRIES[function].signatures)
    between: Any = {"inner_norms": (0, 1e-5, 0), "dropout": 0.1} if function.endswith("between") else {}
    net = fastmlp.init_mlp((6, 7, 5, 3), rng=0, dtype=dtype, **between)
    x, y = np.random.default_rng(0).normal(size=(40, 6)), np.arange(40) % 3
    strategy = "frozen" if function == "forward" else "lora-2" if "lora" in function else "finetune"
    options: Any = {"epochs": 3, "batch_size": np.int32(16), "backend": "numba"}
    fit = fastmlp.transfer(net, x[:, ::-1], y, n_classes=3, strategy=strategy, **options)
    fastmlp.predict(fit.network, np.asfortranarray(x), backend="numba")
    assert len(ENTRIES[function].signatures) == before


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_warmed_up_of_data_is_what_is_called(dtype: str) -> None:
    backends._warm_up.cache_clear()
    backend, entries = get_backend("numba"), (data.standardise_rows, data.count_right_in, data.count_examples)
    backend.warm_up(np.dtype(dtype), "data")
    before = [len(one.signatures) for one in entries]
    x, y = np.random.default_rng(0).random((12, 3)).astype(dtype), np.arange(12) % 3
    x.flags.writeable = y.flags.writeable = False
    backend.standardise(x[:, ::-1], np.zeros(3), np.ones(6)[::2], dtype)
    backend.count_right(np.broadcast_to(x, (2, 12, 3)), y)
    backend.count(x.astype(float).T.copy().T, y)
    assert [len(one.signatures) for one in entries] == before


def test_a_call_that_was_made_before_costs_nothing(monkeypatch: Any) -> None:
    backend = get_backend("numba")
    called = sorted(CALLS.keys() - {"train_lora_between"})
    backend.warm_up(np.dtype("float64"), *called)
    monkeypatch.setattr("fastmlp.backends.warm_up.CALLS", {})
    backend.warm_up(np.dtype("float64"), *called)


def test_the_log_is_silent_without_a_handler(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("fastmlp").info("compiling")
    assert capfd.readouterr().err == ""

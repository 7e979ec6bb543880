"""Several threads share one training, or one prediction: the same bits, and nobody waits for ever."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmlp
from fastmlp.backends.coefficients import SQUARED_AT_ONCE
from fastmlp.errors import InvalidInput
from fastmlp.machine import FLOP_OF_A_TEAM, FLOP_WORTH_A_TEAM, threads_for

pytest.importorskip("numba")

WIDE = (70, 130, 40, 3)


def trained(sizes: tuple[int, ...] = WIDE, n: int = 45, threads: int | None = 1, seed: int = 0, **options: Any) -> Any:
    rng = np.random.default_rng(seed)
    net = fastmlp.init_mlp(sizes, rng=seed, activation=options.pop("activation", "relu"))
    x, y = rng.normal(size=(n, sizes[0])), np.arange(n) % max(2, sizes[-1])
    given: dict[str, Any] = {"epochs": 2, "batch_size": 16, "lr": 0.05, "rng": seed, "backend": "numba"} | options
    return fastmlp.train_mlp(net, x, y, threads=threads, **given)


@settings(max_examples=10)
@given(
    sizes=st.lists(st.integers(1, 150), min_size=2, max_size=5).map(tuple),
    batch_size=st.integers(9, 40),
    optimizer=st.sampled_from(["sgd", "adam"]),
    activation=st.sampled_from(["relu", "tanh"]),
    threads=st.integers(2, 3),
)
def test_no_bit_depends_on_the_number_of_threads(
    sizes: tuple[int, ...], batch_size: int, optimizer: str, activation: str, threads: int
) -> None:
    n = max(45, sizes[-1])
    options: Any = {"batch_size": batch_size, "optimizer": optimizer, "activation": activation, "lr": 0.01}
    alone, shared = (trained(sizes, n, count, **options) for count in (1, threads))
    np.testing.assert_array_equal(shared.network.theta, alone.network.theta)
    np.testing.assert_array_equal(shared.losses, alone.losses)
    x = np.random.default_rng(1).normal(size=(n, sizes[0]))
    logits = [fastmlp.forward(alone.network, x, threads=count, backend="numba") for count in (1, threads)]
    np.testing.assert_array_equal(logits[1], logits[0])


def test_no_bit_depends_on_the_number_of_threads_where_layers_normalise_and_drop() -> None:
    between: Any = {"norms": (1e-5, 1e-5, 1e-5), "inner_norms": (1e-5, 0, 0), "dropout": (0.1, 0.2, 0.3)}
    net = fastmlp.init_mlp(WIDE, rng=0, dtype="float64", activation="gelu", norm_dropout=(0.1, 0.1, 0), **between)
    x, y = np.random.default_rng(0).normal(size=(45, WIDE[0])), np.arange(45) % 3
    alone, *shared = (fastmlp.train_mlp(net, x, y, epochs=2, threads=count, backend="numba") for count in (1, 2, 3))
    for fit in shared:
        np.testing.assert_array_equal(fit.network.theta, alone.network.theta)


def test_no_bit_of_a_penalty_depends_on_the_number_of_threads() -> None:
    """The squares of a matrix of this size are added in several pieces, which the threads share."""
    options: Any = {"sizes": (370, 390, 3), "l2": 0.1, "lr": 1e-3}
    assert SQUARED_AT_ONCE < 370 * 390
    alone, *shared = (trained(threads=count, **options) for count in (1, 2, 3))
    for fit in shared:
        np.testing.assert_array_equal(fit.penalties, alone.penalties)
    np.testing.assert_allclose(alone.penalties, trained(backend="numpy", **options).penalties, rtol=1e-6)


def test_all_threads_stop_where_a_training_diverges() -> None:
    alone, shared = (trained(threads=count, lr=1e30, epochs=4) for count in (1, 3))
    assert alone.diverged
    assert shared.steps == alone.steps
    np.testing.assert_array_equal(shared.losses, alone.losses)


def test_trainings_share_threads_at_the_same_time() -> None:
    expected = [trained(seed=seed).network.theta for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        fits = pool.map(lambda seed: trained(seed=seed, threads=3), [0, 1, 2, 3] * 3)
        for theta, fit in zip(expected * 3, fits, strict=True):
            np.testing.assert_array_equal(fit.network.theta, theta)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_shares_threads_too() -> None:
    trained(threads=2)
    child = multiprocessing.get_context("fork").Process(target=trained, kwargs={"threads": 2})
    child.start()
    child.join(60)
    assert child.exitcode == 0


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    trained(threads=4)
    assert threading.active_count() == before


def test_a_training_goes_on_alone_where_threads_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = trained().network.theta
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def refuse_the_second(thread: threading.Thread) -> None:
        started.append(thread)
        if len(started) % 2 == 0:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_the_second)
    np.testing.assert_array_equal(trained(threads=3).network.theta, expected)
    assert len(started) >= 2
    assert not any(thread.is_alive() for thread in started[::2])


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "two"])
def test_threads_that_cannot_be_are_refused(threads: Any) -> None:
    with pytest.raises(InvalidInput, match="threads"):
        trained(threads=threads)
    with pytest.raises(InvalidInput, match="threads"):
        fastmlp.predict(fastmlp.init_mlp((2, 2)), [[0.0, 1.0]], threads=threads)


def test_small_work_gets_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastmlp.machine.usable_cores", lambda: 8)
    assert threads_for(FLOP_OF_A_TEAM / 2, 10**9) == 1
    assert threads_for(FLOP_OF_A_TEAM, 1) == 1
    assert threads_for(FLOP_OF_A_TEAM, int(FLOP_WORTH_A_TEAM / FLOP_OF_A_TEAM)) == 8


INTERRUPTED = """
import signal
import numpy as np, fastmlp
signal.signal(signal.SIGINT, signal.default_int_handler)  # the background jobs of a shell ignore it
x = np.random.default_rng(0).normal(size=(2000, 400)).astype("float32")
net = fastmlp.init_mlp((400, 300, 10))
fastmlp.train_mlp(net, x, np.arange(2000) % 10, epochs=1, batch_size=200, threads=2)
print("ready", flush=True)
try:
    fastmlp.train_mlp(net, x, np.arange(2000) % 10, epochs=20_000, batch_size=200, lr=1e-6, threads=2)
except KeyboardInterrupt:
    print("heard", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no such signal")
def test_a_team_hears_ctrl_c() -> None:
    child = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30)[0] == "heard\n"

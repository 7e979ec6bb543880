"""A weighted short batch is a share of a step: arithmetic by hand, and what follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from fastmlp.backends import get_backend
from fastmlp.backends.reference import loss_and_gradient
from fastmlp.errors import MissingLibrary
from fastmlp.registry import BETA1, BETA2, EPSILON, OPTIMIZERS

from ..trainings import RATES, run, training

DECAY, PULL = 0.3, 0.7


def backends() -> list[Any]:
    found = [get_backend("numpy")]
    try:
        return [*found, get_backend("numba")]
    except MissingLibrary:
        return found


BACKENDS = pytest.mark.parametrize("backend", backends(), ids=lambda backend: backend.name)
EACH_OPTIMIZER = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def average(numbers: list[Any], shares: list[float], beta: float) -> Any:
    """Weighted mean of what was seen: a step of share c forgets and learns c (1 - beta)."""
    learnt = [c * (1 - beta) for c in shares]
    weights = [learn * np.prod([1 - later for later in learnt[i + 1 :]]) for i, learn in enumerate(learnt)]
    return sum(w * number for w, number in zip(weights, numbers, strict=True)) / sum(weights)


def by_hand(arguments: dict[str, Any], optimizer: str, decay: float, pull: float) -> Any:
    """Parameters after a weighted training, from the formulas as they are written down."""
    p, rate, momentum = arguments["theta"].copy(), RATES[optimizer], arguments["momentum"]
    size, n = arguments["batch_size"], arguments["order"].shape[1]
    gradients: list[Any] = []
    shares: list[float] = []
    for order in arguments["order"]:
        for batch in (order[start : start + size] for start in range(0, n, size)):
            c = len(batch) / size
            x, y = arguments["x"][batch], arguments["y"][batch]
            _, g = loss_and_gradient(p, arguments["sizes"], arguments["activation"], x, y)
            gradients.append(g if optimizer == "adamw" else g + decay * p)
            shares.append(c)
            if optimizer == "sgd":  # every gradient still moves, by its own share of the rate and what momentum leaves
                past = [c_i * momentum**age for age, c_i in enumerate(reversed(shares))]
                p = p - rate * sum(w * g for w, g in zip(past, reversed(gradients), strict=True))
            else:
                p = p * (1 - c * rate * decay) if optimizer == "adamw" else p
                m = average(gradients, shares, BETA1)
                v = average([g**2 for g in gradients], shares, BETA2)
                p = p - c * rate * m / (np.sqrt(v) + EPSILON)
            p = arguments["anchor"] + (p - arguments["anchor"]) / (1 + c * rate * pull)
    return p


@BACKENDS
@EACH_OPTIMIZER
@pytest.mark.parametrize(("decay", "pull"), [(0.0, 0.0), (DECAY, 0.0), (0.0, PULL), (DECAY, PULL)])
@pytest.mark.parametrize("n", [16, 17, 23])
def test_a_weighted_training_by_hand(backend: Any, optimizer: str, decay: float, pull: float, n: int) -> None:
    arguments = training(optimizer=optimizer, n=n, decays=decay, pulls=pull, weighted=True)
    expected = by_hand(arguments, optimizer, decay, pull)
    _, actual = run(backend, arguments)
    assert_allclose(actual["theta"], expected, rtol=1e-9, atol=1e-12)


@BACKENDS
@EACH_OPTIMIZER
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "size"), [(16, 8), (24, 8), (8, 8), (5, 8), (6, 1)])
def test_full_batches_alone_give_the_same_bits_weighted_or_not(
    backend: Any, optimizer: str, dtype: str, n: int, size: int
) -> None:
    arguments = training(optimizer=optimizer, dtype=dtype, n=n, batch_size=size, epochs=9, decays=0.1, pulls=0.2)
    (_, plain), (_, weighted) = run(backend, arguments), run(backend, arguments, weighted=True)
    for name in ("theta", "state", "losses"):
        assert_array_equal(weighted[name], plain[name])


@BACKENDS
@EACH_OPTIMIZER
@pytest.mark.parametrize("cut", [1, 2, 3, 7])
def test_a_weighted_training_in_two_calls_has_the_same_bits(backend: Any, optimizer: str, cut: int) -> None:
    arguments = training(optimizer=optimizer, decays=0.1, weighted=True)
    _, whole = run(backend, arguments)
    _, half = run(backend, arguments, last=cut)
    _, halves = run(backend, half, first=cut, last=arguments["last"])
    assert_array_equal(halves["theta"], whole["theta"])


@settings(max_examples=40, deadline=None)
@given(size=st.integers(2, 12), full=st.integers(1, 3), rest=st.integers(1, 11), seed=st.integers(0, 99))
def test_without_momentum_a_short_step_is_its_share_of_the_step_that_it_was(
    size: int, full: int, rest: int, seed: int
) -> None:
    rest = 1 + (rest - 1) % (size - 1)
    n = full * size + rest
    for backend in backends():
        arguments = training(n=n, batch_size=size, epochs=1, momentum=0.0, seed=seed)
        _, before = run(backend, arguments, last=full)
        (_, plain), (_, weighted) = (run(backend, before, first=full, last=full + 1, weighted=w) for w in (False, True))
        step = plain["theta"] - before["theta"]
        assert_allclose(weighted["theta"] - before["theta"], rest / size * step, atol=1e-13)


@BACKENDS
@EACH_OPTIMIZER
def test_one_example_left_over_changes_little(backend: Any, optimizer: str) -> None:
    """33 examples in batches of 32: how far the one moves the network, weighted, as a part of what it does in full."""
    parts, epochs = [], 10
    for seed in range(5):
        arguments = training((5, 16, 3), optimizer=optimizer, n=33, batch_size=32, epochs=epochs, seed=seed)
        arguments["order"] = np.array([[*np.random.default_rng(epoch).permutation(32), 32] for epoch in range(epochs)])
        _, without = run(backend, arguments, order=arguments["order"][:, :32].copy(), last=epochs)
        results = [run(backend, arguments, weighted=weighted)[1] for weighted in (True, False)]
        weighted, plain = (np.linalg.norm(result["theta"] - without["theta"]) for result in results)
        parts.append(weighted / plain)
    assert np.mean(parts) < 0.4

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastmlp.backends import reference
from fastmlp.backends.reference_lora import factor_sizes, merge, train_lora
from fastmlp.network import init_mlp, kernel_arguments

from ..conftest import SeededRng

RANK, SCALE = 2, 0.7


def case(rng: SeededRng, *, epochs: int = 1, batch_size: int = 9, **changes: Any) -> dict[str, Any]:
    """Arguments of a training of a tanh network, factors all drawn at random, at rate 1 and without momentum."""
    theta, sizes, activation = kernel_arguments(init_mlp((5, 6, 7, 4), rng=1, dtype="float64", activation="tanh"))
    factors = rng.normal(sum(factor_sizes(sizes, RANK)))
    base = theta.copy()
    merge(theta, base, factors, sizes, RANK, SCALE)
    arguments = {
        "theta": theta,
        "factors": factors,
        "state": np.zeros((2, factors.size)),
        "sizes": sizes,
        "activation": activation,
        "optimizer": 0,
        "x": rng.normal(9, 5),
        "y": rng.labels(9, 4),
        "order": np.tile(np.arange(9), (epochs, 1)),
        "batch_size": batch_size,
        "rank": RANK,
        "scale": SCALE,
        "rates": np.ones((3, 2)),
        "decays": np.zeros((3, 2)),
        "base": base,
        "momentum": 0.0,
        "losses": np.zeros(epochs),
        "first": 0,
        "last": epochs * -(-9 // batch_size),
    }
    return arguments | changes


def test_a_step_follows_the_gradient_of_the_factors_by_central_differences(rng: SeededRng) -> None:
    arguments = case(rng)
    before = arguments["factors"].copy()

    def loss(factors: Any) -> float:
        theta = arguments["base"].copy()
        merge(theta, arguments["base"], factors, arguments["sizes"], RANK, SCALE)
        sizes, activation, x, y = (arguments[name] for name in ("sizes", "activation", "x", "y"))
        return reference.loss_and_gradient(theta, sizes, activation, x, y)[0]

    slopes = [(loss(before + 1e-6 * e) - loss(before - 1e-6 * e)) / 2e-6 for e in np.eye(before.size)]
    train_lora(**arguments)
    assert_allclose(before - arguments["factors"], slopes, atol=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("optimizer", [0, 1, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(5, 6, 7, 4), (5, 40, 4), (5, 20, 1), (5, 4)], ids=str)
def test_the_compiled_training_agrees_with_this_one(
    sizes: tuple[int, ...], optimizer: int, dtype: str, tolerance: float, rng: SeededRng, *, weighted: bool
) -> None:
    low_rank = pytest.importorskip("fastmlp.backends.compiled_lora")
    theta, places, activation = kernel_arguments(init_mlp(sizes, rng=1, dtype=dtype))
    factors = (0.3 * rng.normal(sum(factor_sizes(places, 3)))).astype(dtype)
    x, y = rng.normal(21, 5).astype(dtype), rng.labels(21, max(2, sizes[-1]))
    rates, decays = np.full((2, len(sizes) - 1, 2), 0.01)
    order = np.array([np.random.default_rng(epoch).permutation(21) for epoch in range(3)])
    results = []
    for train in (train_lora, low_rank.train_lora):
        merged, trained, state, losses = theta.copy(), factors.copy(), np.zeros((2, factors.size), dtype), np.zeros(3)
        merge(merged, theta, trained, places, 3, SCALE)
        for first, last in ((0, 4), (4, 9)):
            done = train(
                merged, trained, state, places, activation, optimizer, x, y, order, 8, 3, SCALE, rates, decays,
                theta.copy(), 0.9, losses, first, last, weighted=weighted,
            )  # fmt: skip
            assert done == last
        results.append((merged, trained, state, losses))
    for ours, theirs in zip(*results, strict=True):
        assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def test_a_training_that_diverged_stops_no_later_one(rng: SeededRng) -> None:
    low_rank = pytest.importorskip("fastmlp.backends.compiled_lora")
    broken, sound = case(rng), case(rng)
    broken["x"][0] = np.nan
    assert low_rank.train_lora(**broken) == 0
    assert low_rank.train_lora(**sound) == sound["last"]


def test_a_weighted_short_batch_moves_the_factors_by_its_share(rng: SeededRng) -> None:
    # 9 examples in batches of 4: the last batch has 1, a quarter. Without momentum its step is rate * gradient.
    whole, moved = case(rng, batch_size=4, decays=np.full((3, 2), 0.1)), {}
    train_lora(**(whole | {"last": 2}))
    for weighted in (False, True):
        last: dict[str, Any] = {
            name: value.copy() if isinstance(value, np.ndarray) else value for name, value in whole.items()
        }
        train_lora(**(last | {"first": 2, "weighted": weighted}))
        moved[weighted] = last["factors"] - whole["factors"]
    assert np.abs(moved[False]).max() > 0.01
    assert_allclose(moved[True], moved[False] / 4, atol=1e-14)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
def test_theta_is_always_the_base_and_the_product(dtype: str, tolerance: float, rng: SeededRng) -> None:
    arguments = case(rng, epochs=3, batch_size=4, rates=np.full((3, 2), 0.05), momentum=0.9)
    arguments |= {name: arguments[name].astype(dtype) for name in ("theta", "factors", "state", "x", "base")}
    train_lora(**arguments)
    expected = arguments["base"].astype("float64")
    merge(expected, expected.copy(), arguments["factors"].astype("float64"), arguments["sizes"], RANK, SCALE)
    assert_allclose(arguments["theta"], expected, atol=tolerance)
    assert arguments["theta"].dtype == dtype


def test_b_of_zero_changes_nothing_to_the_bit(rng: SeededRng) -> None:
    arguments = case(rng)
    *body, weights, bias = factor_sizes(arguments["sizes"], RANK)
    starts = np.cumsum([0, *body])
    for i in range(1, len(body), 2):
        arguments["factors"][starts[i] : starts[i + 1]] = 0
    head = weights + bias
    arguments["factors"][-head:] = arguments["base"][-head:]
    merge(arguments["theta"], arguments["base"], arguments["factors"], arguments["sizes"], RANK, SCALE)
    assert_array_equal(arguments["theta"], arguments["base"])


def test_biases_of_the_body_do_not_move(rng: SeededRng) -> None:
    arguments = case(rng, epochs=3, batch_size=4, rates=np.full((3, 2), 0.05))
    train_lora(**arguments)
    for start, width in zip((30, 78), (6, 7), strict=True):
        assert_array_equal(arguments["theta"][start : start + width], arguments["base"][start : start + width])


@pytest.mark.parametrize("cut", [1, 4])
def test_a_training_in_two_calls_has_the_same_bits(cut: int, rng: SeededRng) -> None:
    options: dict[str, Any] = {"epochs": 2, "batch_size": 4, "rates": np.full((3, 2), 0.05), "momentum": 0.9}
    whole = case(SeededRng(5), **options)
    halves = case(SeededRng(5), **options)
    assert train_lora(**whole) == whole["last"]
    train_lora(**(halves | {"last": cut}))
    train_lora(**(halves | {"first": cut}))
    assert_array_equal(halves["theta"], whole["theta"])

"""The reference against calculus, against arithmetic by hand, and against itself."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastmlp.backends import reference
from fastmlp.backends.reference_losses import mean_loss
from fastmlp.network import Network, backward, init_mlp, kernel_arguments, predict_proba
from fastmlp.registry import ACTIVATIONS, CROSS_ENTROPY, FLUSHED, OPTIMIZERS, TINY

if TYPE_CHECKING:
    from ..conftest import SeededRng


def training(net: Network, x: Any, y: Any, *, epochs: int = 4, batch_size: int = 4, **changes: Any) -> dict[str, Any]:
    """Arguments of `train` for a copy of a network, every part at rate 0.1."""
    theta, sizes, activation = kernel_arguments(net.copy())
    n_layers, n = len(sizes) - 1, len(x)
    generator = np.random.default_rng(3)
    order = np.array([generator.permutation(n) for _ in range(epochs)])
    arguments = {
        "theta": theta,
        "state": np.zeros((2, theta.size), theta.dtype),
        "sizes": sizes,
        "activation": activation,
        "optimizer": 0,
        "x": np.asarray(x, dtype=theta.dtype),
        "y": np.asarray(y, dtype=np.int64),
        "order": order,
        "batch_size": batch_size,
        "rates": np.full((n_layers, 2), 0.1),
        "decays": np.zeros((n_layers, 2)),
        "pulls": np.zeros((n_layers, 2)),
        "anchor": theta.copy(),
        "momentum": 0.9,
        "losses": np.zeros(epochs),
        "first": 0,
        "last": epochs * -(-n // batch_size),
    }
    return arguments | changes


def test_two_by_two_network_by_hand() -> None:
    net = init_mlp((2, 2, 2), dtype="float64")
    net.weights[0][:] = [[1.0, -1.0], [0.5, 0.25]]
    net.weights[1][:] = [[1, 0], [3, 1]]
    net.biases[1][:] = [0, 2]

    loss, gradient = backward(net, [[1.0, 2.0]], [0], backend="numpy")

    # z1 = x W1 + b1 = (1*1 + 2*0.5, 1*-1 + 2*0.25) = (2, -0.5); a = relu(z1) = (2, 0)
    # z2 = a W2 + b2 = (2*1 + 0*3 + 0, 2*0 + 0*1 + 2) = (2, 2); p = softmax(z2) = (1/2, 1/2)
    assert loss == pytest.approx(np.log(2), rel=1e-15)  # -log p(label 0) = log 2
    # dz2 = p - onehot(0) = (-1/2, 1/2)
    assert_array_equal(gradient.biases[1], [-0.5, 0.5])
    # dW2 = a^T dz2 = [[2*-1/2, 2*1/2], [0, 0]]
    assert_array_equal(gradient.weights[1], [[-1, 1], [0, 0]])
    # da = dz2 W2^T = (-1/2*1 + 1/2*0, -1/2*3 + 1/2*1) = (-1/2, -1); relu passes it where a > 0: dz1 = (-1/2, 0)
    assert_array_equal(gradient.biases[0], [-0.5, 0])
    # dW1 = x^T dz1 = [[1*-1/2, 0], [2*-1/2, 0]]
    assert_array_equal(gradient.weights[0], [[-0.5, 0], [-1, 0]])


def test_two_steps_of_momentum_by_hand() -> None:
    # One input, one logit, p = 0, x = 1, y = 1: dz = sigmoid(0) - 1 = -1/2, so g = -1/2 for the weight and the bias.
    net = init_mlp((1, 1), dtype="float64")
    net.theta[:] = 0
    arguments = training(net, [[1.0]], [1], epochs=1, last=1)
    reference.train(**arguments)
    # v = 0.9 * 0 - 0.1 * -1/2 = 0.05; p = 0 + 0.05
    assert_allclose(arguments["theta"], [0.05, 0.05], rtol=1e-15)
    # z = 0.05 * 1 + 0.05 = 0.1; g = sigmoid(0.1) - 1 = -0.47502081252106; v = 0.9 * 0.05 + 0.1 * 0.4750... = 0.0925...
    reference.train(**(arguments | {"order": np.zeros((2, 1), int), "losses": np.zeros(2), "first": 1, "last": 2}))
    assert_allclose(arguments["theta"], 0.05 + 0.045 + 0.047502081252106, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(3, 4), (3, 5, 4), (3, 5, 6, 4), (3, 5, 1), (3, 4, 4, 4, 2)], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_matches_central_differences(sizes: tuple[int, ...], activation: str, rng: SeededRng) -> None:
    net = init_mlp(sizes, rng=1, dtype="float64", activation=activation)
    net.theta[:] += 0.1 * rng.normal(net.theta.size)
    x, y = rng.normal(7, 3), rng.labels(7, net.n_classes)
    _, gradient = backward(net, x, y, backend="numpy")

    step = 1e-6
    for i in range(net.theta.size):
        ahead, behind = net.copy(), net.copy()
        ahead.theta[i] += step
        behind.theta[i] -= step
        difference = backward(ahead, x, y, backend="numpy")[0] - backward(behind, x, y, backend="numpy")[0]
        assert gradient.theta[i] == pytest.approx(difference / (2 * step), abs=1e-6)


@pytest.mark.parametrize("n_logits", [1, 2, 3])
@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_logits_give_finite_losses_and_gradients(n_logits: int, size: float, dtype: str) -> None:
    logits = np.zeros((2, n_logits), dtype=dtype)
    logits[:, 0] = size
    loss, dz = mean_loss(CROSS_ENTROPY, logits, np.array([0, 1]))
    assert loss == pytest.approx(5e3, abs=1)  # one of the two is wrong by 1e4; ties among three logits cost log 2
    assert np.isfinite(dz).all()
    assert dz.dtype == dtype


def test_one_logit_gives_the_probabilities_of_two(rng: SeededRng) -> None:
    one, two = init_mlp((3, 4, 1), rng=1, dtype="float64"), init_mlp((3, 4, 2), rng=1, dtype="float64")
    two.theta[: two.layout.starts[1]] = one.theta[: one.layout.starts[1]]
    two.weights[1][:] = np.hstack([np.zeros((4, 1)), one.weights[1]])
    x, y = rng.normal(6, 3), rng.labels(6, 2)
    assert_allclose(predict_proba(one, x, backend="numpy"), predict_proba(two, x, backend="numpy"), rtol=1e-14)
    loss, gradient = backward(one, x, y, backend="numpy")
    loss_two, gradient_two = backward(two, x, y, backend="numpy")
    assert loss == pytest.approx(loss_two, rel=1e-14)
    assert_allclose(gradient.weights[1][:, 0], gradient_two.weights[1][:, 1], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", range(len(OPTIMIZERS)))
def test_nothing_leaves_the_dtype(optimizer: int, dtype: str, rng: SeededRng) -> None:
    net = init_mlp((3, 4, 3), dtype=dtype)
    x, y = rng.normal(6, 3).astype(dtype), rng.labels(6, 3)
    arguments = training(net, x, y, optimizer=optimizer, decays=np.full((2, 2), 0.1), pulls=np.full((2, 2), 0.1))
    reference.train(**arguments)
    _, gradient = reference.loss_and_gradient(*kernel_arguments(net), x, y)
    assert {arguments["theta"].dtype, arguments["state"].dtype, gradient.dtype} == {np.dtype(dtype)}
    assert reference.forward(*kernel_arguments(net), x).dtype == dtype


@pytest.mark.parametrize("optimizer", range(len(OPTIMIZERS)))
@pytest.mark.parametrize("cut", [1, 3, 7])
def test_a_training_in_two_calls_has_the_same_bits(optimizer: int, cut: int, rng: SeededRng) -> None:
    net, x, y = init_mlp((3, 4, 3)), rng.normal(6, 3), rng.labels(6, 3)
    whole, halves = (training(net, x, y, optimizer=optimizer) for _ in range(2))
    assert reference.train(**whole) == whole["last"]
    reference.train(**(halves | {"last": cut}))
    reference.train(**(halves | {"first": cut}))
    assert_array_equal(halves["theta"], whole["theta"])
    assert_array_equal(halves["losses"], whole["losses"])


@pytest.mark.parametrize("optimizer", range(len(OPTIMIZERS)))
def test_a_rate_of_zero_keeps_parameters_and_state(optimizer: int, rng: SeededRng) -> None:
    net, x, y = init_mlp((3, 4, 5, 3), rng=2), rng.normal(6, 3), rng.labels(6, 3)
    for layer, part in itertools.product(range(3), range(2)):
        rates = np.full((3, 2), 0.1)
        rates[layer, part] = 0
        arguments = training(net, x, y, optimizer=optimizer, rates=rates, decays=np.ones((3, 2)), pulls=np.ones((3, 2)))
        reference.train(**arguments)
        start = net.layout.starts[layer] + part * net.layout.lengths[layer, 0]
        kept = slice(start, start + (net.biases, net.weights)[part == 0][layer].size)
        moved = arguments["theta"] != net.theta
        assert not moved[kept].any()
        assert not arguments["state"][:, kept].any()
        assert moved.sum() > 0


def test_a_strong_pull_keeps_the_parameters_at_the_anchor(rng: SeededRng) -> None:
    net, x, y = init_mlp((3, 4, 3), rng=2, dtype="float64"), rng.normal(6, 3), rng.labels(6, 3)
    arguments = training(net, x, y, pulls=np.full((2, 2), 1e9))
    reference.train(**arguments)
    assert_allclose(arguments["theta"], net.theta, atol=1e-7)


def test_adams_first_step_has_the_length_of_its_rate(rng: SeededRng) -> None:
    # With bias correction m / sqrt(v) is g / |g| at t = 1 (Kingma & Ba 2015, section 2.1)
    net, x, y = init_mlp((3, 4, 3), rng=2, dtype="float64"), rng.normal(6, 3), rng.labels(6, 3)
    arguments = training(net, x, y, optimizer=1, batch_size=6, last=1)
    _, gradient = reference.loss_and_gradient(
        *kernel_arguments(net), x[arguments["order"][0]], y[arguments["order"][0]]
    )
    reference.train(**arguments)
    clear = np.abs(gradient) > 1e-4  # where EPSILON does not matter
    assert_allclose((arguments["theta"] - net.theta)[clear], -0.1 * np.sign(gradient[clear]), rtol=1e-3)


def test_adamw_decays_weights_apart_from_the_gradient(rng: SeededRng) -> None:
    # AdamW without a gradient only shrinks: p (1 - rate decay). Zero inputs give the first layer no gradient.
    net = init_mlp((3, 4, 3), rng=2, dtype="float64")
    arguments = training(
        net, np.zeros((6, 3)), rng.labels(6, 3), optimizer=2, decays=np.array([[0.5, 0], [0, 0]]), last=1
    )
    reference.train(**arguments)
    assert_allclose(arguments["theta"][:12], net.theta[:12] * (1 - 0.1 * 0.5), rtol=1e-14)


def test_decay_of_sgd_adds_to_the_gradient() -> None:
    net = init_mlp((3, 2), rng=2, dtype="float64")
    arguments = training(net, np.zeros((2, 3)), [0, 1], decays=np.array([[0.5, 0]]), batch_size=2, last=1)
    reference.train(**arguments)
    assert_allclose(arguments["theta"][:6], net.theta[:6] * (1 - 0.1 * 0.5), rtol=1e-14)


def test_moments_do_not_decay_into_denormals() -> None:
    net = init_mlp((3, 2), rng=2)
    arguments = training(net, np.zeros((2, 3)), [0, 1], epochs=2 * FLUSHED, batch_size=2, optimizer=1)
    arguments["state"][:] = 3 * TINY  # below TINY after 11 updates; the second moments, after a thousand
    reference.train(**arguments)
    assert_array_equal(arguments["state"][0, :6], 0)
    assert (arguments["state"][1, :6] > TINY).all()


def test_a_training_stops_at_the_first_loss_that_is_not_finite(rng: SeededRng) -> None:
    net, x, y = init_mlp((3, 4, 3), rng=2, dtype="float64"), rng.normal(6, 3), rng.labels(6, 3)
    arguments = training(net, x, y, batch_size=6)
    arguments["theta"][-1] = np.nan
    assert reference.train(**arguments) == 0
    assert np.isnan(arguments["losses"]).all()


def test_epoch_losses_are_means_over_examples_whatever_the_batches(rng: SeededRng) -> None:
    net, x, y = init_mlp((3, 4, 3), rng=2, dtype="float64"), rng.normal(7, 3), rng.labels(7, 3)
    loss, _ = backward(net, x, y, backend="numpy")
    for batch_size in (1, 3, 7):
        arguments = training(net, x, y, batch_size=batch_size, rates=np.zeros((2, 2)))
        reference.train(**arguments)
        assert_allclose(arguments["losses"], loss, rtol=1e-13)

"""The losses against calculus, against arithmetic by hand, and against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import fastmlp
from fastmlp.backends.reference_losses import mean_loss
from fastmlp.registry import ACTIVATIONS, BINARY_CROSS_ENTROPY, LOSSES, POISSON, SQUARED_ERROR

from ..trainings import targets

N = 7


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_match_central_differences(
    loss: str, outputs: int, activation: str, backend: str, *, weighted: bool
) -> None:
    draw = np.random.default_rng(3)
    net = fastmlp.init_mlp((3, 4, outputs), rng=1, dtype="float64", activation=activation)
    net.theta[:] += 0.1 * draw.normal(size=net.theta.size)
    x, y = draw.normal(size=(N, 3)), targets(loss, draw, N, outputs, "float64")
    options: dict[str, Any] = {"loss": loss, "backend": backend, "sample_weight": draw.random(N) if weighted else None}
    _, gradient = fastmlp.backward(net, x, y, **options)
    step, slopes = 1e-6, np.empty(net.theta.size)
    for i in range(net.theta.size):
        ahead, behind = net.copy(), net.copy()
        ahead.theta[i] += step
        behind.theta[i] -= step
        losses = [fastmlp.backward(moved, x, y, **options)[0] for moved in (ahead, behind)]
        slopes[i] = (losses[0] - losses[1]) / (2 * step)
    assert_allclose(gradient.theta, slopes, rtol=0, atol=1e-6)


def test_one_example_of_each_loss_by_hand() -> None:
    z, t = np.log([[3.0, 1.0]]), np.array([[1.0, 0.0]])
    # logistic(log 3) = 3/4, logistic(0) = 1/2: -log(3/4) - log(1/2); slopes are mean - t
    loss, dz = mean_loss(BINARY_CROSS_ENTROPY, z, t)
    assert loss == pytest.approx(np.log(8 / 3))
    assert_allclose(dz, [[-0.25, 0.5]])
    # means exp(z) = (3, 1): 1 log(1/3) - (1 - 3), and 1
    loss, dz = mean_loss(POISSON, z, t)
    assert loss == pytest.approx(3 - np.log(3))
    assert_allclose(dz, [[2, 1]])
    loss, dz = mean_loss(SQUARED_ERROR, np.array([[3.0, 1.0]]), t)
    assert loss == (4 + 1) / 2
    assert_allclose(dz, [[2, 1]])


@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_of_two_is_an_example_twice_and_of_zero_none(loss: str, backend: str) -> None:
    draw = np.random.default_rng(3)
    net, x = fastmlp.init_mlp((3, 4, 3), rng=1, dtype="float64"), draw.normal(size=(N, 3))
    y, weights = targets(loss, draw, N, 3, "float64"), np.array([2, 0, 1, 1, 3, 0, 1])
    weighted = fastmlp.backward(net, x, y, loss=loss, sample_weight=weights, backend=backend)
    repeated = fastmlp.backward(net, x.repeat(weights, 0), y.repeat(weights, 0), loss=loss, backend=backend)
    assert weighted[0] == pytest.approx(repeated[0], rel=1e-12)
    assert_allclose(weighted[1].theta, repeated[1].theta, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_logistic_output_of_ten_thousand_is_safe(dtype: str, backend: str) -> None:
    net = fastmlp.Network((1, 2), np.array([1e4, -1e4, 0, 0], dtype))
    loss, gradient = fastmlp.backward(
        net, [[1.0], [1.0]], [[1, 0], [0, 1]], loss="binary-cross-entropy", backend=backend
    )
    assert loss == pytest.approx(1e4)  # both outputs of the second example are wrong by it
    assert_allclose(gradient.theta, [0.5, -0.5, 0.5, -0.5])


def test_means_too_large_for_poisson_are_a_divergence(backend: str) -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(40, 3)), draw.poisson(2.0, 40)
    fit = fastmlp.train_mlp(fastmlp.init_mlp((3, 8, 1)), x, y, loss="poisson", lr=50.0, epochs=20, backend=backend)
    assert fit.diverged
    assert not np.isfinite(fit.losses[-1])


@pytest.mark.parametrize("loss", ["binary-cross-entropy", "squared-error", "poisson"])
def test_a_whole_training_gives_pytorchs_network(loss: str, backend: str, oracle: Callable[[str], ModuleType]) -> None:
    torch = oracle("torch")
    functional, draw, epochs = torch.nn.functional, np.random.default_rng(5), 20
    net, x = fastmlp.init_mlp((3, 4, 2), rng=1, dtype="float64", activation="tanh"), draw.normal(size=(N, 3))
    y = targets(loss, draw, N, 2, "float64")
    fit = fastmlp.train_mlp(
        net, x, y, loss=loss, epochs=epochs, batch_size=N, lr=0.02, nesterov=True, order=[range(N)] * epochs,
        backend=backend,
    )  # fmt: skip
    of = {
        "binary-cross-entropy": functional.binary_cross_entropy_with_logits,
        "squared-error": lambda z, t, reduction: functional.mse_loss(z, t, reduction=reduction) / 2,
        "poisson": functional.poisson_nll_loss,  # log_input is its default
    }[loss]
    layers = [torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)]
    model = torch.nn.Sequential(*layers).double()
    for layer, weight, bias in zip(layers[::2], net.weights, net.biases, strict=True):
        layer.weight.data, layer.bias.data = torch.tensor(weight.T), torch.tensor(bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)
    for _ in range(epochs):
        optimizer.zero_grad()
        (of(model(torch.tensor(x)), torch.tensor(y), reduction="sum") / N).backward()
        optimizer.step()
    theirs = np.concatenate([p.detach().numpy().T.ravel() for p in model.parameters()])
    assert_allclose(fit.network.theta, theirs, rtol=1e-9, atol=1e-11)

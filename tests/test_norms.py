"""Layers that normalise their inputs: predicted through, and trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file

import fastmlp
from fastmlp.backends import add_backend, reference
from fastmlp.backends.own import make_backend
from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.network import BY_LAYER
from fastmlp.norms import normalised
from fastmlp.registry import ACTIVATIONS
from fastmlp.training import Objective

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(2, 3, size=(30, 6)), np.arange(30) % 3
PLAIN = fastmlp.init_mlp((6, 5, 4, 3), rng=0, dtype="float64", activation="gelu")
THETA = PLAIN.theta.astype(np.float64)
FIRST = replace(PLAIN, norms=(1e-5, 0, 0))
INSIDE = replace(PLAIN, norms=(1e-5, 0, 1e-3))
OPTIONS: dict[str, Any] = {"epochs": 3, "backend": "numpy", "rng": 0}


def test_rows_have_mean_zero_and_variance_one() -> None:
    rows = normalised(X, 1e-12)
    assert_allclose(rows.mean(axis=1), 0, atol=1e-14)
    assert_allclose(rows.var(axis=1), 1, rtol=1e-10)
    assert normalised(X.astype("float32"), 1e-5).dtype == "float32"
    assert_array_equal(normalised(np.full((2, 3), 7.0), 1e-5), 0)  # nothing to divide by but epsilon


def test_a_first_layer_that_normalises_is_one_that_is_given_normalised_rows(backend: str) -> None:
    rows = normalised(X, 1e-5)
    for name in ("forward", "predict", "predict_proba"):
        function = getattr(fastmlp, name)
        assert_array_equal(function(FIRST, X, backend=backend), function(PLAIN, rows, backend=backend))
    ours, theirs = (fastmlp.backward(net, x, Y, backend=backend) for net, x in ((FIRST, X), (PLAIN, rows)))
    assert ours[0] == theirs[0]
    assert_array_equal(ours[1].theta, theirs[1].theta)
    assert ours[1].norms == FIRST.norms
    assert_array_equal(fastmlp.features(FIRST, X, depth=0, backend=backend), X)
    slopes = [Objective(net, x, Y, backend=backend)(THETA)[1] for net, x in ((FIRST, X), (PLAIN, rows))]
    assert_array_equal(slopes[0], slopes[1])


def test_it_is_trained_the_same() -> None:
    options = OPTIONS | {"accuracies": True, "held_back": 0.2}
    fits = [fastmlp.train_mlp(net, x, Y, **options) for net, x in ((FIRST, X), (PLAIN, normalised(X, 1e-5)))]
    assert_array_equal(fits[0].network.theta, fits[1].network.theta)
    assert fits[0].accuracies == fits[1].accuracies
    assert_array_equal(fits[0].validation_losses, fits[1].validation_losses)
    assert fits[0].network.norms == FIRST.norms


def test_layers_inside_normalise_what_the_layers_below_give(backend: str) -> None:
    two = fastmlp.features(FIRST, X, depth=2, backend=backend)
    assert_array_equal(fastmlp.features(INSIDE, X, depth=2, backend=backend), two)
    expected = normalised(two, 1e-3) @ PLAIN.weights[2] + PLAIN.biases[2]
    assert_allclose(fastmlp.forward(INSIDE, X, backend=backend), expected, rtol=1e-12)


@pytest.mark.parametrize("strategy", ["frozen", "partial-2", "probe-2"])
def test_what_lies_on_a_frozen_body_is_trained(strategy: str) -> None:
    fit = fastmlp.transfer(INSIDE, X, Y, strategy=strategy, n_classes=3, **OPTIONS)
    assert fit.network.norms == INSIDE.norms
    assert fit.losses[-1] < fit.losses[0]
    frozen = slice(0, PLAIN.layout.starts[2])
    assert_array_equal(fit.network.theta[frozen], PLAIN.theta[frozen])


@pytest.mark.parametrize("strategy", ["finetune", "scratch", "lora-1", "keep-head"])
def test_strategies_that_move_all_layers_keep_a_first_one_that_normalises(strategy: str) -> None:
    fits = [
        fastmlp.transfer(net, x, Y, strategy=strategy, n_classes=3, **OPTIONS)
        for net, x in ((FIRST, X), (PLAIN, normalised(X, 1e-5)))
    ]
    assert_array_equal(fits[0].network.theta, fits[1].network.theta)
    assert fits[0].network.norms == FIRST.norms


@pytest.mark.parametrize("inner", [(), (1e-2, 1e-3, 0)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_through_norms_match_central_differences(activation: str, inner: tuple[float, ...]) -> None:
    options: dict[str, Any] = {"activation": activation, "norms": (1e-3, 1e-2, 1e-3), "inner_norms": inner}
    net = fastmlp.init_mlp(PLAIN.sizes, rng=0, dtype="float64", **options)
    net = replace(net, theta=net.theta + 0.1 * DRAW.normal(size=net.theta.size))  # no bias is zero, where ReLU bends
    _, gradient = fastmlp.backward(net, X, Y, backend="numpy")
    step = 1e-6
    for i in range(0, net.theta.size, 3):
        ahead, behind = net.copy(), net.copy()
        ahead.theta[i] += step
        behind.theta[i] -= step
        losses = [fastmlp.backward(moved, X, Y, backend="numpy")[0] for moved in (ahead, behind)]
        assert gradient.theta[i] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-6)


def test_all_layers_of_a_network_that_normalises_inside_are_trained() -> None:
    fit = fastmlp.transfer(INSIDE, X, Y, strategy="finetune", n_classes=3, accuracies=True, **OPTIONS | {"epochs": 20})
    assert fit.losses[-1] < 0.9 * fit.losses[0]
    assert fit.accuracies[-1][1] == fastmlp.accuracy(fit.network, X, Y, backend="numpy")
    watched = fastmlp.train_mlp(INSIDE, X, Y, held_back=0.3, **OPTIONS)
    assert watched.validation_losses is not None
    objective = Objective(INSIDE, X, Y, backend="numpy")
    loss, gradient = fastmlp.backward(INSIDE, X, Y, backend="numpy")
    assert objective(THETA)[0] == loss
    assert_array_equal(objective(THETA)[1], gradient.theta)


def test_what_has_no_gradient_of_it_is_refused_before_anything_is_computed() -> None:
    own = make_backend("mine", reference.features, reference.forward, reference.loss_and_gradient)
    add_backend(own)
    for call in (fastmlp.train_mlp, fastmlp.backward):
        with pytest.raises(InvalidInput, match=r"inner layer normalises .* backend 'mine' has no gradient"):
            call(INSIDE, X, Y, backend="mine")
    assert fastmlp.forward(INSIDE, X, backend="mine").shape == (30, 3)


def gain_of(net: fastmlp.Network, layer: int) -> Any:
    gain = net.gains[layer]
    assert gain is not None
    return gain


def test_what_a_layer_gives_is_normalised_before_its_activation(backend: str) -> None:
    net = fastmlp.init_mlp((6, 5, 4, 3), rng=0, dtype="float64", activation="tanh", inner_norms=(0, 1e-3, 0))
    assert net.gains[0] is None
    assert_array_equal(net.gains[1], [[1] * 4, [0] * 4])
    net.theta[:] += 0.1 * DRAW.normal(size=net.theta.size)
    one = np.tanh(X @ net.weights[0] + net.biases[0])
    assert_allclose(fastmlp.features(net, X, depth=1, backend=backend), one, rtol=1e-12)
    gain, shift = gain_of(net, 1)
    two = np.tanh(normalised(one @ net.weights[1] + net.biases[1], 1e-3) * gain + shift)
    assert_allclose(fastmlp.features(net, X, depth=2, backend=backend), two, rtol=1e-11)
    logits = two @ net.weights[2] + net.biases[2]
    assert_allclose(fastmlp.forward(net, X, backend=backend), logits, rtol=1e-11)


INNER = fastmlp.init_mlp((6, 5, 4, 3), rng=0, dtype="float64", norms=(0, 1e-5, 0), inner_norms=(1e-5, 1e-3, 0))


@pytest.mark.parametrize(
    "strategy", ["frozen", "partial-1", "probe-1", "finetune", "scratch", "keep-head", "bitfit", "lora-1"]
)
def test_gains_are_transferred_and_trained_with_the_biases(strategy: str) -> None:
    fit = fastmlp.transfer(INNER, X, Y, strategy=strategy, n_classes=3, **OPTIONS)
    assert fit.network.inner_norms == ((1e-5, 0) if strategy == "probe-1" else INNER.inner_norms)
    assert (gain_of(fit.network, 0) != gain_of(INNER, 0)).any() == (
        strategy not in {"frozen", "partial-1", "probe-1", "lora-1"}
    )
    assert fit.frozen_before == fit.frozen_after
    if strategy == "bitfit":
        assert fit.free_by_layer[:2] == (3 * 5, 3 * 4)


def test_gains_are_saved_under_their_names(tmp_path: Path) -> None:
    net = replace(INNER, dropout=(0, 0.1, 0.2), norm_dropout=(0, 0.3, 0))
    net.theta[:] += DRAW.normal(size=net.theta.size)
    path = fastmlp.save(net, tmp_path / "net.safetensors")
    again = fastmlp.load(path)
    assert_array_equal(again.theta, net.theta)
    for name in BY_LAYER:
        assert getattr(again, name) == getattr(net, name)
    arrays = load_file(path)
    assert_array_equal([arrays["layers.1.gain"], arrays["layers.1.shift"]], net.gains[1])
    assert "layers.2.gain" not in arrays
    assert {*fastmlp.init_mlp((2, 2)).to_state().fields} == {"sizes", "dtype", "activation", "norms"}


def test_the_last_layer_has_no_inner_norm() -> None:
    with pytest.raises(InvalidInput, match=r"inner_norms end in 0\.1; the last layer has no activation"):
        fastmlp.init_mlp((3, 2), inner_norms=(0.1,))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_whole_training_is_that_of_pytorch(optimizer: str, oracle: Callable[[str], ModuleType]) -> None:
    torch = oracle("torch")
    net = fastmlp.init_mlp(
        (6, 8, 7, 3), rng=1, dtype="float64", activation="gelu", norms=(1e-5, 0, 1e-3), inner_norms=(1e-4, 1e-5, 0)
    )
    order = np.array([DRAW.permutation(30) for _ in range(5)])
    options: dict[str, Any] = {"epochs": 5, "batch_size": 8, "lr": 0.02, "weight_decay": 0.05, "optimizer": optimizer}
    module = fastmlp.to_torch(net)
    matrices = [parameter for parameter in module.parameters() if parameter.ndim == 2]
    vectors = [parameter for parameter in module.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    moves = kinds[optimizer](groups, lr=0.02, **({"momentum": 0.9} if optimizer == "sgd" else {}))
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    for rows in (epoch[start : start + 8] for epoch in order for start in range(0, 30, 8)):
        moves.zero_grad()
        torch.nn.functional.cross_entropy(module(x[rows]), y[rows]).backward()
        moves.step()
    expected = fastmlp.from_torch(module)
    for backend in ("numpy", "numba", "torch"):
        found = fastmlp.train_mlp(net, X, Y, order=order, backend=backend, **options).network
        assert_allclose(found.theta, expected.theta, rtol=1e-7, atol=1e-9)


def with_norms(norms: Any) -> fastmlp.Network:
    return replace(PLAIN, norms=norms)


def test_norms_are_a_number_for_each_layer_or_none() -> None:
    assert with_norms([0, 0, 0]).norms == ()
    assert with_norms([0, 1e-5, 0]).norms == (0, 1e-5, 0)
    with pytest.raises(ShapeError, match=r"norms are \(1e-05,\); the network has 3 layers"):
        with_norms((1e-5,))
    for wrong in (None, "eps", 1e-5):
        with pytest.raises(InvalidInput, match="a number for each layer is needed"):
            with_norms(wrong)
    for epsilon in (-1, float("nan"), "1", None, True):
        with pytest.raises(InvalidInput, match="norms is"):
            with_norms((epsilon, 0, 0))

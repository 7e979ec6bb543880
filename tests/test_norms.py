"""Layers that normalise their inputs: predicted through everywhere, trained where nothing below them moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.norms import normalised
from fastmlp.training import Objective

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(2, 3, size=(30, 6)), np.arange(30) % 3
PLAIN = fastmlp.init_mlp((6, 5, 4, 3), rng=0, dtype="float64", activation="gelu")
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
    assert_array_equal(*(Objective(net, x, Y, backend=backend)(net.theta)[1] for net, x in ((FIRST, X), (PLAIN, rows))))


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


def test_layers_below_one_that_normalises_are_not_trained_and_nothing_begins() -> None:
    says = r"to be trained, and layer 2 normalises what it takes .* as the strategies frozen and partial-2 do"
    for call in (
        lambda: fastmlp.train_mlp(INSIDE, X, Y, **OPTIONS),
        lambda: fastmlp.transfer(INSIDE, X, Y, strategy="finetune", n_classes=3, **OPTIONS),
        lambda: fastmlp.transfer(INSIDE, X, Y, strategy="gradual", n_classes=3, **OPTIONS),
        lambda: fastmlp.backward(INSIDE, X, Y, backend="numpy"),
        lambda: Objective(INSIDE, X, Y, backend="numpy"),
    ):
        with pytest.raises(InvalidInput, match=says):
            call()


def test_norms_are_a_number_for_each_layer_or_none() -> None:
    assert replace(PLAIN, norms=[0, 0, 0]).norms == ()
    assert replace(PLAIN, norms=[0, 1e-5, 0]).norms == (0, 1e-5, 0)
    with pytest.raises(ShapeError, match=r"norms are \(1e-05,\); the network has 3 layers"):
        replace(PLAIN, norms=(1e-5,))
    for wrong in (None, "eps", 1e-5):
        with pytest.raises(InvalidInput, match="a number for each layer is needed"):
            replace(PLAIN, norms=wrong)
    for epsilon in (-1, float("nan"), "1", None, True):
        with pytest.raises(InvalidInput, match="norms is"):
            replace(PLAIN, norms=(epsilon, 0, 0))

"""Dropout: drawn alike by all backends, in trainings and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.backends import add_backend, reference
from fastmlp.backends.between import mask
from fastmlp.backends.own import make_backend
from fastmlp.errors import InvalidInput, ShapeError

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(30, 6)), np.arange(30) % 3
PLAIN = fastmlp.init_mlp((6, 9, 8, 3), rng=0, dtype="float64")
NET = replace(PLAIN, dropout=(0.1, 0.5, 0.25))
OPTIONS: dict[str, Any] = {"epochs": 4, "batch_size": 8, "backend": "numpy", "rng": 0}
DOUBLE = np.dtype("float64")


def test_a_mask_keeps_its_share_and_leaves_means_as_they_are() -> None:
    found = mask(0.3, 1234567890, 0, (2000, 100), DOUBLE)
    assert found is not None
    assert set(np.unique(found)) == {0, 1 / 0.7}
    kept = found > 0
    assert kept.mean() == pytest.approx(0.7, abs=5 * np.sqrt(0.21 / kept.size))
    for axis, size in ((0, 2000), (1, 100)):  # of each unit and each visit as well, as many as chance would have it
        spread = (kept.mean(axis=axis) - 0.7) / np.sqrt(0.21 / size)
        assert spread.std() == pytest.approx(1, abs=0.3)
        assert abs(spread).max() < 5


def test_masks_of_visits_units_and_keys_have_nothing_to_do_with_each_other() -> None:
    masks = [mask(0.5, key, visit, (64, 64), DOUBLE) for key in (0, 1, 2**32 - 1) for visit in (0, 64, 2**33)]
    signs = np.array([np.sign(found - 1).ravel() for found in masks if found is not None])
    rows = signs.reshape(len(signs) * 64, 64)
    for lines, length in ((signs, 64 * 64), (rows, 64), (rows.T, len(rows))):
        correlations = lines @ lines.T / length
        np.fill_diagonal(correlations, 0)
        assert abs(correlations).max() < 6 / np.sqrt(length)


def test_a_batch_is_dropped_as_its_examples_are() -> None:
    whole = mask(0.5, 3, 10, (8, 5), DOUBLE)
    assert whole is not None
    part = mask(0.5, 3, 14, (2, 5), DOUBLE)
    assert_array_equal(part, whole[4:6])
    assert mask(0.0, 3, 10, (8, 5), DOUBLE) is None


def test_predictions_and_gradients_drop_nothing(backend: str) -> None:
    for function in (fastmlp.forward, fastmlp.predict_proba):
        assert_array_equal(function(NET, X, backend=backend), function(PLAIN, X, backend=backend))
    ours, theirs = (fastmlp.backward(net, X, Y, backend=backend) for net in (NET, PLAIN))
    assert ours[0] == pytest.approx(theirs[0], rel=1e-12)
    assert_allclose(ours[1].theta, theirs[1].theta, rtol=1e-9, atol=1e-12)
    assert ours[1].dropout == NET.dropout


def test_a_step_is_one_of_the_network_without_what_is_dropped() -> None:
    """With one layer between, what is dropped can be taken out by hand."""
    net = replace(fastmlp.init_mlp((6, 3), rng=0, dtype="float64"), dropout=(0.5,))
    order, lr = np.arange(30)[np.newaxis], 0.1
    options: dict[str, Any] = {"epochs": 1, "batch_size": 30, "lr": lr, "momentum": 0, "order": order}
    fit = fastmlp.train_mlp(net, X, Y, backend="numpy", rng=5, **options)
    key = np.random.default_rng(5).spawn(2)[1].integers(2**32, size=(1, 2))[0, 0]
    factors = mask(0.5, key, 0, X.shape, DOUBLE)
    assert factors is not None
    loss, gradient = fastmlp.backward(replace(net, dropout=()), X * factors, Y, backend="numpy")
    assert fit.losses == pytest.approx([loss])
    assert_allclose(fit.network.theta, net.theta - lr * gradient.theta, rtol=1e-12)


def test_what_is_dropped_follows_the_seed_and_nothing_else() -> None:
    first, again, other = (fastmlp.train_mlp(NET, X, Y, **OPTIONS | {"rng": seed}) for seed in (0, 0, 1))
    assert_array_equal(first.network.theta, again.network.theta)
    assert (first.network.theta != other.network.theta).any()
    assert first.network.dropout == NET.dropout
    plain = fastmlp.train_mlp(PLAIN, X, Y, **OPTIONS)
    assert (first.network.theta != plain.network.theta).any()
    order = np.array([DRAW.permutation(30) for _ in range(4)])
    given = [fastmlp.transfer(NET, X, Y, n_classes=3, order=order, **OPTIONS | {"rng": seed}) for seed in (0, 1)]
    heads = [fastmlp.transfer(PLAIN, X, Y, n_classes=3, order=order, **OPTIONS | {"rng": seed}) for seed in (0, 1)]
    body = slice(0, PLAIN.layout.starts[2])
    assert (given[0].network.theta[body] != heads[0].network.theta[body]).any()
    assert (given[0].losses[1:] != given[1].losses[1:]).all()


def test_what_is_watched_is_computed_without() -> None:
    fit = fastmlp.train_mlp(NET, X, Y, held_back=np.arange(30) < 9, **OPTIONS)
    assert fit.validation_losses is not None
    assert fit.best_epoch is not None
    loss, _ = fastmlp.backward(fit.network, X[:9], Y[:9], backend="numpy")
    assert fit.validation_losses[fit.best_epoch] == pytest.approx(loss)


@pytest.mark.parametrize("strategy", ["frozen", "finetune", "partial-1", "lp-ft", "scratch", "probe-1", "lora-1"])
def test_it_survives_a_transfer(strategy: str) -> None:
    fit = fastmlp.transfer(NET, X, Y, strategy=strategy, n_classes=2 + 1, **OPTIONS)
    assert fit.network.dropout == (NET.dropout[:2] if strategy == "probe-1" else NET.dropout)


def test_layers_below_what_moves_drop_nothing() -> None:
    """A head alone sees the features of a prediction, of which it drops its own share."""
    below = replace(NET, dropout=(0.5, 0.5, 0.0))
    frozen = [fastmlp.transfer(net, X, Y, strategy="frozen", n_classes=3, **OPTIONS) for net in (below, PLAIN)]
    assert_array_equal(frozen[0].network.theta, frozen[1].network.theta)
    dropped = fastmlp.transfer(NET, X, Y, strategy="frozen", n_classes=3, **OPTIONS)
    assert (dropped.losses != frozen[1].losses).all()


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("strategy", ["finetune", "partial-1", "lora-2", "bitfit"])
def test_all_backends_drop_and_normalise_alike(
    strategy: str, activation: str, oracle: Callable[[str], ModuleType]
) -> None:
    oracle("torch")
    norms: dict[str, Any] = {"norms": (0, 1e-3, 1e-3), "inner_norms": (1e-3, 1e-2, 0), "norm_dropout": (0, 0.2, 0)}
    net = fastmlp.init_mlp(
        (6, 9, 8, 3), rng=0, dtype="float64", activation=activation, dropout=(0.1, 0.3, 0.2), **norms
    )
    options = OPTIONS | {"strategy": strategy, "n_classes": 3, "optimizer": "adam", "lr": 0.01}
    fits = [fastmlp.transfer(net, X, Y, **options | {"backend": name}) for name in ("numpy", "numba", "torch")]
    for fit in fits[1:]:
        assert_allclose(fit.network.theta, fits[0].network.theta, rtol=1e-7, atol=1e-9)
        assert_allclose(fit.losses, fits[0].losses, rtol=1e-9)


def test_a_share_is_that_of_each_layer_or_refused() -> None:
    assert fastmlp.init_mlp((4, 3, 3, 2), dropout=0.5).dropout == (0, 0.5, 0.5)
    assert fastmlp.init_mlp((4, 3, 2), dropout=(0.1, 0)).dropout == (0.1, 0)
    assert fastmlp.init_mlp((4, 3, 2), dropout=0.0).dropout == ()
    with pytest.raises(ShapeError, match=r"dropout are \(0\.5,\); the network has 3 layers"):
        replace(PLAIN, dropout=(0.5,))
    with pytest.raises(InvalidInput, match=r"dropout is 1; it must be at least 0 and below 1"):
        replace(PLAIN, dropout=(0, 1, 0))
    with pytest.raises(InvalidInput, match=r"norm_dropout is 0\.1 for layer 1, whose inputs are not normalised"):
        replace(PLAIN, norm_dropout=(0, 0.1, 0))
    add_backend(make_backend("mine", reference.features, reference.forward, reference.loss_and_gradient))
    with pytest.raises(InvalidInput, match="the network has dropout; backend 'mine' has no gradient of that"):
        fastmlp.train_mlp(NET, X, Y, epochs=1, backend="mine")

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier

import fastmlp
from fastmlp.errors import InvalidInput, LabelError, ShapeError, UnknownName
from fastmlp.training import ResolvedPhase, TrainingOptions, draw_order, fit_phases, pieces, train_mlp

from ..conftest import SeededRng


def blobs(rng: SeededRng, n: int = 60, n_classes: int = 3) -> tuple[Any, Any]:
    y = rng.labels(n, n_classes)
    return rng.normal(n, 4) + 2 * np.eye(n_classes, 4)[y], y


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_learns(optimizer: str, dtype: str, backend: str, rng: SeededRng) -> None:
    x, y = blobs(rng)
    net = fastmlp.init_mlp((4, 16, 3), rng=1, dtype=dtype)
    fit = train_mlp(
        net,
        x,
        y,
        epochs=40,
        lr=0.1 if optimizer == "sgd" else 0.02,
        optimizer=optimizer,
        weight_decay=1e-4,
        backend=backend,
    )
    assert fit.losses[-1] < fit.losses[0] / 2
    assert fastmlp.accuracy(fit.network, x, y, backend=backend) > 0.9
    assert fit.network.dtype == dtype
    assert (fit.losses.shape, fit.steps, fit.parameters_trained) == ((40,), 80, net.theta.size)
    assert not fit.diverged


def test_the_network_handed_in_is_untouched(backend: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 5, 3))
    before = net.theta.copy()
    fit = train_mlp(net, *blobs(rng), epochs=2, backend=backend)
    assert_array_equal(net.theta, before)
    assert not np.shares_memory(net.theta, fit.network.theta)


def test_the_order_drawn_from_rng_is_the_order_one_can_give(backend: str, rng: SeededRng) -> None:
    x, y = blobs(rng)
    net = fastmlp.init_mlp((4, 5, 3))
    order = draw_order(3, len(x), 5)
    drawn = train_mlp(net, x, y, epochs=3, rng=5, backend=backend)
    given = train_mlp(net, x, y, epochs=3, order=order, backend=backend)
    assert_array_equal(drawn.network.theta, given.network.theta)
    assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(len(x)), (3, 1)))


def test_a_batch_larger_than_the_data_is_all_of_it(backend: str, rng: SeededRng) -> None:
    x, y = blobs(rng, n=10)
    net = fastmlp.init_mlp((4, 5, 3))
    fits = [train_mlp(net, x, y, epochs=3, batch_size=size, backend=backend) for size in (10, 10_000)]
    assert_array_equal(fits[0].network.theta, fits[1].network.theta)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_many_short_calls_give_the_bits_of_one(
    optimizer: str, backend: str, rng: SeededRng, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = blobs(rng)
    net = fastmlp.init_mlp((4, 5, 3))
    whole = train_mlp(net, x, y, epochs=4, optimizer=optimizer, lr=0.01, backend=backend)
    monkeypatch.setattr(pieces, "STEPS_PER_CALL", 3)
    monkeypatch.setattr(pieces, "SECONDS_PER_CALL", 1e-9)  # a step in each call after the first
    cut = train_mlp(net, x, y, epochs=4, optimizer=optimizer, lr=0.01, backend=backend)
    assert_array_equal(cut.network.theta, whole.network.theta)
    assert_array_equal(cut.losses, whole.losses)


def test_the_same_work_as_scikit_learn_gives_the_same_network(backend: str, rng: SeededRng) -> None:
    # batch = n, so that its own shuffling does not matter; its `alpha` is an L2 penalty, off here
    x, y = blobs(rng)
    options = {"nesterovs_momentum": False, "momentum": 0.9, "learning_rate_init": 0.05, "alpha": 0.0, "tol": 0.0}
    theirs = MLPClassifier((5,), solver="sgd", batch_size=60, max_iter=1, n_iter_no_change=99, **options)
    theirs.partial_fit(x, y, classes=[0, 1, 2])  # draws its weights; they are replaced by ours
    net = fastmlp.init_mlp((4, 5, 3), rng=2, dtype="float64")
    theirs.coefs_ = [weight.copy() for weight in net.weights]
    theirs.intercepts_ = [bias.copy() for bias in net.biases]
    theirs._optimizer.velocities = [np.zeros_like(p) for p in theirs.coefs_ + theirs.intercepts_]
    theirs._optimizer.params = theirs.coefs_ + theirs.intercepts_
    for _ in range(10):
        theirs.partial_fit(x, y)
    ours = train_mlp(net, x, y, epochs=10, batch_size=60, lr=0.05, backend=backend)
    assert_allclose(fastmlp.predict_proba(ours.network, x), theirs.predict_proba(x), rtol=1e-9)


def options(epochs: int, backend: str) -> TrainingOptions:
    return TrainingOptions(epochs=epochs, backend=backend)


def phase(net: fastmlp.Network, rates: Any, epochs: int = 3) -> ResolvedPhase:
    zeros = np.zeros((net.layout.n_layers, 2))
    return ResolvedPhase(epochs, zeros + rates, zeros, zeros)


def test_frozen_layers_below_are_the_same_as_a_smaller_network_on_their_features(backend: str, rng: SeededRng) -> None:
    x, y = blobs(rng)
    net = fastmlp.init_mlp((4, 6, 5, 3), rng=4, dtype="float64")
    frozen = fit_phases(net, x, y, [phase(net, [[0, 0], [0, 0], [0.1, 0.1]])], options(3, backend), rng=5)
    head = fastmlp.Network((5, 3), net.theta[net.layout.starts[2] :].copy())
    features = fastmlp.features(net, x, depth=2, backend=backend)
    alone = train_mlp(head, features, y, epochs=3, rng=5, backend=backend)
    assert_array_equal(frozen.network.theta[net.layout.starts[2] :], alone.network.theta)
    assert_array_equal(frozen.network.theta[: net.layout.starts[2]], net.theta[: net.layout.starts[2]])
    assert frozen.frozen_before == frozen.frozen_after is not None
    assert frozen.free_by_layer == (0, 0, head.theta.size)


def test_a_layer_frozen_between_two_that_move_keeps_its_bytes(backend: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 6, 5, 3), rng=4)
    fit = fit_phases(net, *blobs(rng), [phase(net, [[0.1, 0.1], [0, 0], [0.1, 0.1]])], options(3, backend))
    moved = [not np.array_equal(a, b) for a, b in zip(fit.network.weights, net.weights, strict=True)]
    assert moved == [True, False, True]
    assert fit.frozen_before == fit.frozen_after


def test_accuracies_are_kept_where_they_are_asked_for(backend: str, rng: SeededRng) -> None:
    x, y = blobs(rng)
    net = fastmlp.init_mlp((4, 5, 3))
    fit, plain = (train_mlp(net, x, y, epochs=5, accuracies=wanted, backend=backend) for wanted in (True, False))
    assert [epoch for epoch, _ in fit.accuracies] == [1, 2, 4, 5]
    assert fit.accuracies[-1][1] == fastmlp.accuracy(fit.network, x, y, backend=backend)
    assert plain.accuracies == ()


def test_phases_follow_one_another(backend: str, rng: SeededRng) -> None:
    x, y = blobs(rng)
    net = fastmlp.init_mlp((4, 6, 3), rng=4)
    order = draw_order(5, len(x), 0)
    head, full = phase(net, [[0, 0], [0.1, 0.1]], 2), phase(net, 0.05, 3)
    both = fit_phases(net, x, y, [head, full], options(5, backend), order=order)
    first = fit_phases(net, x, y, [head], options(2, backend), order=order[:2])
    second = fit_phases(first.network, x, y, [full], options(3, backend), order=order[2:])
    assert_array_equal(both.network.theta, second.network.theta)
    assert_array_equal(both.losses, np.concatenate([first.losses, second.losses]))
    assert both.frozen_before is None  # every parameter moved in some phase


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_rate_of_a_million_diverges_and_says_when(dtype: str, backend: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 16, 3), rng=1, dtype=dtype)
    fit = train_mlp(net, *blobs(rng), epochs=50, lr=1e6, backend=backend)
    assert fit.diverged
    assert fit.diverged_epoch is not None
    assert 0 <= fit.diverged_epoch < 50


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [
        ([1.0, 0.5, 0.2], None),
        ([1.0, 109.0, 1.0], None),  # a hundred times that of guessing is 109.9
        ([1.0, 110.0, 1.1], 1),  # exploded; dead units may guess again, what was learned is gone
        ([1.0, 500.0, 300.0], 1),
        ([500.0, 300.0, 0.5], None),  # began high and came down
        ([500.0, 300.0, 200.0], 2),  # and this one did not come down
        ([500.0, 501.0, 0.5], 1),
        ([1.0, np.inf, np.nan], 1),
    ],
)
def test_a_training_whose_loss_rises_beyond_hope_has_diverged(losses: list[float], epoch: int | None) -> None:
    fit = train_mlp(fastmlp.init_mlp((2, 3)), np.eye(2)[[0, 1, 0]], [0, 1, 2], epochs=1, backend="numpy")
    assert replace(fit, losses=np.array(losses)).diverged_epoch == epoch


def test_a_later_phase_does_not_run_after_a_divergence(backend: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 3), rng=1)
    x, y = blobs(rng)
    net.theta[:] = np.nan
    fit = fit_phases(net, x, y, [phase(net, 0.1, 2), phase(net, 0.1, 3)], options(5, backend))
    assert np.isnan(fit.losses).all()
    assert (fit.steps, fit.diverged_epoch) == (0, 0)
    assert (fit.parameters_trained, fit.free_by_layer) == (0, (0,))  # no update was made
    assert fit.frozen_before == fit.frozen_after is not None


def test_only_phases_before_a_divergence_count(backend: str, rng: SeededRng) -> None:
    net = fastmlp.init_mlp((4, 6, 3), rng=1)
    head = phase(net, [[0, 0], [3e38, 3e38]], 2)  # infinite after a few updates
    fit = fit_phases(net, *blobs(rng), [head, phase(net, 0.1, 3)], options(5, backend))
    assert fit.diverged
    assert fit.steps > 0
    assert fit.free_by_layer == (0, 6 * 3 + 3)
    assert fit.frozen_before == fit.frozen_after is not None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, InvalidInput, "epochs is 0; .* at least 1"),
        ({"epochs": 2.5}, InvalidInput, "epochs is 2.5; .* whole number"),
        ({"batch_size": 0}, InvalidInput, "batch_size is 0"),
        ({"lr": -1.0}, InvalidInput, "lr is -1.0; it must be above 0"),
        ({"lr": 0.0}, InvalidInput, "lr is 0.0; it must be above 0"),
        ({"lr": float("nan")}, InvalidInput, "lr is nan"),
        ({"lr": 1e300}, InvalidInput, r"lr is 1e\+300; .* below 3.4"),
        ({"momentum": 1.0}, InvalidInput, "momentum is 1.0; .* below 1"),
        ({"weight_decay": -0.1}, InvalidInput, "weight_decay is -0.1"),
        ({"weight_decay": float("inf")}, InvalidInput, "weight_decay is inf"),
        ({"short_batch": "weigthed"}, UnknownName, "did you mean 'weighted'"),
        ({"optimizer": "adamm"}, UnknownName, "did you mean 'adam'"),
        ({"order": [[0, 1]]}, ShapeError, r"shape \(1, 2\); integers .* \(100, 60\) are needed"),
        ({"epochs": 1, "order": [[60] * 60]}, InvalidInput, "order goes from 60 to 60; there are examples 0 to 59"),
    ],
)
def test_options_out_of_range_are_refused_with_their_values(
    options: dict[str, Any], error: type, message: str, rng: SeededRng
) -> None:
    with pytest.raises(error, match=message):
        train_mlp(fastmlp.init_mlp((4, 5, 3)), *blobs(rng), **options)


def test_too_few_examples_or_classes_are_refused() -> None:
    net = fastmlp.init_mlp((4, 3))
    with pytest.raises(LabelError, match="2 examples for 3 classes"):
        train_mlp(net, np.zeros((2, 4)), [0, 1])
    with pytest.raises(LabelError, match="all 5 labels are 1; two or more of the 3 classes"):
        train_mlp(net, np.zeros((5, 4)), [1] * 5)

"""Examples that are held back: which they are, what stops a training, and which network is returned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.training import draw_order, pieces, train_mlp
from fastmlp.training.data import marked

from ..conftest import SeededRng

EPOCHS = 40


def noisy(rng: SeededRng, n: int = 60) -> tuple[Any, Any]:
    """Labels that a network can learn by heart and that mean little, so that the held-back loss rises again."""
    y = rng.labels(n, 3)
    return rng.normal(n, 4) + np.eye(3, 4)[y], y


def fit_of(x: Any, y: Any, backend: str, **options: Any) -> Any:
    net = fastmlp.init_mlp((4, 16, 3), rng=1, dtype="float64")
    return train_mlp(net, x, y, backend=backend, **({"epochs": EPOCHS, "held_back": 0.25, "lr": 0.2} | options))


def test_the_network_returned_is_that_of_the_best_epoch(backend: str, rng: SeededRng) -> None:
    x, y = noisy(rng)
    fit = fit_of(x, y, backend)
    assert fit.losses.shape == fit.validation_losses.shape == (EPOCHS,)
    assert fit.best_epoch == fit.validation_losses.argmin()
    assert 0 < fit.best_epoch < EPOCHS - 1
    mask = marked(0.25, 60, y, 0)
    order = draw_order(EPOCHS, 60, 0)[: fit.best_epoch + 1]
    until = fit_of(x, y, backend, order=order, epochs=len(order), held_back=mask)
    assert_array_equal(fit.network.theta, until.network.theta)
    loss, _ = fastmlp.backward(fit.network, x[mask], y[mask], backend=backend)
    assert_allclose(loss, fit.validation_losses.min(), rtol=1e-12)


def test_patience_ends_it_and_keeps_the_same_best(backend: str, rng: SeededRng) -> None:
    x, y = noisy(rng)
    whole, stopped = fit_of(x, y, backend), fit_of(x, y, backend, patience=3, tol=0.0)
    assert len(stopped.losses) < EPOCHS
    assert_array_equal(stopped.validation_losses, whole.validation_losses[: len(stopped.losses)])
    assert stopped.steps == 2 * len(stopped.losses)
    assert stopped.best_epoch == stopped.validation_losses.argmin()


def test_many_short_calls_stop_where_one_does(backend: str, rng: SeededRng, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = noisy(rng)
    whole = fit_of(x, y, backend, patience=3, accuracies=True)
    monkeypatch.setattr(pieces, "STEPS_PER_CALL", 3)
    monkeypatch.setattr(pieces, "SECONDS_PER_CALL", 1e-9)
    cut = fit_of(x, y, backend, patience=3)
    assert_array_equal(cut.network.theta, whole.network.theta)
    assert_array_equal(cut.validation_losses, whole.validation_losses)
    assert whole.accuracies[-1][0] == len(whole.losses)


def test_without_examples_held_back_patience_watches_the_training_and_keeps_the_last(
    backend: str, rng: SeededRng
) -> None:
    fit = fit_of(*noisy(rng), backend, held_back=0.0, patience=2, tol=0.05)
    assert len(fit.losses) < EPOCHS
    assert (fit.validation_losses, fit.best_epoch) == (None, None)


def test_a_training_that_diverges_has_no_best_epoch(backend: str, rng: SeededRng) -> None:
    fit = fit_of(*noisy(rng), backend, lr=1e200)
    assert fit.diverged
    assert fit.best_epoch is None


def test_each_class_is_held_back_in_proportion_and_the_order_is_drawn_as_without() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    mask = marked(0.2, 100, labels, 7)
    assert np.bincount(labels[mask]).tolist() == [12, 6, 2]
    assert marked(0.2, 100, None, 7).sum() == 20
    assert not marked(0.0, 100, labels, 7).any()
    generator = np.random.default_rng(7)
    marked(0.2, 100, labels, generator)
    assert_array_equal(draw_order(2, 9, generator), draw_order(2, 9, 7))


@pytest.mark.parametrize(
    ("held_back", "error", "message"),
    [
        (0.01, InvalidInput, "held_back is 0.01: that is 0 of 12 examples"),
        (0.99, InvalidInput, "held_back is 0.99: that is 12 of 12 examples"),
        (1.5, InvalidInput, "held_back is 1.5; it must be at least 0 and below 1"),
        ([True] * 12, InvalidInput, "held_back marks all 12 examples"),
        ([True] * 11, ShapeError, r"held_back is bool of shape \(11,\); a share, or True and False \(12,\) are needed"),
        ([1] * 12, ShapeError, r"held_back is int64 of shape \(12,\)"),
    ],
)
def test_what_cannot_be_held_back_is_refused(held_back: Any, error: type, message: str, rng: SeededRng) -> None:
    with pytest.raises(error, match=message):
        fit_of(*noisy(rng, 12), "numpy", held_back=held_back)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nesterov": True, "optimizer": "adam"}, "nesterov is True and optimizer is 'adam'"),
        ({"l2": 0.1, "weight_decay": 0.2}, "l2 is 0.1 and weight_decay is 0.2"),
        ({"l2": 0.1, "optimizer": "adamw"}, "l2 is 0.1 and optimizer is 'adamw'"),
        ({"learning_rate": "adaptive"}, "learning_rate is 'adaptive' and patience is None"),
        ({"loss": "squared-error", "accuracies": True}, "accuracies is True and loss is 'squared-error'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], message: str, rng: SeededRng) -> None:
    with pytest.raises(InvalidInput, match=message):
        fit_of(*noisy(rng), "numpy", **options)


def test_a_regression_that_starts_far_off_has_not_diverged(backend: str, rng: SeededRng) -> None:
    x = rng.normal(50, 3)
    net = fastmlp.init_mlp((3, 8, 1), rng=1, dtype="float64")
    for scale, lr in ((1e-6, 0.01), (1.0, 0.01), (20.0, 0.001)):
        fit = train_mlp(net, x, scale * x[:, 0], loss="squared-error", lr=lr, backend=backend)
        assert not fit.diverged
        assert fit.losses[-1] < 0.1 * fit.losses[0]
    assert train_mlp(net, x, x[:, 0], loss="squared-error", lr=50.0, backend=backend).diverged


def test_the_students_backend_knows_no_other_loss() -> None:
    from fastmlp.backends.own import make_backend

    own = make_backend("own", lambda *_: None, lambda *_: None, lambda *_: (0.0, np.zeros(1)))  # type: ignore[arg-type]
    arguments: Any = (np.zeros(1), np.array([1, 1]), 0, np.zeros((1, 1)), np.zeros(1, int))
    assert own.loss_and_gradient(*arguments)[0] == 0.0
    with pytest.raises(InvalidInput, match="loss is 'poisson'; backend 'own' knows 'cross-entropy' only"):
        own.loss_and_gradient(*arguments, None, 3)
    with pytest.raises(InvalidInput, match="sample_weight is given; backend 'own' knows examples that count alike"):
        own.loss_and_gradient(*arguments, np.ones(1))

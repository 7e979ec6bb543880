"""Whole trainings against scikit-learn's MLPClassifier and MLPRegressor: same start, same order, same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

import fastmlp
from fastmlp.training import Objective

from ..conftest import SeededRng

N, HIDDEN, BATCH = 50, 5, 16
pytestmark = pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}")

# Of each loss: how many outputs, and what they are to fit
GOALS: dict[str, Any] = {
    "cross-entropy": (3, lambda rng, x: rng.labels(N, 3)),
    "binary-cross-entropy": (2, lambda rng, x: np.stack([x[:, 0] > 0, x[:, 1] + x[:, 2] > 0.5], axis=1).astype(int)),
    "squared-error": (3, lambda rng, x: x @ rng.normal(4, 3) / 2 + 0.1 * rng.normal(N, 3)),
    "poisson": (1, lambda rng, x: np.round(np.exp(x[:, 0] / 2))),
}
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # ours, scikit-learn's
    "nesterov": ({"nesterov": True}, {"nesterovs_momentum": True}),
    "alpha": ({"nesterov": True, "l2": 0.5}, {"nesterovs_momentum": True, "alpha": 0.5}),
    "invscaling": ({"learning_rate": "invscaling", "power_t": 0.2}, {"learning_rate": "invscaling", "power_t": 0.2}),
    "adam": (
        {"optimizer": "adam", "lr": 0.01, "l2": 0.1},
        {"solver": "adam", "learning_rate_init": 0.01, "alpha": 0.1},
    ),
    "adaptive": (
        {"learning_rate": "adaptive", "patience": 2, "tol": 1e-2, "l2": 0.1},
        {"learning_rate": "adaptive", "n_iter_no_change": 2, "tol": 1e-2, "alpha": 0.1},
    ),
    "patience": ({"patience": 2, "tol": 0.02}, {"n_iter_no_change": 2, "tol": 0.02}),
}


def started(kind: Any, net: fastmlp.Network, **options: Any) -> Any:
    """Return one of their models that starts from a network's parameters and visits examples in their order."""
    layers = [(weight.copy(), bias.copy()) for weight, bias in zip(net.weights, net.biases, strict=True)]

    class Started(kind):  # type: ignore[misc]
        def _init_coef(self, *_: Any) -> Any:
            return layers.pop(0)

    defaults: dict[str, Any] = {
        "alpha": 0.0,
        "nesterovs_momentum": False,
        "learning_rate_init": 0.05,
        "n_iter_no_change": 10**6,
    }
    defaults |= {"solver": "sgd", "max_iter": 40, "tol": 0.0, "shuffle": False, "batch_size": BATCH, "momentum": 0.9}
    return Started(hidden_layer_sizes=(HIDDEN,), **(defaults | options))


def theta_of(model: Any) -> Any:
    layers = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([part.ravel() for weight, bias in layers for part in (weight, bias)])


def case(loss: str, rng: SeededRng) -> tuple[Any, fastmlp.Network, Any, Any]:
    x = rng.normal(N, 4)
    outputs, goal = GOALS[loss]
    y = goal(rng, x)
    kind = MLPClassifier if "entropy" in loss else MLPRegressor
    return kind, fastmlp.init_mlp((4, HIDDEN, outputs), rng=1, dtype="float64", activation="tanh"), x, y


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("loss", GOALS)
def test_a_whole_training_gives_their_network(
    loss: str, name: str, backend: str, rng: SeededRng, *, weighted: bool
) -> None:
    kind, net, x, y = case(loss, rng)
    ours, theirs = OPTIONS[name]
    weights = rng.generator.uniform(0.1, 3, N) if weighted else None
    if loss == "squared-error" and "tol" in theirs:
        # Where they watch the loss, it is the mean over the outputs, and the penalty does not go with it
        theirs, ours = theirs | {"tol": theirs["tol"] / 3, "alpha": 0.0}, ours | {"l2": 0.0}
    if loss in {"squared-error", "poisson"}:
        theirs = theirs | {"loss": loss.replace("-", "_")}
    model = started(kind, net, activation="tanh", **theirs).fit(x, y, sample_weight=weights)
    options: dict[str, Any] = {"epochs": 40, "batch_size": BATCH, "lr": 0.05} | ours
    fit = fastmlp.train_mlp(
        net, x, y, loss=loss, sample_weight=weights, order=np.tile(np.arange(N), (40, 1)), backend=backend, **options
    )
    assert len(fit.losses) == model.n_iter_
    assert name != "patience" or len(fit.losses) < 40
    # Their Adam adds epsilon to a root that is not corrected, PyTorch's and ours to one that is
    tolerance = 1e-4 if name == "adam" else 1e-8
    assert_allclose(fit.network.theta, theta_of(model), rtol=tolerance, atol=tolerance)
    if loss != "squared-error":
        assert_allclose(fit.losses + fit.penalties, model.loss_curve_, rtol=tolerance)


@pytest.mark.parametrize("patience", [2, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_early_stopping_ends_where_theirs_does_with_their_best(
    patience: int, backend: str, rng: SeededRng, *, weighted: bool
) -> None:
    """Their score of one output is R^2, so a tolerance of it is one of the loss times half the variance."""
    _, net, x, y = case("squared-error", rng)
    y, net = y[:, 0] + rng.normal(N), fastmlp.init_mlp((4, HIDDEN, 1), rng=1, dtype="float64", activation="tanh")
    weights = rng.generator.uniform(0.1, 3, N) if weighted else None
    options = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": patience, "tol": 1e-3}
    model = started(MLPRegressor, net, activation="tanh", max_iter=200, random_state=5, **options)
    model.fit(x, y, sample_weight=weights)
    trained, held = train_test_split(np.arange(N), random_state=np.random.RandomState(5), test_size=0.3)
    mask = np.isin(np.arange(N), held)
    w = np.ones(N) if weights is None else weights
    variance = np.average((y[held] - np.average(y[held], weights=w[held])) ** 2, weights=w[held])
    order = np.tile(np.concatenate([trained, held]), (200, 1))
    fit = fastmlp.train_mlp(
        net, x, y, loss="squared-error", sample_weight=weights, order=order, epochs=200, batch_size=BATCH, lr=0.05,
        held_back=mask, patience=patience, tol=1e-3 * variance / 2, backend=backend,
    )  # fmt: skip
    assert len(fit.losses) == model.n_iter_ < 200
    assert fit.best_epoch == int(np.argmax(model.validation_scores_))
    assert fit.validation_losses is not None
    assert_allclose(1 - 2 * fit.validation_losses / variance, model.validation_scores_, rtol=1e-7)
    assert_allclose(fit.network.theta, theta_of(model), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("loss", GOALS)
def test_scipys_lbfgs_takes_the_steps_that_theirs_takes(loss: str, backend: str, rng: SeededRng) -> None:
    kind, net, x, y = case(loss, rng)
    if loss == "squared-error":  # of one output: their gradient of several is not that of their loss
        y, net = y[:, 0], fastmlp.init_mlp((4, HIDDEN, 1), rng=1, dtype="float64", activation="tanh")
    weights = rng.generator.uniform(0.1, 3, N)
    extra = {"loss": loss.replace("-", "_")} if kind is MLPRegressor else {}
    model = started(kind, net, activation="tanh", solver="lbfgs", alpha=0.3, max_iter=8, **extra)
    model.fit(x, y, sample_weight=weights)
    objective = Objective(net, x, y, loss=loss, sample_weight=weights, l2=0.3, backend=backend)
    found = minimize(objective, net.theta, jac=True, method="L-BFGS-B", options={"maxiter": 8, "gtol": 0.0})
    assert found.nit == model.n_iter_ == 8
    assert_allclose(found.fun, model.loss_, rtol=1e-8)
    assert_allclose(found.x, theta_of(model), rtol=1e-5, atol=1e-6)

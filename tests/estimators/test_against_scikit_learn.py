"""Our estimators beside scikit-learn's: from the same `random_state` both arrive at the same network."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import fastmlp

from ..conftest import SeededRng

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}"),
    pytest.mark.filterwarnings("ignore:Got `batch_size`"),
]

N = 60
NAMES = np.array(["ash", "birch", "cedar"])
SMALL: dict[str, Any] = {"hidden_layer_sizes": 5, "batch_size": 16, "max_iter": 12, "random_state": 3}
# What y is, and which of the two estimators learns it
GOALS: dict[str, Any] = {
    "classes": ("MLPClassifier", lambda rng, x: NAMES[rng.labels(N, 3)]),
    "two classes": ("MLPClassifier", lambda rng, x: NAMES[(x[:, 0] > 0).astype(int)]),
    "labels": ("MLPClassifier", lambda rng, x: np.stack([x[:, 0] > 0, x[:, 1] + x[:, 2] > 0.5], axis=1).astype(int)),
    "numbers": ("MLPRegressor", lambda rng, x: x @ rng.normal(4) / 2),
    "several numbers": ("MLPRegressor", lambda rng, x: x @ rng.normal(4, 3) / 2 + 0.1 * rng.normal(N, 3)),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "adam": {"learning_rate_init": 0.05},
    "averages": {"beta_1": 0.0, "beta_2": 0.9, "epsilon": 1e-3, "learning_rate_init": 0.05},
    "no epsilon to speak of": {"epsilon": 0.5},  # where it is added matters
    "sgd": {"solver": "sgd", "alpha": 0.5, "learning_rate_init": 0.1, "activation": "tanh"},
    "classical": {"solver": "sgd", "nesterovs_momentum": False, "shuffle": False, "activation": "logistic"},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3, "power_t": 0.3},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.02},
    "patience": {"learning_rate_init": 0.1, "n_iter_no_change": 1, "tol": 0.05, "max_iter": 40},
    "early": {"early_stopping": True, "learning_rate_init": 0.05, "n_iter_no_change": 2, "max_iter": 40},
}


def data(goal: str, rng: SeededRng) -> tuple[str, Any, Any]:
    """Return the name of an estimator, inputs and targets."""
    kind, target = GOALS[goal]
    x = rng.normal(N, 4)
    return kind, x, target(rng, x)


def both(kind: str, backend: str, **options: Any) -> tuple[Any, Any]:
    """Return our estimator and theirs."""
    options = {**SMALL, **options}
    return getattr(fastmlp, kind)(**options, backend=backend), getattr(theirs, kind)(**options)


def assert_same(ours: Any, peer: Any, x: Any, tolerance: float = 1e-9) -> None:
    """Assert that two fitted estimators are the same, whatever a user can ask of them."""
    for our, their in zip(ours.coefs_ + ours.intercepts_, peer.coefs_ + peer.intercepts_, strict=True):
        assert_allclose(our, their, rtol=tolerance, atol=tolerance)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(peer, name), name
    for name in ("loss_", "best_loss_", "loss_curve_", "validation_scores_", "best_validation_score_"):
        our, their = (getattr(model, name, None) for model in (ours, peer))
        assert (our is None) == (their is None), name
        if our is not None and their is not None:
            assert_allclose(our, their, rtol=1e-9, err_msg=name)
    if hasattr(peer, "classes_"):
        assert_array_equal(ours.predict(x), peer.predict(x))
        assert_allclose(ours.predict_proba(x), peer.predict_proba(x), rtol=1e-6, atol=1e-9)
    else:
        assert_allclose(ours.predict(x), peer.predict(x), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_rule_leads_to_the_same_network(option: str, backend: str, rng: SeededRng) -> None:
    kind, x, y = data("two classes", rng)
    ours, peer = both(kind, backend, **OPTIONS[option])
    assert_same(ours.fit(x, y), peer.fit(x, y), x)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("goal", GOALS)
def test_every_goal_leads_to_the_same_network(goal: str, backend: str, rng: SeededRng, *, early: bool) -> None:
    kind, x, y = data(goal, rng)
    ours, peer = both(kind, backend, early_stopping=early, learning_rate_init=0.02, n_iter_no_change=3)
    weights = rng.generator.uniform(0.5, 2, N)
    assert_same(ours.fit(x, y, weights), peer.fit(x, y, weights), x)


def test_counts_lead_to_the_same_network(backend: str, rng: SeededRng) -> None:
    x = rng.normal(N, 4)
    y = np.round(np.exp(x[:, 0] / 2))
    ours, peer = both("MLPRegressor", backend, loss="poisson", early_stopping=True)
    assert_same(ours.fit(x, y), peer.fit(x, y), x)


@pytest.mark.parametrize("goal", ["classes", "labels", "numbers"])
def test_lbfgs_takes_the_same_steps(goal: str, backend: str, rng: SeededRng) -> None:
    kind, x, y = data(goal, rng)
    ours, peer = both(kind, backend, solver="lbfgs", alpha=0.1)
    weights = rng.generator.uniform(0.5, 2, N)
    ours.fit(x, y, weights), peer.fit(x, y, weights)
    assert (ours.n_iter_, ours.n_layers_) == (peer.n_iter_, peer.n_layers_)
    assert_allclose(ours.loss_, peer.loss_, rtol=1e-6)
    assert_allclose(ours.coefs_[0], peer.coefs_[0], rtol=1e-4, atol=1e-6)
    assert not hasattr(ours, "loss_curve_")


@pytest.mark.parametrize("option", ["adam", "averages", "invscaling", "adaptive"])
def test_partial_fits_of_any_size_go_on_as_theirs_do(option: str, backend: str, rng: SeededRng) -> None:
    kind, x, y = data("classes", rng)
    ours, peer = both(kind, backend, **OPTIONS[option])
    for rows in (slice(0, 50), slice(20, 60), slice(7, 8), slice(None), slice(None), slice(None)):
        known = None if hasattr(ours, "classes_") else np.unique(y)
        for model in (ours, peer):
            model.partial_fit(x[rows], y[rows], classes=known)
    assert_same(ours, peer, x)
    assert_allclose(
        ours._optimizer.learning_rate, peer._optimizer.learning_rate if "solver" in OPTIONS[option] else 0.05
    )


@pytest.mark.parametrize("option", ["adam", "invscaling", "patience"])
def test_a_warm_start_goes_on_as_theirs_does(option: str, backend: str, rng: SeededRng) -> None:
    kind, x, y = data("two classes", rng)
    ours, peer = both(kind, backend, **OPTIONS[option], warm_start=True)
    for _ in range(3):
        assert_same(ours.fit(x, y), peer.fit(x, y), x)


def test_a_fit_may_be_followed_by_partial_fits_and_by_pickling(backend: str, rng: SeededRng) -> None:
    kind, x, y = data("numbers", rng)
    ours, peer = both(kind, backend)
    ours = pickle.loads(pickle.dumps(ours.fit(x, y)))
    assert_same(ours.partial_fit(x, y), peer.fit(x, y).partial_fit(x, y), x)


@pytest.mark.parametrize("option", ["adam", "patience", "early"])
def test_a_generator_is_left_where_theirs_leaves_it(option: str, rng: SeededRng) -> None:
    kind, x, y = data("two classes", rng)
    left = []
    for model in both(kind, "numpy", **OPTIONS[option]):
        state = np.random.RandomState(5)
        model.set_params(random_state=state).fit(x, y)
        reached: Any = state.get_state()
        left.append(reached[1:3])
    assert_array_equal(left[0][0], left[1][0])
    assert left[0][1] == left[1][1]


def test_without_a_random_state_numpys_own_is_drawn_from(rng: SeededRng) -> None:
    kind, x, y = data("classes", rng)
    networks = []
    for model in both(kind, "numpy", random_state=None):
        np.random.seed(7)  # noqa: NPY002  scikit-learn's None is this generator
        networks.append(model.fit(x, y).coefs_[0])
    assert_allclose(networks[0], networks[1], rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_single_precision_is_kept(solver: str, backend: str, rng: SeededRng) -> None:
    kind, x, y = data("classes", rng)
    ours, peer = both(kind, backend, solver=solver)
    ours.fit(x.astype(np.float32), y), peer.fit(x, y)
    assert {part.dtype.name for part in ours.coefs_ + ours.intercepts_} == {"float32"}
    assert ours.predict_proba(x.astype(np.float32)).dtype == np.float32
    assert_allclose(ours.predict_proba(x), peer.predict_proba(x), atol=1e-3)


def test_a_sparse_matrix_is_what_it_stands_for(monkeypatch: pytest.MonkeyPatch, rng: SeededRng) -> None:
    kind, x, y = data("classes", rng)
    x[x < 0.5] = 0
    ours, _ = both(kind, "numpy")
    dense = clone(ours).fit(x, y)
    monkeypatch.setattr("fastmlp.estimators.base.SPARSE_NUMBERS", 7 * 4)  # pieces of seven rows
    assert_array_equal(ours.fit(csr_array(x), y).predict_proba(csr_array(x)), dense.predict_proba(x))


def test_what_is_printed_is_theirs(capsys: pytest.CaptureFixture[str], rng: SeededRng) -> None:
    kind, x, y = data("two classes", rng)
    for option in ("patience", "adaptive", "early"):
        printed = []
        for model in both(kind, "numpy", **OPTIONS[option], verbose=True):
            model.fit(x, y)
            printed.append(capsys.readouterr().out.splitlines())
        assert printed[0] == printed[1]
        assert len(printed[0]) > 3


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_the_parameters_are_theirs_and_two_of_our_own(kind: str) -> None:
    ours, peer = (inspect.signature(getattr(module, kind)).parameters for module in (fastmlp, theirs))
    assert [(name, ours[name].default, ours[name].kind) for name in peer] == [
        (name, parameter.default, parameter.kind) for name, parameter in peer.items()
    ]
    assert set(ours) - set(peer) == {"backend", "threads"}

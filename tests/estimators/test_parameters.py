from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.errors import InvalidInput, ShapeError, UnknownName

X, Y = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), [0, 1, 1, 0]
NO_NUMBERS: list[Any] = [None, "1", True, -1, float("nan"), [1]]
NO_COUNTS: list[Any] = [*NO_NUMBERS, 0, 1.5, np.int8(0)]
NO_TRUTHS: list[Any] = [None, "yes", 0, 1.0]
WRONG: dict[str, list[Any]] = {
    "hidden_layer_sizes": [None, "64", -1, 0, (3, 0), [2.5], [True]],
    "activation": [None, "rulu", 3],
    "solver": [None, "adamw", "lbfg", 3],
    "alpha": NO_NUMBERS,
    "batch_size": [*NO_COUNTS, "all"],
    "learning_rate": [None, "constent", 0.1],
    "learning_rate_init": [*NO_NUMBERS, 0],
    "power_t": NO_NUMBERS,
    "max_iter": NO_COUNTS,
    "shuffle": NO_TRUTHS,
    "tol": NO_NUMBERS,
    "verbose": [None, "yes", -1, 0.5],
    "warm_start": NO_TRUTHS,
    "momentum": [*NO_NUMBERS, 1.5],
    "nesterovs_momentum": NO_TRUTHS,
    "early_stopping": NO_TRUTHS,
    "validation_fraction": [*NO_NUMBERS, 1],
    "beta_1": [*NO_NUMBERS, 1],
    "beta_2": [*NO_NUMBERS, 1],
    "epsilon": [*NO_NUMBERS, 0],
    "n_iter_no_change": NO_COUNTS,
    "max_fun": NO_COUNTS,
    "backend": ["nunba", 3],
    "threads": NO_COUNTS[1:],
    "random_state": ["1", 1.5],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_parameter_is_refused_by_fit_with_its_value(name: str) -> None:
    assert set(WRONG) == set(fastmlp.MLPClassifier().get_params())
    for value in WRONG[name]:
        model = fastmlp.MLPClassifier(**{"backend": "numpy", name: value})
        with pytest.raises(ValueError, match=r".") as caught:
            model.fit(X, Y)
        first = value[-1] if isinstance(value, list | tuple) and name == "hidden_layer_sizes" else value
        assert str(first) in str(caught.value) or f"{value!r}" in str(caught.value)
        assert not hasattr(model, "coefs_")


def test_a_loss_that_is_none_is_refused_with_its_name() -> None:
    with pytest.raises(UnknownName, match="unknown loss 'poison'; did you mean 'poisson'"):
        fastmlp.MLPRegressor(loss="poison").fit(X, Y)
    with pytest.raises(InvalidInput, match=r"y\[1, 0\] is -1.0; 'poisson' takes targets of at least 0"):
        fastmlp.MLPRegressor(loss="poisson").fit(X, [0, -1, 1, 2])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_ends_of_ranges_are_taken() -> None:
    options: dict[str, Any] = {"momentum": 1, "power_t": 0, "alpha": np.float32(0), "tol": 0, "beta_1": 0, "verbose": 0}
    int_like: Any = np.int64(2)
    fastmlp.MLPClassifier((), **options, max_iter=int_like, backend="numpy").fit(X, Y)
    fastmlp.MLPClassifier(np.array([3, 2]), max_iter=2, solver="sgd", **options, backend="numpy").fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_of_other_sizes_cannot_be_gone_on_with() -> None:
    model = fastmlp.MLPClassifier(3, max_iter=1, warm_start=True, backend="numpy").fit(X, Y)
    model.set_params(hidden_layer_sizes=4)
    with pytest.raises(ShapeError, match=r"sizes \(2, 4, 1\), and the network .* has \(2, 3, 1\)"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 2 features"):
        model.predict(np.zeros((1, 3)))
    with pytest.raises(InvalidInput, match="partial_fit does not support early_stopping=True"):
        model.set_params(early_stopping=True).partial_fit(X, Y)

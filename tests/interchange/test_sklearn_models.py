"""Networks of scikit-learn: the same predictions there and here."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

import fastmlp
from fastmlp import from_sklearn, to_sklearn
from fastmlp.errors import InvalidInput, LabelError, NotFiniteError, ShapeError, UnknownName
from fastmlp.network import softmax

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(40, 4)).astype("float32")
NAMES = np.array(["cat", "ant", "bee"])[np.arange(40) % 3]
NUMBERS = DRAW.normal(size=(40, 2))


def fitted(model: Any, y: Any, dtype: str = "float32") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ten epochs are no convergence
        return model.fit(X.astype(dtype), y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier_and_its_network_agree(n_classes: int, activation: str, dtype: str) -> None:
    y = NAMES if n_classes == 3 else np.where(NAMES == "ant", "no", "yes")
    model = fitted(MLPClassifier((5, 6), activation=activation, max_iter=10, random_state=0), y, dtype)
    net = from_sklearn(model)
    assert (net.sizes, net.activation) == ((4, 5, 6, 1 if n_classes == 2 else 3), activation)
    assert net.dtype == dtype
    probabilities = fastmlp.predict_proba(net, X, backend="numpy")
    assert_allclose(probabilities, model.predict_proba(X.astype(dtype)), atol=1e-6 if dtype == "float32" else 1e-14)
    assert_array_equal(model.classes_[fastmlp.predict(net, X, backend="numpy")], model.predict(X.astype(dtype)))
    back = to_sklearn(net, classes=model.classes_)
    assert_array_equal(back.predict_proba(X.astype(dtype)), model.predict_proba(X.astype(dtype)))
    assert_array_equal(back.predict(X), model.predict(X))


def test_regressions_and_linear_models_agree() -> None:
    model = fitted(MLPRegressor(hidden_layer_sizes=(5,), max_iter=10, random_state=0), NUMBERS)
    net = from_sklearn(model)
    assert_allclose(fastmlp.forward(net, X, backend="numpy"), model.predict(X), atol=1e-6)
    assert_array_equal(to_sklearn(net, regressor=True).predict(X), model.predict(X))
    line = LinearRegression().fit(X, NUMBERS[:, 0])
    assert_allclose(fastmlp.forward(from_sklearn(line), X, backend="numpy")[:, 0], line.predict(X), atol=1e-6)
    logistic = LogisticRegression().fit(X, NAMES)
    assert_allclose(
        fastmlp.forward(from_sklearn(logistic), X, backend="numpy"), logistic.decision_function(X), atol=1e-6
    )


def test_any_of_several_labels() -> None:
    y = (NUMBERS > 0).astype(int)
    model = fitted(MLPClassifier((5,), max_iter=10, random_state=0), y)
    z = fastmlp.forward(from_sklearn(model), X, backend="numpy")
    assert_allclose(1 / (1 + np.exp(-z)), model.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_classes_in_any_order_are_sorted_there_and_mean_the_same(outputs: int) -> None:
    net = fastmlp.init_mlp((4, 5, outputs), rng=0, activation="tanh")  # whose outputs are never equal
    names = np.array(["dog", "cat", "emu"])[: net.n_classes]
    model = to_sklearn(net, classes=names)
    assert model.classes_.tolist() == sorted(names)
    assert_array_equal(model.predict(X), names[fastmlp.predict(net, X, backend="numpy")])
    expected = fastmlp.predict_proba(net, X, backend="numpy")[:, np.argsort(names)]
    assert_allclose(model.predict_proba(X), expected, atol=1e-6)


def test_what_comes_out_is_a_copy() -> None:
    net = fastmlp.init_mlp((4, 5, 3), rng=0)
    before = net.theta.copy()
    model = to_sklearn(net)
    for array in (*model.coefs_, *model.intercepts_):
        array[:] = 1
    assert_array_equal(net.theta, before)


def test_what_cannot_be_translated_is_refused() -> None:
    net = fastmlp.init_mlp((4, 5, 3), activation="gelu")
    with pytest.raises(InvalidInput, match="scikit-learn has no activation gelu; it has relu"):
        to_sklearn(net)
    plain = fastmlp.init_mlp((4, 5, 3))
    with pytest.raises(ShapeError, match=r"classes have shape \(2,\); the network has 3 classes"):
        to_sklearn(plain, classes=["a", "b"])
    with pytest.raises(LabelError, match=r"\['a', 'b', 'a'\]; each must have a name of its own"):
        to_sklearn(plain, classes=["a", "b", "a"])
    with pytest.raises(InvalidInput, match="a regressor has none"):
        to_sklearn(plain, classes=["a", "b", "c"], regressor=True)
    pipeline = fitted(make_pipeline(MLPClassifier((5,), max_iter=5)), NAMES)
    for model in (None, 3, MLPClassifier(), pipeline, X):
        with pytest.raises(InvalidInput, match=r"a fitted MLPClassifier or MLPRegressor"):
            from_sklearn(model)
    broken = fitted(MLPClassifier((5,), max_iter=5), NAMES)
    broken.coefs_[1][0, 0] = np.nan
    with pytest.raises(NotFiniteError, match="layer 1 has NaN"):
        from_sklearn(broken)
    odd = fitted(MLPClassifier((5,), max_iter=5), NAMES)
    odd.activation = "swish"
    with pytest.raises(UnknownName, match="swish"):
        from_sklearn(odd)


def test_softmax_of_its_logits_are_the_probabilities() -> None:
    model = fitted(MLPClassifier((5,), max_iter=5, random_state=0), NAMES)
    z = fastmlp.forward(from_sklearn(model), X, backend="numpy")
    assert_allclose(softmax(z), model.predict_proba(X), atol=1e-6)

"""Scikit-learn's own tests of its multilayer perceptrons, and its checks of any estimator, with ours in their place.

`make oracles` runs them, where pandas is: without it they would skip a part of themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastmlp

pytestmark = pytest.mark.filterwarnings("ignore")  # those of theirs that are about warnings ask for them

# What is left out, and why
EXCLUDED = {
    "test_gradient": "it calls _loss_grad_lbfgs, a private method; ours has its own test of central differences",
}


def their_tests() -> ModuleType:
    """Return the module of scikit-learn's tests, imported anew while our estimators have the names of theirs."""
    spec = find_spec("sklearn.neural_network.tests.test_mlp")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    ours: dict[str, Any] = {"MLPClassifier": fastmlp.MLPClassifier, "MLPRegressor": fastmlp.MLPRegressor}
    with patch.multiple(sklearn.neural_network, **ours):
        spec.loader.exec_module(module)
    return module


THEIRS = {name: test for name, test in vars(their_tests()).items() if name.startswith("test_")}
globals().update({name: test for name, test in THEIRS.items() if name not in EXCLUDED})


@pytest.fixture(autouse=True)
def _pandas(oracle: Callable[[str], ModuleType]) -> None:
    oracle("pandas")


@pytest.fixture
def global_random_seed() -> int:
    """Return the seed of scikit-learn's own conftest."""
    return 42


def test_nothing_is_left_out_that_is_not_there() -> None:
    assert set(EXCLUDED) < set(THEIRS)
    assert len(THEIRS) > 40


class Told:
    """A callback of scikit-learn's that keeps what it is told."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, str, int]] = []

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Keep where it begins."""
        self.tasks.append((context.estimator_name, context.task_name, context.task_id))

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Keep where it ends."""
        self.tasks.append((context.estimator_name, context.task_name, -1))


def test_callbacks_hear_of_ours_what_they_hear_of_theirs() -> None:
    """Scikit-learn 1.9 gives them to searches, and not to its own multilayer perceptrons."""
    callback = pytest.importorskip("sklearn.callback")
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 2
    heard = []
    for name in ("MLPClassifier", "MLPRegressor"):
        ours, theirs = getattr(fastmlp, name), getattr(sklearn.neural_network, name)
        assert issubclass(ours, callback.CallbackSupportMixin) == issubclass(theirs, callback.CallbackSupportMixin)
        for kind in (ours, theirs):
            told = Told()
            search = GridSearchCV(kind(max_iter=3), {"alpha": [0.1, 0.2]}, cv=2).set_callbacks(told)
            search.fit(X, y)
            heard.append(told.tasks)
    assert heard[0] == heard[1]
    assert heard[2] == heard[3]
    assert len(heard[0]) > 8


@parametrize_with_checks([fastmlp.MLPClassifier(max_iter=100), fastmlp.MLPRegressor(max_iter=100)])
def test_checks_of_any_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)

"""Scikit-learn's own tests of its multilayer perceptrons, and its checks of any estimator, with ours in their place.

`make oracles` runs them, where pandas is: without it they would skip a part of themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
import sklearn.neural_network
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


@parametrize_with_checks([fastmlp.MLPClassifier(max_iter=100), fastmlp.MLPRegressor(max_iter=100)])
def test_checks_of_any_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)

"""The baseline is scikit-learn's logistic regression to the bit, though its loss is computed here."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from fastmlp.strategies import fit_baseline, logistic
from fastmlp.study.execution.blas_threads import blas_threads_limited

from ..conftest import SeededRng

FITTED = ("classes_", "coef_", "intercept_", "n_iter_")


def assert_same(ours: Any, theirs: Any) -> None:
    for name in FITTED:
        assert_array_equal(getattr(ours, name), getattr(theirs, name))
        assert getattr(ours, name).dtype == getattr(theirs, name).dtype
    assert ours.coef_.strides == theirs.coef_.strides  # or products with it might differ in the last bit


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("n", [12, 97])
def test_the_bits_are_those_of_scikit_learn(rng: SeededRng, n: int, n_classes: int) -> None:
    x, labels = rng.normal(n, 7), 3 * (np.arange(n) % n_classes)  # some classes are absent, as with few labels
    x[np.arange(n), labels % 7] += 1
    with blas_threads_limited():
        theirs = LogisticRegression(C=0.3, max_iter=1000, warm_start=True).fit(x, labels)
        ours = fit_baseline(x, labels, C=0.3)
        assert_same(ours, theirs)
        assert_same(fit_baseline(x, labels, C=5.0, near=ours), theirs.set_params(C=5.0).fit(x, labels))
        assert_array_equal(ours.predict_proba(x), theirs.predict_proba(x))


def test_what_a_fit_of_its_own_is_for_is_left_to_scikit_learn(rng: SeededRng) -> None:
    x, labels, weights = rng.normal(40, 3), rng.labels(40, 3), np.linspace(1, 2, 40)
    theirs = LogisticRegression(max_iter=1000)
    assert_same(fit_baseline(x, labels, sample_weight=weights), theirs.fit(x, labels, weights))
    assert_same(fit_baseline(x.astype(np.float32), labels), theirs.fit(x.astype(np.float32), labels))
    with pytest.raises(ValueError, match="NaN"):
        fit_baseline(np.where(np.arange(40)[:, None] == 7, np.nan, x), labels)


def test_without_the_loss_of_scikit_learn_its_own_fit_is_used(rng: SeededRng, monkeypatch: pytest.MonkeyPatch) -> None:
    x, labels = rng.normal(40, 3), rng.labels(40, 3)
    monkeypatch.setitem(sys.modules, "sklearn._loss", ModuleType("sklearn._loss"))
    monkeypatch.setattr(logistic, "Objective", None)  # which nobody must ask for then
    assert_same(fit_baseline(x, labels), LogisticRegression(max_iter=1000).fit(x, labels))


def test_a_fit_that_does_not_converge_says_so(rng: SeededRng, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "MOST_ITERATIONS", 2)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iterations"):
        fit_baseline(rng.normal(40, 3), rng.labels(40, 3))

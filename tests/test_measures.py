"""scikit-learn is the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from fastmlp.backends.reference_data import confusion
from fastmlp.measures import MEASURES, evaluate, log_loss, macro_averages


@st.composite
def predictions(draw: st.DrawFn) -> tuple[Any, Any]:
    """Probabilities (n, classes) with many ties, and labels."""
    n, n_classes, seed = draw(st.integers(2, 60)), draw(st.integers(2, 6)), draw(st.integers(0, 999))
    generator = np.random.default_rng(seed)
    scores = generator.integers(1, draw(st.sampled_from([3, 1000])), (n, n_classes)).astype(float)
    return scores / scores.sum(axis=1, keepdims=True), generator.integers(0, n_classes, n)


@given(predictions())
def test_measures_equal_scikit_learns(case: tuple[Any, Any]) -> None:
    p, y = case
    n_classes = p.shape[1]
    labels = np.arange(n_classes)
    measured = evaluate(p, y)
    assert set(measured) == set(MEASURES)
    assert measured["accuracy"] == pytest.approx(metrics.accuracy_score(y, p.argmax(axis=1)))
    for name in ("precision", "recall"):
        score = getattr(metrics, f"{name}_score")
        expected = score(y, p.argmax(axis=1), labels=labels, average="macro", zero_division=0)
        assert measured[f"macro_{name}"] == pytest.approx(expected)
    f1 = metrics.f1_score(y, p.argmax(axis=1), labels=labels, average="macro", zero_division=0)
    assert measured["macro_f1"] == pytest.approx(f1)
    assert measured["log_loss"] == pytest.approx(metrics.log_loss(y, p, labels=labels))
    if len(set(y)) == n_classes:
        areas = [metrics.roc_auc_score(y == label, p[:, label]) for label in labels]
        assert measured["auc"] == pytest.approx(np.mean(areas))
    else:
        assert measured["auc"] is None


def test_auc_is_not_defined_for_one_class_alone() -> None:
    assert evaluate(np.full((3, 2), 0.5), np.zeros(3, int))["auc"] is None


def test_a_wrong_certainty_costs_a_finite_log_loss() -> None:
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(np.finfo(float).eps))


def test_calibration_error_by_hand() -> None:
    # Confidence 0.9 twice, once right: |0.9 - 0.5|; confidence 0.6 once, right: |0.6 - 1|. (2 * 0.4 + 1 * 0.4) / 3
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]])
    assert evaluate(p, np.array([0, 1, 0]))["ece"] == pytest.approx(0.4)


def test_certain_and_right_is_perfectly_calibrated() -> None:
    assert evaluate(np.eye(4), np.arange(4))["ece"] == 0


def test_a_class_neither_present_nor_predicted_counts_as_zero() -> None:
    assert macro_averages(confusion(np.array([0, 1]), np.array([0, 1]), 4)) == [0.5, 0.5, 0.5]

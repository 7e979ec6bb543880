"""Checks of `baseline`: logistic regression on inputs standardised by the training inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..student import Mistake, Student, number
from ..texts import at
from .data import experiment, in_units, shuffled_labels, with_outlier

Floats = NDArray[np.float64]
CLOSE = 0.045  # accuracies: other solvers, other stopping rules


def check_baseline(student: Student, rng: np.random.Generator) -> None:
    """Check it on digits, then with labels and inputs changed so that every leak changes the accuracy."""
    seed = rng.integers(2**31)
    train_X, train_y, X, y, *_ = experiment(np.random.default_rng(seed), n_train=200)
    plain = _accuracy(student, train_X, train_y, X, y)
    _check_range(plain, len(y))
    wrong = _accuracy(student, train_X, train_y, X, shuffled_labels(y))
    right = _expected(train_X, train_y, X, y)
    if abs(plain - (1 - right)) < CLOSE:
        raise Mistake("error_instead_of_accuracy", at("baseline"), plain, right)
    if wrong > 0.5:  # tested on the training inputs under other labels, one of the two faults is confused
        confused = _accuracy(student, train_X, train_y, train_X, shuffled_labels(train_y)) < 0.9
        key = "baseline_trained_on_test" if confused else "accuracy_on_training_set"
        raise Mistake(key, at("accuracy_if_every_test_label_is_wrong"), wrong, at("near_0"))
    _check_unseen(student, train_X, train_y, X, y, plain)
    if abs(plain - right) > 2 * CLOSE:
        raise Mistake("baseline_differs", at("baseline"), plain, right)


def _check_unseen(student: Student, train_X: Floats, train_y: Any, X: Floats, y: Any, plain: float) -> None:
    """Put one test input far away: whatever was fitted on the training inputs judges all others as before."""
    mine = _accuracy(student, train_X, train_y, with_outlier(X), y)
    if mine < plain - CLOSE:
        moved = _accuracy(student, train_X, train_y, X * 2 + 60, y)  # standardised by themselves, these are as before
        key = "baseline_scaler_on_test" if abs(moved - plain) < CLOSE else "baseline_scaler_on_everything"
        raise Mistake(key, at("accuracy_with_one_test_input_far_away"), mine, plain)
    skewed = _accuracy(student, in_units(train_X), train_y, in_units(X), y)
    if abs(skewed - plain) > 2 * CLOSE:
        raise Mistake("experiment_unscaled", at("accuracy_if_features_have_units_of_their_own"), skewed, plain)


def _accuracy(student: Student, *arguments: Any) -> float:
    return number(student.call("baseline", *arguments), "baseline")


def _check_range(value: float, n: int) -> None:
    if 0 <= value <= 1:
        return
    if abs(value - round(value)) < 1e-9 and value > 100:
        raise Mistake("accuracy_counted", at("baseline"), value, at("a_share_of_n", n=n))
    raise Mistake("accuracy_percent", at("baseline"), value, at("between_0_and_1"))


def _expected(train_X: Floats, train_y: Any, X: Floats, y: Any) -> float:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=300).fit(_scaled(train_X, train_X), train_y)
    return float(np.mean(model.predict(_scaled(train_X, X)) == y))


def _scaled(fitted: Floats, X: Floats) -> Floats:
    spread = fitted.std(axis=0)
    result: Floats = (X - fitted.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return result

"""Checks of `scratch`, and those that every experiment shares: nothing of the test set may reach the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..student import Mistake, Student, number, pair_with_number, snapshot
from ..texts import at
from .data import N_CLASSES, Experiment, experiment, in_units, parameters, same, shuffled_labels
from .settings import check_settings, listening

Run = Callable[[Experiment], tuple[Any, float]]


def check_scratch(student: Student, rng: np.random.Generator) -> None:
    """Check accuracy and leaks on digits."""
    data = experiment(rng)
    seed = int(rng.integers(2**31))

    def run(given: Experiment, seed: int = seed) -> tuple[Any, float]:
        value = student.call("scratch", *given.target, np.random.default_rng(seed))
        net, share = pair_with_number(value, "scratch", "the network and its accuracy", 1)
        return snapshot(net), share

    with listening(student) as calls:
        net, share = run(data)
    check_range("scratch", share)
    if not parameters(net, N_CLASSES, "scratch")["b2"].any():
        raise Mistake("experiment_untrained", function="scratch")
    few = data.few
    of_few, share_of_few = check_leaks("scratch", run, few)
    check_settings("scratch", calls)
    if share < 0.6:
        _check_evaluation(student, net, share, data)
        raise Mistake("scratch_learns_little", at("accuracy_with_150_labels"), share, at("about_0_9"))
    _check_scaled_by_training(student, run, few, share_of_few)
    other, _ = run(few, seed + 1)
    if same(of_few, other, N_CLASSES, "scratch"):
        raise Mistake("experiment_ignores_rng", function="scratch")


def check_range(name: str, share: float) -> None:
    """Check that an accuracy is a share."""
    if not 0 <= share <= 1:
        raise Mistake("accuracy_percent" if share <= 100 else "accuracy_counted", name, share, at("between_0_and_1"))


def check_leaks(name: str, run: Run, data: Experiment) -> tuple[Any, float]:
    """Run an experiment with its test set changed in ways that a trained network must not notice."""
    net, share = run(data)
    again, _ = run(data)
    if not same(net, again, N_CLASSES, name):
        raise Mistake("experiment_not_repeatable", function=name)
    relabelled, wrong = run(data._replace(y_test=shuffled_labels(data.y_test)))
    if not same(net, relabelled, N_CLASSES, name):
        raise Mistake(
            "leak_of_test_labels",
            at("accuracy_then_with_other_test_labels"),
            f"{share:.3f}, {wrong:.3f}",
            function=name,
        )
    if wrong > 0.5:
        raise Mistake("accuracy_on_training_set", at("accuracy_if_every_test_label_is_wrong"), wrong, at("near_0"))
    moved, _ = run(data._replace(X_test=data.X_test[::-1] * 3 + 5))
    if not same(net, moved, N_CLASSES, name):
        raise Mistake("leak_of_test_inputs", function=name)
    return net, share


def _check_scaled_by_training(student: Student, run: Run, data: Experiment, share: float) -> None:
    """Shift the test inputs: standardised by themselves they would look as before."""
    shift = np.where(np.arange(data.X_test.shape[1]) % 2, 60.0, 0.0)
    _, moved = run(data._replace(X_test=data.X_test * 2 + shift))
    if abs(moved - share) < 0.02:
        raise Mistake(
            "scaled_by_itself", at("accuracy_then_on_shifted_test_inputs"), f"{share:.3f}, {moved:.3f}", at("a_fall")
        )
    skewed_data = data._replace(X_train=in_units(data.X_train), X_test=in_units(data.X_test))
    net, skewed = run(skewed_data)
    if share - skewed > 0.1:
        _check_evaluation(student, net, skewed, skewed_data)
        raise Mistake("experiment_unscaled", at("accuracy_if_features_have_units_of_their_own"), skewed, share)


def _check_evaluation(student: Student, net: Any, share: float, data: Experiment) -> None:
    """Measure a network again, behind the scaler of the training inputs."""
    scaled = student.call("apply_scaler", student.call("fit_scaler", data.X_train), data.X_test)
    right = number(student.call("accuracy", net, scaled, data.y_test), "accuracy")
    if right > share + 0.1:
        raise Mistake("evaluated_unscaled", "scratch", share, right, function="scratch")

"""Checks of `scratch`, and those that every experiment shares: nothing of the test set may reach the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..student import Mistake, Student, number, pair, snapshot
from ..texts import at
from .data import N_CLASSES, Experiment, experiment, same, shuffled_labels

Run = Callable[[Experiment], tuple[Any, float]]


def check_scratch(student: Student, rng: np.random.Generator) -> None:
    """Check accuracy and leaks on digits."""
    data = experiment(rng)
    seed = int(rng.integers(2**31))

    def run(given: Experiment, seed: int = seed) -> tuple[Any, float]:
        value = student.call("scratch", *given.target, np.random.default_rng(seed))
        net, share = pair(value, "scratch", "the network and its accuracy")
        return snapshot(net), number(share, "scratch")

    net, share = check_experiment("scratch", run, data)
    if share < 0.6:
        raise Mistake("scratch_learns_little", at("accuracy_with_150_labels"), share, at("about_0_9"))
    check_scaled_by_training(run, data, share)
    other, _ = run(data, seed + 1)
    if same(net, other, N_CLASSES, "scratch"):
        raise Mistake("experiment_ignores_rng", function="scratch")


def check_experiment(name: str, run: Run, data: Experiment) -> tuple[Any, float]:
    """Run an experiment with its test set changed in ways that a trained network must not notice."""
    net, share = run(data)
    if not 0 <= share <= 1:
        raise Mistake("accuracy_percent" if share <= 100 else "accuracy_counted", name, share, at("between_0_and_1"))
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


def check_scaled_by_training(run: Run, data: Experiment, share: float) -> None:
    """Shift the test inputs: standardised by themselves they would look as before."""
    shift = np.where(np.arange(data.X_test.shape[1]) % 2, 60.0, 0.0)
    _, moved = run(data._replace(X_test=data.X_test * 2 + shift))
    if abs(moved - share) < 0.02:
        raise Mistake(
            "scaled_by_itself", at("accuracy_then_on_shifted_test_inputs"), f"{share:.3f}, {moved:.3f}", at("a_fall")
        )
    units = np.where(np.arange(data.X_test.shape[1]) % 3 == 0, 300.0, 0.01)
    _, skewed = run(data._replace(X_train=data.X_train * units, X_test=data.X_test * units))
    if share - skewed > 0.1:
        raise Mistake("experiment_unscaled", at("accuracy_if_features_have_units_of_their_own"), skewed, share)

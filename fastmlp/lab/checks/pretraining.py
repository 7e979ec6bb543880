"""Checks of `pretrain`: a network that tells even digits from odd ones, and the scaler that goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parameters import values
from ..student import Mistake, Student, floats, pair
from ..texts import at
from .data import HIDDEN, Experiment, experiment, same

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def check_pretrain(student: Student, rng: np.random.Generator) -> None:
    """Check the head, the labels it learned, and the scaler."""
    data = experiment(rng)
    X, digits, seed = data.X_source, data.y_source, int(rng.integers(2**31))
    net, scaler = _pretrained(student, X, digits, seed)
    scaled = floats(student.call("apply_scaler", scaler, X), "apply_scaler", X.shape)
    if abs(float(scaled.mean())) > 0.1 or not 0.5 < float(scaled.std()) < 1.5:
        raise Mistake(
            "pretrain_scaler",
            at("mean_and_spread_of_the_source_inputs_scaled"),
            [scaled.mean(), scaled.std()],
            at("0_and_1"),
        )
    fresh = student.call("apply_scaler", scaler, data.X_test)
    z = np.asarray(student.call("forward", net, fresh), dtype=np.float64)
    if z.ndim != 2 or z.shape[1] != 2:
        named = "pretrain_ten_classes" if z.shape[-1] == 10 else "pretrain_classes"
        raise Mistake(named, at("outputs_of_the_head"), z.shape[-1], 2)
    values(net, (X.shape[1], HIDDEN, 2), "pretrain")
    _check_labels(z.argmax(axis=1), data.y_test)
    _check_units(student, data, seed)
    again, _ = _pretrained(student, X, digits, seed)
    if not same(net, again, 2, "pretrain"):
        raise Mistake("experiment_not_repeatable", function="pretrain")
    other, _ = _pretrained(student, X, digits, seed + 1)
    if same(net, other, 2, "pretrain"):
        raise Mistake("experiment_ignores_rng", function="pretrain")


def _pretrained(student: Student, X: Floats, digits: Ints, seed: int) -> tuple[Any, Any]:
    value = student.call("pretrain", X, digits, np.random.default_rng(seed))
    return pair(value, "pretrain", "the network and its scaler")


def _check_units(student: Student, data: Experiment, seed: int) -> None:
    """Give features units of their own: behind a scaler that makes no difference."""
    units = np.where(np.arange(data.X_source.shape[1]) % 3 == 0, 300.0, 0.01)
    net, scaler = _pretrained(student, data.X_source * units, data.y_source, seed)
    z = student.call("forward", net, student.call("apply_scaler", scaler, data.X_test * units))
    share = float(np.mean(np.asarray(z, dtype=np.float64).argmax(axis=1) == data.y_test % 2))
    if share < 0.85:
        raise Mistake("pretrain_unscaled", at("accuracy_if_features_have_units_of_their_own"), share, at("above_0_9"))


def _check_labels(predicted: Ints, digits: Ints) -> None:
    share = float(np.mean(predicted == digits % 2))
    if share > 0.85:
        return
    others = {
        "pretrain_even_is_one": 1 - digits % 2,
        "pretrain_small_or_large": digits > 4,
        "pretrain_zero_or_not": digits > 0,
        "pretrain_prime": np.isin(digits, (2, 3, 5, 7)),
    }
    for key, labels in others.items():
        if float(np.mean(predicted == labels)) > 0.88:
            raise Mistake(
                key, at("predictions_for_the_digits", digits=digits[:6].tolist()), predicted[:6], digits[:6] % 2
            )
    raise Mistake("pretrain_learns_nothing", at("accuracy_on_even_or_odd"), share, at("above_0_9"))

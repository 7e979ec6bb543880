"""Checks of `pretrain`: a network that tells even digits from odd ones, and the scaler that goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..student import Mistake, Student, floats, pair, table
from ..texts import at
from .data import Experiment, experiment, in_units, parameters, same
from .settings import check_settings, listening

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def check_pretrain(student: Student, rng: np.random.Generator) -> None:
    """Check the head, the labels it learned, and the scaler."""
    data = experiment(rng, n_source=400)
    X, digits, seed = data.X_source, data.y_source, int(rng.integers(2**31))
    with listening(student) as calls:
        net, scaler = _pretrained(student, X, digits, seed)
    if _holds_network(scaler) and not _holds_network(net):
        raise Mistake("pair_swapped", function="pretrain", what="the network and its scaler")
    scaled = floats(student.call("apply_scaler", scaler, X), "apply_scaler", X.shape)
    if abs(float(scaled.mean())) > 0.1 or not 0.5 < float(scaled.std()) < 1.5:
        raise Mistake(
            "pretrain_scaler",
            at("mean_and_spread_of_the_source_inputs_scaled"),
            [scaled.mean(), scaled.std()],
            at("0_and_1"),
        )
    fresh = student.call("apply_scaler", scaler, data.X_test)
    z = table(student.call("forward", net, fresh), "forward", len(data.X_test))
    if z.shape[1] != 2:
        named = "pretrain_ten_classes" if z.shape[-1] == 10 else "pretrain_classes"
        raise Mistake(named, at("outputs_of_the_head"), z.shape[-1], 2)
    if not parameters(net, 2, "pretrain")["b2"].any():
        raise Mistake("experiment_untrained", function="pretrain")
    check_settings("pretrain", calls)
    _check_labels(z.argmax(axis=1), data.y_test)
    _check_units(student, data, seed)
    few = data.few
    net, again, other = (_pretrained(student, few.X_source, few.y_source, s)[0] for s in (seed, seed, seed + 1))
    if not same(net, again, 2, "pretrain"):
        raise Mistake("experiment_not_repeatable", function="pretrain")
    if same(net, other, 2, "pretrain"):
        raise Mistake("experiment_ignores_rng", function="pretrain")


def _pretrained(student: Student, X: Floats, digits: Ints, seed: int) -> tuple[Any, Any]:
    value = student.call("pretrain", X, digits, np.random.default_rng(seed))
    return pair(value, "pretrain", "the network and its scaler")


def _holds_network(value: Any) -> bool:
    try:
        parameters(value, 2, "pretrain")
    except Mistake:
        return False
    return True


def _check_units(student: Student, data: Experiment, seed: int) -> None:
    net, scaler = _pretrained(student, in_units(data.X_source), data.y_source, seed)
    z = student.call("forward", net, student.call("apply_scaler", scaler, in_units(data.X_test)))
    share = float(np.mean(table(z, "forward", len(data.X_test)).argmax(axis=1) == data.y_test % 2))
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

"""Checks of `frozen` and `finetune`: what moves, what stays, and what is new."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..parameters import Sizes, Values, arrays_in, assign, values
from ..student import Mistake, Student, number, pair, pair_with_number, snapshot, table
from ..texts import at
from .data import HIDDEN, N_CLASSES, Experiment, experiment, in_units, with_outlier
from .scratch import check_leaks, check_range
from .settings import check_settings, listening

HUGE = 1e3  # weights of a head that no new head has


class Source(NamedTuple):
    """A pretrained network, the scaler that goes with it, and the network's sizes."""

    net: Any
    scaler: Any
    sizes: Sizes


def check_frozen(student: Student, rng: np.random.Generator) -> None:
    """The body keeps its bytes, the head is new."""
    before, after = _check(student, rng, "frozen")
    for name in ("W1", "b1"):
        if before[name].tobytes() != after[name].tobytes():
            place = np.unravel_index(int(np.abs(before[name] - after[name]).argmax()), before[name].shape)
            new_body = _apart(before["W1"], after["W1"]) > 0.7
            if name == "W1" and not new_body and _finetune_keeps_body(student, rng):
                raise Mistake(
                    "frozen_and_finetune_swapped",
                    f"{name}{list(map(int, place))}",
                    after[name][place],
                    before[name][place],
                )
            key = "body_drawn_anew" if new_body else "frozen_moves_" + name
            raise Mistake(
                key, f"{name}{list(map(int, place))}", after[name][place], before[name][place], function="frozen"
            )


def check_finetune(student: Student, rng: np.random.Generator) -> None:
    """The body moves, but from where it was pretrained."""
    before, after = _check(student, rng, "finetune")
    for name in ("W1", "b1"):
        if before[name].tobytes() == after[name].tobytes():
            raise Mistake("finetune_keeps_" + name, at("name_first_entries", name=name), after[name], at("moved"))
    if _apart(before["W1"], after["W1"]) > 0.7:
        raise Mistake("body_drawn_anew", at("w1_first_entries"), after["W1"], before["W1"], function="finetune")


def _apart(first: Any, second: Any) -> float:
    return float(np.linalg.norm(first - second) / np.linalg.norm(first))


def _finetune_keeps_body(student: Student, rng: np.random.Generator) -> bool:
    data = experiment(rng, n_train=40, n_test=40, n_source=200)
    source = _source(student, data, 3)
    net, _ = _run(student, "finetune", source, data, 3)
    return (
        values(net, (*source.sizes[:2], N_CLASSES), "finetune")["W1"].tobytes()
        == values(source.net, source.sizes, "pretrain")["W1"].tobytes()
    )


def _source(student: Student, data: Experiment, seed: int) -> Source:
    """Pretrain on the source examples."""
    value = student.call("pretrain", data.X_source, data.y_source, np.random.default_rng(seed))
    net, scaler = pair(value, "pretrain", "the network and its scaler")
    return Source(net, scaler, (data.X_source.shape[1], HIDDEN, 2))


def _run(student: Student, name: str, source: Source, data: Experiment, seed: int) -> tuple[Any, float]:
    value = student.call(name, source.net, source.scaler, *data.target, np.random.default_rng(seed))
    net, share = pair_with_number(value, name, "the network and its accuracy", 1)
    return snapshot(net), share


def _check(student: Student, rng: np.random.Generator, name: str) -> tuple[Values, Values]:
    """Check what both strategies share; return the parameters before and after."""
    data, seed = experiment(rng, n_source=300), int(rng.integers(2**31))
    source = _source(student, data, seed + 1)
    kept = snapshot(source.net)
    before = values(kept, source.sizes, "pretrain")
    with listening(student) as calls:
        net, share = _run(student, name, source, data, seed)
    if [array.tobytes() for array in arrays_in(kept)] != [array.tobytes() for array in arrays_in(source.net)]:
        raise Mistake("pretrained_changed", function=name)
    sizes = (*source.sizes[:2], N_CLASSES)
    scaled = student.call("apply_scaler", source.scaler, data.X_test[:3])
    outputs = table(student.call("forward", net, scaled), "forward", 3).shape[1]
    if outputs != N_CLASSES:
        raise Mistake(
            "head_of_two_classes" if outputs == 2 else "head_classes",
            at("outputs_of_the_head"),
            outputs,
            N_CLASSES,
            function=name,
        )
    after = values(net, sizes, name)
    if not after["b2"].any():
        raise Mistake("head_bias_fixed" if share > 0.5 else "experiment_untrained", function=name)
    few = data.few
    _check_head_is_new(student, name, source, few, seed)
    check_range(name, share)
    in_other_units = _check_scaling(student, name, data, seed)
    check_leaks(name, lambda given: _run(student, name, source, given, seed), few)
    check_settings(name, calls)
    if share < 0.5:
        _check_labels(student, name, net, source, data)
        raise Mistake("transfer_learns_little", at("accuracy_with_150_labels"), share, at("about_0_9"), function=name)
    if in_other_units < 0.67:
        where = at("accuracy_if_features_have_units_of_their_own")
        raise Mistake("trained_unscaled", where, in_other_units, at("about_0_9"), function=name)
    return before, after


def _check_head_is_new(student: Student, name: str, source: Source, data: Experiment, seed: int) -> None:
    """Transfer from a network of ten classes whose head is huge: a head that is drawn anew is not."""
    net = student.call("init_mlp", *source.sizes[:2], N_CLASSES, np.random.default_rng(seed))
    sizes = (*source.sizes[:2], N_CLASSES)
    p = values(net, sizes, "init_mlp")
    assign(net, sizes, p | {"W2": p["W2"] + HUGE})
    moved, _ = _run(student, name, source._replace(net=net), data, seed)
    head = values(moved, sizes, name)["W2"]
    if np.nanmedian(np.abs(head)) > HUGE / 3:
        raise Mistake("head_reused", at("w2_first_entries"), head, at("a_new_draw"), function=name)


def _check_scaling(student: Student, name: str, data: Experiment, seed: int) -> float:
    """Make the scalers of the source, the labelled examples and the test set three with little in common.

    Returns
    -------
    The accuracy, which is low if inputs are trained on that went through none of them.
    """
    data = data._replace(
        X_source=in_units(data.few.X_source * 1.5 + 2),
        y_source=data.few.y_source,
        X_train=in_units(data.X_train),
        X_test=with_outlier(in_units(data.X_test)),
    )
    source = _source(student, data, seed + 2)
    net, share = _run(student, name, source, data, seed)
    _check_accuracy(student, name, net, share, source, data)
    return share


def _check_accuracy(student: Student, name: str, net: Any, share: float, source: Source, data: Experiment) -> None:
    """Measure the returned network again, with the source's scaler on the test set."""

    def measured(scaler: Any, X: Any, y: Any) -> float:
        return number(student.call("accuracy", net, student.call("apply_scaler", scaler, X), y), "accuracy")

    right = measured(source.scaler, data.X_test, data.y_test)
    if abs(share - right) < 1e-6:
        return
    if abs(share - measured(source.scaler, data.X_train, data.y_train)) < 1e-6:
        raise Mistake("accuracy_on_training_set", name, share, right)
    for key, fitted in (("transfer_scaler_refitted", data.X_train), ("scaled_by_itself", data.X_test)):
        if abs(share - measured(student.call("fit_scaler", fitted), data.X_test, data.y_test)) < 1e-6:
            raise Mistake(key, name, share, right, function=name)
    raw = number(student.call("accuracy", net, data.X_test, data.y_test), "accuracy")
    if abs(share - raw) < 1e-6:
        raise Mistake("evaluated_unscaled", name, share, right, function=name)
    raise Mistake("accuracy_is_of_another_network", name, share, right, function=name)


def _check_labels(student: Student, name: str, net: Any, source: Source, data: Experiment) -> None:
    scaled = student.call("apply_scaler", source.scaler, data.X_test)
    predicted = table(student.call("forward", net, scaled), "forward", len(data.X_test)).argmax(axis=1)
    others = ("source_labels", data.y_test % 2, 0.8), ("labels_off_by_one", (data.y_test + 1) % N_CLASSES, 0.6)
    for key, labels, many in others:
        if float(np.mean(predicted == labels)) > many:
            digits = data.y_test[:6]
            where = at("predictions_for_the_digits", digits=digits.tolist())
            raise Mistake(key, where, predicted[:6], digits, function=name)

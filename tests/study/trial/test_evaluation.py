"""What trained models are judged on, and what is told of them beside accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastmlp.problems import PROBLEMS, get_problem
from fastmlp.problems.registry import NEEDS
from fastmlp.strategies import get_strategy
from fastmlp.study.settings.load import from_dict
from fastmlp.study.store.schema import SCORES, TRIAL, Record
from fastmlp.study.trial import evaluation
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.evaluation import HeldOut, confused
from fastmlp.study.trial.model import Model
from fastmlp.study.trial.run import run_strategy
from fastmlp.study.trial.transferability import LARGEST

from ...made_up_study import SMALL

SHIFTED = ("accuracy_rotated", "accuracy_noisy", "accuracy_inverted")


def context(problem: str = "parity", changes: dict[str, Any] | None = None) -> TrialContext:
    return TrialContext(get_problem(problem, 0), 0, from_dict(SMALL | (changes or {})), "numpy")


def test_every_shift_that_a_problem_has_is_a_column() -> None:
    for name in (*(name for name in PROBLEMS if name not in NEEDS), "teacher-0.5"):
        assert {f"accuracy_{shift}" for shift in get_problem(name).shifts} <= set(TRIAL), name


@pytest.mark.parametrize("strategy", ["baseline", "scratch", "finetune", "probe-1", "lora-4"])
def test_accuracy_is_measured_under_each_shift(strategy: str) -> None:
    record = run_strategy(
        context(changes={"network": {"hidden": [32]}, "training": {"epochs": 40}}), get_strategy(strategy), 100
    )
    assert all(0 <= record[name] <= 1 for name in SHIFTED)
    assert record["accuracy"] > np.mean([record[name] for name in SHIFTED]), "they were chosen to hurt"
    only_noise = run_strategy(context("teacher-0.5"), get_strategy(strategy), 30)
    assert 0 <= only_noise["accuracy_noisy"] <= 1
    assert {"accuracy_rotated", "accuracy_inverted"}.isdisjoint(only_noise), "the blank record's None stays"


def test_noise_is_the_same_for_all_models_and_another_for_every_seed() -> None:
    problem = get_problem("parity")
    rows = problem.split(0).heldout
    first, second, other = (HeldOut(problem, rows, seed, "numpy").views[2] for seed in (0, 0, 1))
    assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0


def test_the_held_out_set_is_judged_on_once_a_trained_model(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    real = evaluation.HeldOut.evaluate

    def evaluate(self: HeldOut, model: Model) -> Record:
        judged.append(model)
        return real(self, model)

    monkeypatch.setattr(evaluation.HeldOut, "evaluate", evaluate)
    tuning = context(changes={"tuning": {"trials": 2, "folds": 2}})
    for strategy in ("finetune", "baseline"):
        run_strategy(tuning, get_strategy(strategy), 100)
    assert len(judged) == 2


def test_inputs_are_kept_for_the_scaler_that_models_share_and_are_what_they_would_see() -> None:
    here = context()
    run_strategy(here, get_strategy("scratch"), 20)
    assert here.heldout._kept == {}
    run_strategy(here, get_strategy("finetune"), 20)
    ((scaler, dtype),) = here.heldout._kept
    assert (scaler, dtype) == (here.source().scaler, "float32")
    raw = here.problem.target.X[here.split.heldout]
    assert_array_equal(here.heldout._kept[scaler, dtype][1], scaler.transform(raw, "float32"))


def test_the_freeze_ledger_and_the_drift_go_layer_by_layer() -> None:
    deep = context(changes={"network": {"hidden": [8, 6]}})
    partial = run_strategy(deep, get_strategy("partial-1"), 20)
    assert partial["trainable"] == [0, 8 * 6 + 6, 6 * 10 + 10]
    assert partial["drift"][0] == 0
    assert min(partial["drift"][1:]) > 0
    assert "trainable" not in run_strategy(deep, get_strategy("baseline"), 20)


def test_what_is_costly_is_measured_if_asked_for_and_only_of_what_was_transferred() -> None:
    asked = context(changes={"measures": {"inside": True}, "network": {"hidden": [8, 6]}})
    frozen, tuned = (run_strategy(asked, get_strategy(name), 20) for name in ("frozen", "finetune"))
    assert frozen["cka"] == pytest.approx([1, 1])
    assert frozen["source_accuracy_kept"] == asked.pretraining()["source_accuracy"]
    assert len(tuned["cka"]) == 2
    assert min(tuned["cka"]) < 1
    for name in ("scratch", "scratch-source-scaler", "random-frozen", "baseline"):
        assert "cka" not in run_strategy(asked, get_strategy(name), 20), (
            "it knows no pretrained network, and its key says so"
        )
    assert "cka" not in run_strategy(context(), get_strategy("finetune"), 20)


@pytest.mark.parametrize("name", ["scratch", "finetune", "plateau"])
def test_measuring_more_changes_no_result(name: str) -> None:
    plain, inside = context(), context(changes={"measures": {"inside": True}})
    first, second = (run_strategy(each, get_strategy(name), 20) for each in (plain, inside))
    assert first["losses"] == second["losses"]
    assert first["accuracy"] == second["accuracy"]
    assert first["train_accuracies"] is None
    assert second["train_accuracies"][-1] == [len(second["losses"]), second["train_accuracy"]]


def test_scores_see_nothing_but_the_labels_they_are_asked_for() -> None:
    honest = context()
    scores = honest.scores(20)
    assert set(scores) == set(SCORES)
    assert all(isinstance(value, float) for value in scores.values())
    y = honest.problem.target.y.copy()
    beyond = np.setdiff1d(np.arange(len(y)), honest.split.subset(20))
    y[beyond] = (y[beyond] + 3) % 10
    blind = context()
    split = blind.split
    blind.problem = replace(blind.problem, target=replace(blind.problem.target, y=y))
    blind.split = split
    assert blind.scores(20) == scores
    assert honest.scores(30) != scores


def test_scores_of_a_source_that_knows_are_higher() -> None:
    training = {"pretraining": {"epochs": 20}, "network": {"hidden": [32]}}
    same, random = (context(name, training).scores(100) for name in ("same", "random-labels"))
    for name in ("log_me", "leep", "label_cka"):
        assert same[name] > random[name], name
    assert LARGEST < 500


def test_scores_of_a_pretraining_that_diverged_are_none() -> None:
    wild = context(changes={"pretraining": {"lr": 1e6, "epochs": 3}})
    assert wild.scores(20) == dict.fromkeys(SCORES)


@pytest.mark.parametrize("strategy", ["baseline", "finetune"])
def test_what_is_taken_for_what_adds_up_to_the_accuracy(strategy: str) -> None:
    inside = context(changes={"measures": {"inside": True}})
    record = run_strategy(inside, get_strategy(strategy), 30)
    counts = dict(record["confusion"])
    assert sum(counts.values()) == len(inside.heldout.labels)
    right = sum(count for place, count in counts.items() if place // 10 == place % 10)
    assert right / sum(counts.values()) == pytest.approx(record["accuracy"])
    assert "confusion" not in run_strategy(context(), get_strategy(strategy), 30)


def test_a_class_that_nobody_is_taken_for_has_no_entry() -> None:
    assert confused(np.array([2, 2, 0]), np.array([0, 0, 0]), 3) == [[0, 1], [6, 2]]

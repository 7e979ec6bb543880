"""Replicates: one purpose of randomness is drawn anew, the others stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastmlp
from fastmlp.errors import SettingsError
from fastmlp.problems import get_problem
from fastmlp.strategies import get_strategy
from fastmlp.study import run as study_run
from fastmlp.study.plan import plan
from fastmlp.study.results.status import accuracies
from fastmlp.study.settings.load import from_dict, load_settings, quick
from fastmlp.study.settings.schema import PURPOSES
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.model import Model
from fastmlp.study.trial.training import train
from fastmlp.study.trial.tuning import Candidate

from ..made_up_study import SMALL
from .test_plan import BASE, HERE

STILL = Candidate(1e-60, 1, 0.0, 1.0)  # a training that moves nothing ends where it starts
REPLICATES: dict[str, Any] = {"number": 2, "seeds": 1, "sizes": [20], "strategies": ["finetune"]}


def context(problem: str = "parity") -> TrialContext:
    return TrialContext(get_problem(problem, 0), 0, from_dict(SMALL), "numpy")


def trained(where: TrialContext, candidate: Candidate = STILL) -> Model:
    return train(where, get_strategy("finetune"), where.source(20), where.split.subset(20), candidate)


def theta(model: Model) -> np.ndarray[Any, Any]:
    assert model.fit is not None
    return model.fit.network.theta


def test_the_weights_vary_alone() -> None:
    base, other = context(), context().replicate("weights", 1)
    assert_array_equal(base.split.subset(20), other.split.subset(20))
    assert_array_equal(base.source().network.theta, other.source().network.theta)
    head = slice(-90, None)
    assert_array_equal(theta(trained(base))[:-90], theta(trained(other))[:-90])
    assert np.abs(theta(trained(base))[head] - theta(trained(other))[head]).max() > 0.01


def test_the_order_varies_alone() -> None:
    base, other = context(), context().replicate("order", 1)
    assert_array_equal(theta(trained(base)), theta(trained(other)))
    moving = Candidate(0.05, 3, 0.0, 1.0)
    many = [
        train(where, get_strategy("finetune"), where.source(), where.split.subset(100), moving)
        for where in (base, other)
    ]
    assert np.abs(theta(many[0]) - theta(many[1])).max() > 0


def test_the_subset_varies_alone_and_comes_from_the_same_pool() -> None:
    base, other = context(), context().replicate("subset", 1)
    assert not np.array_equal(base.split.subset(20), other.split.subset(20))
    assert_array_equal(np.sort(base.split.pool), np.sort(other.split.pool))
    assert_array_equal(base.split.heldout, other.split.heldout)
    assert_array_equal(theta(trained(base)), theta(trained(other)))
    assert set(np.bincount(base.problem.target.y[other.split.subset(100)])) <= {9, 10, 11}, "it is stratified"


def test_the_pretraining_varies_alone() -> None:
    base, other = context(), context().replicate("pretraining", 1)
    assert np.abs(base.source().network.theta - other.source().network.theta).max() > 0
    assert_array_equal(base.split.subset(20), other.split.subset(20))
    assert_array_equal(theta(trained(base))[-90:], theta(trained(other))[-90:])


def test_another_subset_is_what_the_self_pretrained_control_is_pretrained_on() -> None:
    base, other = context("halves-self"), context("halves-self").replicate("subset", 1)
    assert not np.array_equal(base.source(20).rows, other.source(20).rows)
    assert_array_equal(other.source(20).rows, other.split.subset(20))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_replicates_of_one_number_are_the_same_and_of_another_are_not(purpose: str) -> None:
    moving = Candidate(0.05, 3, 0.0, 1.0)

    def again(number: int) -> np.ndarray[Any, Any]:
        where = context().replicate(purpose, number)
        return theta(train(where, get_strategy("finetune"), where.source(), where.split.subset(100), moving))

    assert_array_equal(again(1), again(1))
    assert np.abs(again(1) - again(2)).max() > 0


def test_replicates_follow_the_grid_and_leave_its_keys_alone() -> None:
    without = list(plan(from_dict(BASE), HERE))
    trials = list(plan(from_dict(BASE | {"replicates": REPLICATES}), HERE))
    assert trials[: len(without)] == without
    more = trials[len(without) :]
    assert [(trial.varied, trial.replicate) for trial in more] == [(name, i) for name in PURPOSES for i in (1, 2)]
    assert len({trial.key for trial in trials}) == len(trials)
    assert all(trial.pretraining_key == "" for trial in more if trial.varied == "pretraining")
    assert all(trial.scores_key == "" for trial in more if trial.varied in {"subset", "pretraining"})


def test_what_cannot_vary_runs_once() -> None:
    settings = from_dict(BASE | {"replicates": REPLICATES | {"strategies": ["baseline", "scratch"]}})
    keys: dict[tuple[str, str], set[str]] = {}
    for trial in plan(settings, HERE):
        if (trial.n_target, trial.seed) == (20, 0):
            keys.setdefault((trial.strategy, trial.varied), set()).add(trial.key)
    assert keys["baseline", ""] == keys["baseline", "weights"] == keys["baseline", "order"]
    assert keys["scratch", ""] == keys["scratch", "pretraining"]
    assert len(keys["scratch", "weights"]) == len(keys["baseline", "subset"]) == 2


def test_a_study_with_replicates_has_a_row_for_each_and_the_grid_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(study_run, "refresh_report", lambda store, folder: seen.append(accuracies(folder)))
    grid = {"grid": {"strategies": ["scratch", "finetune"], "sizes": [20], "seeds": 2}}
    plain = fastmlp.run_study(SMALL | grid, tmp_path / "plain", backend="numpy", jobs=1).rows
    rows = fastmlp.run_study(SMALL | grid | {"replicates": REPLICATES}, tmp_path / "more", backend="numpy", jobs=2).rows
    assert [row["accuracy"] for row in rows if not row["varied"]] == [row["accuracy"] for row in plain]
    more = [row for row in rows if row["varied"]]
    assert {row["status"] for row in more} == {"ok"}
    assert len(more) == 4 * 2
    assert len({tuple(row["losses"]) for row in more}) == len(more)
    assert {row["source_accuracy"] is None for row in more if row["varied"] == "pretraining"} == {True}
    assert seen[0] == seen[1], "what is printed is the grid's"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"purposes": ["luck"]}, "replicates.purposes: unknown purpose 'luck'"),
        ({"purposes": ["order", "order"]}, "replicates.purposes: has 'order' twice"),
        ({"number": -1}, "replicates.number: must be at least 0, not -1"),
        ({"strategies": ["finetun"]}, "replicates.strategies: unknown strategy 'finetun'; did you mean 'finetune'"),
        ({"sizes": [501]}, "replicates.sizes[0]: is 501; the target pool of 'parity' holds 500 examples"),
        ({"problems": ["partiy"]}, "replicates.problems: unknown problem 'partiy'; did you mean 'parity'"),
    ],
    ids=range(6),
)
def test_replicates_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"replicates": REPLICATES | changes})
    assert str(caught.value).startswith(message)


def test_quick_thins_replicates_too() -> None:
    thin = quick(load_settings({"replicates": {"number": 10}})).replicates
    assert (thin.number, thin.seeds) == (3, 2)

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.problems import get_problem
from fastmlp.strategies import get_strategy
from fastmlp.study.settings.load import from_dict
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.run import run_strategy
from fastmlp.study.trial.tuning import Candidate, choose, draw_candidates

from ...conftest import SeededRng
from ...made_up_study import SMALL

DECLARED = Candidate(0.05, 60, 1.0)


@given(st.integers(1, 30), st.integers(0, 99))
def test_candidates_lie_around_the_declared_one_which_comes_first(trials: int, seed: int) -> None:
    candidates = draw_candidates(DECLARED, trials, np.random.default_rng(seed))
    assert len(candidates) == trials
    assert candidates[0] == DECLARED
    for lr, epochs, strength in candidates:
        assert 0.005 <= lr <= 0.5
        assert 30 <= epochs <= 120
        assert 1e-3 <= strength <= 1e3


def test_the_same_names_draw_the_same_candidates_and_more_trials_begin_with_fewer() -> None:
    few, many = (draw_candidates(DECLARED, trials, np.random.default_rng(1)) for trials in (4, 9))
    assert many[:4] == few


def by_rate(candidate: Candidate, train: Any, left_out: Any) -> Any:
    """Probabilities that are right for the labels i % 3, and the surer the nearer the rate is to 0.2."""
    sure = 1 / (1 + abs(np.log(candidate.lr / 0.2)))
    p = np.full((len(left_out), 3), (1 - sure) / 3)
    p[np.arange(len(left_out)), left_out % 3] += sure
    return p


def test_the_best_candidate_wins_and_ties_in_accuracy_are_broken_by_the_loss() -> None:
    candidates = [Candidate(lr, 60, 1.0) for lr in (0.01, 0.19, 1.0)]
    choice = choose(candidates, np.arange(30) % 3, 5, np.random.default_rng(0), by_rate)
    assert choice.best == candidates[1]
    assert choice.scores == (1.0, 1.0, 1.0)


def test_every_example_is_left_out_once_and_every_fold_is_stratified(rng: SeededRng) -> None:
    y = rng.labels(50, 5)
    seen = []

    def fit(candidate: Candidate, train: Any, left_out: Any) -> Any:
        assert len(np.intersect1d(train, left_out)) == 0
        assert len(train) + len(left_out) == 50
        assert np.bincount(y[left_out], minlength=5).tolist() == [2] * 5
        seen.append(left_out)
        return np.full((len(left_out), 5), 0.2)

    choose([DECLARED], y, 5, np.random.default_rng(0), fit)
    assert sorted(np.concatenate(seen).tolist()) == list(range(50))


def test_under_five_labels_a_class_the_declared_settings_are_taken_and_nothing_is_tried() -> None:
    def fit(*_: Any) -> Any:
        pytest.fail("nothing should be trained")

    y = np.repeat([0, 1], [20, 4])
    choice = choose(draw_candidates(DECLARED, 9, np.random.default_rng(0)), y, 5, np.random.default_rng(0), fit)
    assert choice == (DECLARED, ())


def test_a_candidate_that_diverges_is_worth_nothing() -> None:
    def fit(candidate: Candidate, train: Any, left_out: Any) -> Any:
        return by_rate(candidate, train, left_out) * (np.nan if candidate.lr > 1 else 1)

    candidates = [Candidate(2.0, 60, 1.0), Candidate(0.01, 60, 1.0)]
    choice = choose(candidates, np.arange(30) % 3, 5, np.random.default_rng(0), fit)
    assert choice.best == candidates[1]
    assert choice.scores[0] == 0


PLAIN = SMALL | {"training": {"epochs": 8}}
TUNED = PLAIN | {"tuning": {"trials": 4, "folds": 3}}
BOTH_KINDS = ("baseline", "scratch", "finetune", "plateau")


def tuned(strategy: str, n_target: int = 100, where: TrialContext | None = None) -> dict[str, Any]:
    """The columns of tuning of one trial."""
    context = TrialContext(get_problem("parity"), 0, from_dict(TUNED), "numpy") if where is None else where
    return run_strategy(context, get_strategy(strategy), n_target)


def test_every_strategy_tries_as_many_and_the_baseline_tunes_its_strength() -> None:
    for strategy in BOTH_KINDS:
        record = tuned(strategy)
        assert len(record["tuning"]) == 4
        assert max(record["tuning"]) > 0.1
        assert record["tuning_note"] == "cross-validated"
        assert (record["tuned_C"] is None) == (strategy != "baseline")
        assert (record["tuned_lr"] is None) == (record["tuned_epochs"] is None) == (strategy == "baseline")


def test_the_choice_is_what_is_trained_with() -> None:
    records = [tuned(strategy) for strategy in ("scratch", "finetune", "frozen", "discriminative")]
    assert any(record["tuned_epochs"] != 8 for record in records), "something else than the declared is chosen"
    assert [len(record["losses"]) for record in records] == [record["tuned_epochs"] for record in records]


def test_too_few_labels_are_not_tuned_on_and_the_record_says_so() -> None:
    plain = TrialContext(get_problem("parity"), 0, from_dict(PLAIN), "numpy")
    for strategy in BOTH_KINDS:
        few, declared = tuned(strategy, 20), run_strategy(plain, get_strategy(strategy), 20)
        assert few["tuning_note"] == "declared: a class has under 5 labels"
        assert few["tuning"] == []
        assert few["accuracy"] == declared["accuracy"]
        assert few["tuned_C" if strategy == "baseline" else "tuned_lr"] == (1.0 if strategy == "baseline" else 0.05)
        assert "tuning_note" not in declared


def test_what_diverges_in_every_fold_is_worth_nothing() -> None:
    wild = TrialContext(get_problem("parity"), 0, from_dict(TUNED | {"training": {"epochs": 8, "lr": 1e6}}), "numpy")
    record = tuned("scratch", where=wild)
    assert (record["status"], record["tuning"]) == ("diverged", [0, 0, 0, 0])


def test_choices_do_not_know_the_held_out_set() -> None:
    honest = TrialContext(get_problem("parity"), 0, from_dict(TUNED), "numpy")
    heldout, target = honest.split.heldout, honest.problem.target
    X, y = target.X.copy(), target.y.copy()
    X[heldout] = X[heldout][:, ::-1] * 7
    other = replace(honest.problem, source=replace(honest.problem.source, X=X), target=replace(target, X=X))
    blind = TrialContext(other, 0, from_dict(TUNED), "numpy")
    y[heldout] = y[heldout][::-1]  # after the split, which is stratified by them
    blind.split  # noqa: B018 - made before the labels change
    blind.problem = replace(other, target=replace(other.target, y=y))
    for strategy in BOTH_KINDS:
        mine, theirs = tuned(strategy, where=honest), tuned(strategy, where=blind)
        assert [mine[name] for name in mine if name.startswith(("tuned", "tuning"))] == [
            theirs[name] for name in theirs if name.startswith(("tuned", "tuning"))
        ]
        assert mine["accuracy"] != theirs["accuracy"]

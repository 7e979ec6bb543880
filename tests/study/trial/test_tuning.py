from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.problems import get_problem
from fastmlp.strategies import fit_baseline, get_strategy
from fastmlp.study.settings.load import from_dict
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.run import run_strategy
from fastmlp.study.trial.training import train_fold
from fastmlp.study.trial.tuning import Candidate, Choice, choose, draw_candidates, penalised

from ...conftest import SeededRng
from ...made_up_study import SMALL

THREE = np.arange(30) % 3
DECLARED = Candidate(0.05, 60, 0.0, 1.0)


@given(st.integers(2, 30), st.integers(0, 99), st.sampled_from([10, 500]))
def test_candidates_lie_around_the_declared_one_which_comes_first(trials: int, seed: int, n: int) -> None:
    candidates = draw_candidates(DECLARED, n, trials, np.random.default_rng(seed))
    assert len(candidates) == trials
    assert candidates[:2] == [DECLARED, penalised(DECLARED, n)]
    for lr, epochs, decay, strength in candidates[1:]:
        assert 0.05 / 3 <= lr <= 0.15
        assert 30 <= epochs <= 120
        assert 0.1 <= strength <= 10
        assert decay == pytest.approx(1 / (strength * n))


def test_the_same_names_draw_the_same_candidates_and_more_trials_begin_with_fewer() -> None:
    few, many = (draw_candidates(DECLARED, 50, trials, np.random.default_rng(1)) for trials in (4, 9))
    assert many[:4] == few
    assert len(set(many)) == 9


def test_the_penalty_is_that_of_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    model = fit_baseline(X, y, C=0.5, tol=1e-10)
    w, b = model.coef_[0], model.intercept_[0]
    residual = 1 / (1 + np.exp(-X @ w - b)) - y  # of the mean loss: its gradient and the decay's add up to nothing
    decay = penalised(DECLARED._replace(C=0.5), 40).weight_decay
    np.testing.assert_allclose(X.T @ residual / 40 + decay * w, 0, atol=1e-8)


Fold = Callable[[Candidate], Any]


def as_fold(sureness: Callable[[Candidate], float]) -> Callable[[Any, Any], Fold]:
    """Return folds on which a candidate is as sure of the right labels, i % 3, as a function of it says."""

    def fold(_: Any, left_out: Any) -> Fold:
        def fit(candidate: Candidate) -> Any:
            sure = sureness(candidate)
            p = np.full((len(left_out), 3), (1 - sure) / 3)
            p[np.arange(len(left_out)), left_out % 3] += sure
            return p

        return fit

    return fold


def near(candidate: Candidate) -> float:
    """How near the rate is to 0.2."""
    return float(1 / (1 + abs(np.log(candidate.lr / 0.2))))


def pick(candidates: list[Candidate], fold: Any, y: Any = THREE) -> Choice:
    """Choose in five folds."""
    return choose(candidates, penalised(DECLARED, len(y)), y, 5, np.random.default_rng(0), fold)


def with_rates(*rates: float) -> list[Candidate]:
    """Candidates that differ in their rates."""
    return [DECLARED._replace(lr=lr) for lr in rates]


def test_the_lowest_loss_wins_where_all_are_right() -> None:
    candidates = with_rates(0.01, 0.19, 1.0)
    choice = pick(candidates, as_fold(near))
    assert choice.best == candidates[1]
    assert min(choice.scores) == choice.scores[1] == pytest.approx(-np.log((1 + 2 * near(candidates[1])) / 3))


def test_the_worse_half_is_left_out_after_each_fold_and_three_folds_decide() -> None:
    fits: list[list[float]] = []

    def fold(kept: Any, left_out: Any) -> Fold:
        fits.append([])
        inner = as_fold(near)(kept, left_out)

        def fit(candidate: Candidate) -> Any:
            fits[-1].append(candidate.lr)
            return inner(candidate)

        return fit

    rates = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28]
    assert pick(with_rates(*rates), fold).best.lr == 0.16
    assert [sorted(of_fold) for of_fold in fits] == [rates, [0.08, 0.16, 0.32, 0.64], [0.16, 0.32]]
    fits.clear()
    pick(with_rates(0.01, 0.02), fold)
    assert list(map(len, fits)) == [2, 2, 2]


def test_every_example_is_left_out_once_and_every_fold_is_stratified(rng: SeededRng) -> None:
    y = rng.labels(50, 5)
    seen = []

    def fold(train: Any, left_out: Any) -> Fold:
        assert len(np.intersect1d(train, left_out)) == 0
        assert len(train) + len(left_out) == 50
        assert np.bincount(y[left_out], minlength=5).tolist() == [2] * 5
        seen.append(left_out)
        return lambda _: np.full((len(left_out), 5), 0.2)

    pick([DECLARED] * 17, fold, y)
    assert sorted(np.concatenate(seen).tolist()) == list(range(50))


def test_under_five_labels_a_class_the_baselines_penalty_is_taken_and_nothing_is_tried() -> None:
    def fold(*_: Any) -> Any:
        pytest.fail("nothing should be trained")

    choice = pick([DECLARED] * 9, fold, np.repeat([0, 1], [20, 4]))
    assert choice.best == DECLARED._replace(weight_decay=1 / 24)
    assert choice.scores == ()


def test_a_candidate_that_diverges_is_never_chosen() -> None:
    candidates = with_rates(2.0, 0.01)
    choice = pick(candidates, as_fold(lambda candidate: np.nan if candidate.lr > 1 else near(candidate)))
    assert choice.best == candidates[1]
    assert choice.scores[0] == np.inf


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
        assert all(loss > 0 for loss in record["tuning"])
        assert record["tuning_note"] == "cross-validated"
        assert (record["tuned_C"] is None) == (strategy != "baseline")
        for name in ("lr", "epochs", "weight_decay"):
            assert (record[f"tuned_{name}"] is None) == (strategy == "baseline")


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
        assert few["declared_accuracy"] == declared["accuracy"]
        assert few["tuned_C"] == (1.0 if strategy == "baseline" else None)
        assert few["tuned_weight_decay"] == (None if strategy == "baseline" else 0.05)
        assert "tuning_note" not in declared


def test_the_record_says_what_the_declared_settings_give() -> None:
    plain = TrialContext(get_problem("parity"), 0, from_dict(PLAIN), "numpy")
    for strategy in BOTH_KINDS:
        record, declared = tuned(strategy), run_strategy(plain, get_strategy(strategy), 100)
        assert record["declared_accuracy"] == declared["accuracy"]


def test_what_diverges_in_every_fold_is_worth_nothing() -> None:
    wild = TrialContext(get_problem("parity"), 0, from_dict(TUNED | {"training": {"epochs": 8, "lr": 1e6}}), "numpy")
    record = tuned("scratch", where=wild)
    assert (record["status"], record["tuning"]) == ("diverged", [None] * 4)


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


@pytest.mark.parametrize("strategy", BOTH_KINDS)
def test_a_fold_does_not_know_what_is_left_out(strategy: str) -> None:
    """Of the rows left out all labels change, and all inputs but the first one's: its probabilities stay."""
    honest, tampered = (TrialContext(get_problem("parity"), 0, from_dict(TUNED), "numpy") for _ in range(2))
    rows, kept, left_out = honest.split.subset(100), np.arange(80), np.arange(80, 100)
    target = tampered.problem.target
    X, y = target.X.copy(), target.y.copy()
    tampered.split  # noqa: B018 - made before the labels change
    X[rows[left_out[1:]]] *= 5
    y[rows[left_out]] = y[rows[left_out]][::-1]
    tampered.problem = replace(tampered.problem, target=replace(target, X=X, y=y))
    first, second = (
        train_fold(one, get_strategy(strategy), one.source(), rows, kept, left_out)(DECLARED._replace(epochs=3))
        for one in (honest, tampered)
    )
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1:].tobytes() != second[1:].tobytes()

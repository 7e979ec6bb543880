"""One trial: the protocol, what its record holds, and what becomes of one that goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fastmlp.problems import Problem, get_problem
from fastmlp.strategies import Strategy, get_strategy
from fastmlp.study.settings.load import from_dict
from fastmlp.study.store.schema import PRETRAINING, TRIAL, Group, Record, Trial, reproducible
from fastmlp.study.trial import model, pretraining
from fastmlp.study.trial.context import TrialContext
from fastmlp.study.trial.model import epochs_for
from fastmlp.study.trial.run import GroupRunner, run_strategy
from fastmlp.study.trial.training import train
from fastmlp.study.trial.tuning import Candidate

from ...made_up_study import SMALL, records_of, with_grid

STRATEGIES = ("baseline", "baseline-source-scaler", "scratch", "scratch-source-scaler", "frozen", "finetune")


def group(strategies: tuple[str, ...] = STRATEGIES, n_target: int = 20, seed: int = 0) -> Group:
    trials = tuple(Trial("parity", name, n_target, seed, f"key of {name}", "pre") for name in strategies)
    return Group("parity", seed, "pre", pretraining_missing=True, trials=trials)


def run(changes: dict[str, Any] | None = None, wanted: Group | None = None) -> dict[str, Record]:
    """Records of a group by strategy."""
    wanted = group() if wanted is None else wanted
    run_group = GroupRunner(from_dict(with_grid(SMALL, strategies=list(STRATEGIES)) | (changes or {})), "numpy")
    records = records_of(run_group(wanted, lambda: False))
    return dict(zip([each.strategy for each in wanted.trials], records, strict=True))


def context(problem: Problem | None = None, seed: int = 0) -> TrialContext:
    return TrialContext(get_problem("parity") if problem is None else problem, seed, from_dict(SMALL), "numpy")


def test_a_record_has_every_column_and_finite_numbers() -> None:
    for strategy, record in run().items():
        assert set(record) == {"key", *TRIAL}
        assert record["key"] == f"key of {strategy}"
        assert record["status"] == "ok"
        numbers = [value for value in record.values() if isinstance(value, float)]
        assert np.isfinite(numbers + json.loads(record["losses"])).all()
        assert all(isinstance(value, int | float | str | list | None) for value in record.values()), "plain types only"


def test_a_pretraining_has_every_column() -> None:
    outcomes = GroupRunner(from_dict(SMALL), "numpy")(group(()), lambda: False)
    (pretraining,) = records_of(outcomes, "pretrainings")
    assert set(pretraining) == {"key", *PRETRAINING}
    assert 0 < pretraining["h_score_random"] < pretraining["h_score_target"]
    assert len(json.loads(pretraining["pretrain_losses"])) == 2


def test_trials_run_again_give_the_same_bytes() -> None:
    first, second = run(), run()
    assert {name: reproducible(record) for name, record in first.items()} == {
        name: reproducible(record) for name, record in second.items()
    }


def test_a_trial_does_not_depend_on_which_others_run() -> None:
    alone = run(wanted=group(("finetune",)))
    assert reproducible(alone["finetune"]) == reproducible(run()["finetune"])


def test_frozen_layers_keep_their_bytes_and_the_record_proves_it() -> None:
    records = run()
    assert records["frozen"]["frozen_before"] == records["frozen"]["frozen_after"] is not None
    assert records["finetune"]["frozen_before"] is records["finetune"]["frozen_after"] is None
    assert records["frozen"]["parameters_trained"] == 8 * 10 + 10
    assert records["finetune"]["parameters_trained"] == 64 * 8 + 8 + 90


def test_nothing_that_is_held_out_reaches_training() -> None:
    """Replace all that is held out by other numbers: every weight stays the same, bit for bit."""
    honest = context()
    problem = honest.problem
    heldout = honest.split.heldout
    X, y = problem.target.X.copy(), problem.source.y.copy()
    X[heldout] = X[heldout][:, ::-1] * 7
    y[heldout] = 1 - y[heldout]
    changed = replace(problem, source=replace(problem.source, X=X, y=y), target=replace(problem.target, X=X))
    tampered = context(changed)
    assert (tampered.split.heldout == heldout).all()
    assert (tampered.source().network.theta == honest.source().network.theta).all()
    for name in ("scratch", "frozen", "finetune", "scratch-source-scaler"):
        first, second = (fitted(each, get_strategy(name)) for each in (honest, tampered))
        assert first.tobytes() == second.tobytes()
    mine, theirs = (
        run_strategy(honest, get_strategy("baseline"), 20),
        run_strategy(tampered, get_strategy("baseline"), 20),
    )
    assert mine["final_loss"] == theirs["final_loss"]
    assert mine["accuracy"] != theirs["accuracy"], "the held-out set was changed, and is what is measured"


def fitted(where: TrialContext, strategy: Strategy) -> np.ndarray[Any, Any]:
    """Weights a strategy ends with."""
    training = where.settings.training
    candidate = Candidate(training.lr, training.epochs, training.weight_decay, 1.0)
    model = train(where, strategy, where.source(), where.split.subset(20), candidate)
    assert model.fit is not None
    theta: np.ndarray[Any, Any] = model.fit.network.theta
    return theta


def test_strategies_of_a_cell_start_from_the_same_head_and_see_the_same_order() -> None:
    """At a rate that moves nothing, what is left is the start: frozen and finetune have the same, head and body."""
    still = TrialContext(get_problem("parity"), 0, from_dict(SMALL | {"training": {"epochs": 1, "lr": 1e-60}}), "numpy")
    assert fitted(still, get_strategy("frozen")).tobytes() == fitted(still, get_strategy("finetune")).tobytes()


def test_a_control_of_the_scaler_does_not_know_the_labels_of_the_source() -> None:
    parity, same = (TrialContext(get_problem(name), 0, from_dict(SMALL), "numpy") for name in ("parity", "same"))
    for name in ("scratch-source-scaler", "baseline-source-scaler"):
        mine, theirs = (reproducible(run_strategy(one, get_strategy(name), 20)) for one in (parity, same))
        assert mine == theirs


def test_the_scaler_is_the_whole_difference_between_a_strategy_and_its_control() -> None:
    seeing_the_source = context()
    by_target = run_strategy(seeing_the_source, replace(get_strategy("scratch"), scaler="source"), 20)
    control = run_strategy(seeing_the_source, get_strategy("scratch-source-scaler"), 20)
    assert reproducible(by_target) == reproducible(control)


def test_a_huge_rate_diverges_and_is_not_measured() -> None:
    records = run({"training": {"lr": 1e6, "epochs": 3}})
    for name in ("scratch", "frozen", "finetune"):
        record = records[name]
        assert record["status"] == "diverged"
        assert record["accuracy"] is record["log_loss"] is record["train_accuracy"] is None
        assert record["diverged_epoch"] in range(3)
    assert records["baseline"]["status"] == "ok"


def test_a_pretraining_that_diverges_takes_only_what_starts_from_it() -> None:
    wanted = group()
    run_group = GroupRunner(from_dict(SMALL | {"pretraining": {"lr": 1e6, "epochs": 3}}), "numpy")
    outcomes = list(run_group(wanted, lambda: False))
    records = records_of(outcomes)
    status = {each.strategy: record["status"] for each, record in zip(wanted.trials, records, strict=True)}
    assert {name for name, value in status.items() if value == "diverged"} == {"frozen", "finetune"}
    assert {value for name, value in status.items() if name not in {"frozen", "finetune"}} == {"ok"}
    (pretraining,) = records_of(outcomes, "pretrainings")
    assert pretraining["h_score"] is pretraining["source_accuracy"] is None
    assert "the pretraining it starts from diverged in epoch" in records[-1]["error"]


def test_a_trial_that_raises_fails_alone_and_says_why_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("two\nlines, and \udcff")

    monkeypatch.setattr(model, "fit_baseline", broken)
    records = run()
    assert {name for name, record in records.items() if record["status"] == "failed"} == {
        "baseline",
        "baseline-source-scaler",
    }
    error = records["baseline"]["error"]
    assert error.startswith("ValueError: two lines, and ? (test_run.py:")
    assert records["baseline"]["accuracy"] is None


def test_a_pretraining_that_raises_fails_what_starts_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(pretraining, "train_mlp", broken)
    records = run()
    assert {name for name, record in records.items() if record["status"] == "failed"} == {"frozen", "finetune"}
    assert records["frozen"]["error"].startswith("MemoryError: no room")


def test_a_group_stops_between_two_trials() -> None:
    asked = []

    def stopped() -> bool:
        asked.append(True)
        return len(asked) > 3  # once for the pretraining, then after two trials

    records = records_of(GroupRunner(from_dict(SMALL), "numpy")(group(), stopped))
    assert [record["key"] for record in records] == ["key of baseline", "key of baseline-source-scaler"]


@pytest.mark.parametrize(
    ("short_batch", "updates_per_epoch"),
    [
        ("mean", lambda n: -(-n // 32)),
        ("drop", lambda n: max(1, n // 32)),
        ("weighted", lambda n: max(1.0, n / 32)),  # each counts as its share
    ],
)
def test_a_budget_of_steps_gives_every_size_the_updates_of_the_whole_pool(
    short_batch: str, updates_per_epoch: Any
) -> None:
    settings = {"epochs": 60, "batch_size": 32, "budget": "steps", "short_batch": short_batch}
    training = from_dict({"training": settings}).training
    updates = {n: epochs_for(training, n, 500) * updates_per_epoch(n) for n in (10, 20, 33, 50, 100, 200, 500)}
    assert all(value == pytest.approx(60 * updates_per_epoch(500), rel=0.01) for value in updates.values())
    assert epochs_for(from_dict({}).training, 20, 500) == 60


def test_a_class_that_no_example_had_gets_no_probability() -> None:
    few = context()
    few.split.pool[:10] = few.split.pool[few.problem.target.y[few.split.pool] != 3][:10]
    record = run_strategy(few, get_strategy("baseline"), 10)
    assert record["status"] == "ok"
    assert record["parameters_trained"] < 650
    assert np.isfinite(record["log_loss"])


def test_what_trains_nothing_is_the_pretrained_network_at_every_size() -> None:
    settings = from_dict(with_grid(SMALL, problems=["same"], strategies=["zero-shot", "keep-head"]))
    one = TrialContext(get_problem("same"), 0, settings, "numpy")
    records = [run_strategy(one, get_strategy("zero-shot"), n) for n in (20, 30)]
    assert reproducible(records[0]) == reproducible(records[1])
    found = records[0]
    assert found["accuracy"] == one.pretraining()["source_accuracy"], "the source of this problem is the target"
    assert (found["steps"], found["parameters_trained"], found["losses"], found["final_loss"]) == (0, 0, [], None)
    assert "train_accuracy" not in found, "it has seen no label"
    kept = run_strategy(one, get_strategy("keep-head"), 20)
    assert kept["steps"] > 0
    assert kept["accuracy"] != found["accuracy"]


def test_what_trains_nothing_is_not_tuned() -> None:
    settings = from_dict(with_grid(SMALL, problems=["same"], strategies=["zero-shot"]) | {"tuning": {"trials": 3}})
    found = run_strategy(TrialContext(get_problem("same"), 0, settings, "numpy"), get_strategy("zero-shot"), 100)
    assert "tuning" not in found


def test_a_head_may_be_kept_behind_any_scaler() -> None:
    settings = from_dict(with_grid(SMALL, problems=["same"]))
    one = TrialContext(get_problem("same"), 0, settings, "numpy")
    own = replace(get_strategy("zero-shot"), scaler="target")
    few, more, source = (run_strategy(one, s, n) for s, n in ((own, 20), (own, 30), (get_strategy("zero-shot"), 20)))
    assert len({each["log_loss"] for each in (few, more, source)}) == 3

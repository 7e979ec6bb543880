"""Keys: they change with everything a result depends on, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastmlp.errors import SettingsError
from fastmlp.problems import get_problem
from fastmlp.study.environment import Environment
from fastmlp.study.plan import plan
from fastmlp.study.settings.load import Settings, from_dict, load_settings
from fastmlp.study.store.schema import Trial

from ..made_up_study import with_grid

BASE: dict[str, Any] = {
    "grid": {
        "strategies": ["baseline", "baseline-source-scaler", "scratch", "scratch-source-scaler", "frozen", "lora-4"],
        "sizes": [20, 50],
        "seeds": 2,
    }
}
HERE = Environment(
    "numba", {"full rank": "0123", "low rank": "89ab"}, {"numpy": "2.4", "scikit-learn": "1.9", "scipy": "1.17"}
)
BASELINES = {"baseline", "baseline-source-scaler"}
NETWORKS = {"scratch", "scratch-source-scaler", "frozen", "lora-4"}
EVERYTHING = BASELINES | NETWORKS | {"pretraining"}

Cell = tuple[str, str, int, int]


def keys(settings: Settings, environment: Environment = HERE) -> dict[Cell, str]:
    """Key of every trial, and of every pretraining as if it were a strategy."""
    found = {}
    for trial in plan(settings, environment):
        found[trial.problem, trial.strategy, trial.n_target, trial.seed] = trial.key
        if not trial.varied:
            found[trial.problem, "pretraining", 0, trial.seed] = trial.pretraining_key
    return found


@pytest.mark.parametrize(
    "change",
    [
        with_grid(BASE, sizes=[20, 30, 50]),
        with_grid(BASE, seeds=5),
        with_grid(BASE, strategies=["finetune", *BASE["grid"]["strategies"]]),
        {"name": "another"},
        {"margin": 0.02},
    ],
    ids=["sizes", "seeds", "strategies", "name", "margin"],
)
def test_a_study_that_grows_keeps_what_it_has(change: dict[str, Any]) -> None:
    before, after = keys(from_dict(BASE)), keys(from_dict(BASE | change))
    assert {cell: after[cell] for cell in before} == before


@pytest.mark.parametrize(
    ("change", "affected"),
    [
        ({"training": {"lr": 0.1}}, NETWORKS),
        ({"training": {"epochs": 61}}, NETWORKS),
        ({"training": {"budget": "steps"}}, NETWORKS),
        ({"training": {"weight_decay": 0.1}}, NETWORKS),
        ({"training": {"batch_size": 16}}, NETWORKS | {"pretraining"}),
        ({"training": {"short_batch": "mean"}}, NETWORKS | {"pretraining"}),
        ({"training": {"momentum": 0.5}}, NETWORKS | {"pretraining"}),
        ({"training": {"optimizer": "adam"}}, NETWORKS | {"pretraining"}),
        ({"pretraining": {"epochs": 31}}, {"frozen", "lora-4", "pretraining"}),
        ({"pretraining": {"lr": 0.1}}, {"frozen", "lora-4", "pretraining"}),
        ({"network": {"hidden": [64, 64]}}, NETWORKS | {"pretraining"}),
        ({"network": {"activation": "tanh"}}, NETWORKS | {"pretraining"}),
        ({"network": {"dtype": "float64"}}, NETWORKS | {"pretraining"}),
        ({"measures": {"inside": True}}, NETWORKS),
        ({"measures": {"scores": True}}, set()),  # kept apart
        ({"tuning": {"trials": 2}}, NETWORKS | BASELINES),
        ({"tuning": {"folds": 2}}, set()),  # of one trial
        ({"replicates": {"number": 1}}, set()),
    ],
    ids=lambda value: ", ".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_a_setting_changes_the_keys_of_what_it_affects(change: dict[str, Any], affected: set[str]) -> None:
    assert changed(keys(from_dict(BASE)), keys(from_dict(BASE | change))) == affected


@pytest.mark.parametrize(
    ("environment", "affected"),
    [
        (replace(HERE, backend="numpy"), NETWORKS | {"pretraining"}),
        (
            replace(HERE, kernels=HERE.kernels | {"full rank": "4567"}),
            NETWORKS | {"pretraining"},
        ),  # lora starts from it
        (replace(HERE, kernels=HERE.kernels | {"low rank": "4567"}), {"lora-4"}),
        (replace(HERE, versions=HERE.versions | {"scikit-learn": "2.0"}), BASELINES),
        (replace(HERE, versions=HERE.versions | {"scipy": "2.0"}), BASELINES | NETWORKS),
        (replace(HERE, versions=HERE.versions | {"numpy": "3.0"}), EVERYTHING),
    ],
    ids=["backend", "kernels", "low-rank kernels", "scikit-learn", "scipy", "numpy"],
)
def test_circumstances_change_the_keys_of_what_they_affect(environment: Environment, affected: set[str]) -> None:
    assert changed(keys(from_dict(BASE)), keys(from_dict(BASE), environment)) == affected


def test_one_changed_pixel_changes_all_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(from_dict(BASE))
    original = get_problem("parity")
    X = original.target.X.copy()
    X[0, 20] += 1
    changed_problem = replace(original, source=replace(original.source, X=X), target=replace(original.target, X=X))
    monkeypatch.setattr(Settings, "problem", lambda *_: changed_problem)
    assert changed(before, keys(from_dict(BASE))) == EVERYTHING


def test_what_does_not_know_the_source_runs_once_for_all_problems_with_a_target() -> None:
    found = keys(from_dict(with_grid(BASE, problems=["parity", "high-low"])))
    mine = {cell[1:]: key for cell, key in found.items() if cell[0] == "parity"}
    theirs = {cell[1:]: key for cell, key in found.items() if cell[0] == "high-low"}
    alike = {cell[0] for cell in mine if mine[cell] == theirs[cell]}
    assert alike == {
        "baseline",
        "scratch",
        "baseline-source-scaler",
        "scratch-source-scaler",
    }  # one scaler: same images


def test_what_knows_the_scaler_alone_runs_once_for_all_sources_with_the_same_inputs() -> None:
    names = ["parity", "rotated-30", "halves", "halves-self"]
    found = keys(from_dict(with_grid(BASE, problems=names, sizes=[50], seeds=1)))
    assert len({found[name, "scratch-source-scaler", 50, 0] for name in names}) == 4


def test_a_key_is_of_what_a_strategy_does_and_not_of_its_name() -> None:
    own = {"start": "pretrained", "phases": [{"body": 0}]}
    found = keys(from_dict(with_grid(BASE, strategies=["frozen", "mine"]) | {"strategies": {"mine": own}}))
    assert found["parity", "mine", 20, 0] == found["parity", "frozen", 20, 0]
    own["phases"] = [{"body": 0, "head": 0.5}]
    found = keys(from_dict(with_grid(BASE, strategies=["frozen", "mine"]) | {"strategies": {"mine": own}}))
    assert found["parity", "mine", 20, 0] != found["parity", "frozen", 20, 0]


def test_scores_are_planned_only_where_they_are_asked_for() -> None:
    asked, not_asked = (
        list(plan(from_dict(BASE | {"measures": {"scores": scores}}), HERE)) for scores in (True, False)
    )
    assert {trial.scores_key for trial in not_asked} == {""}
    assert len({trial.scores_key for trial in asked}) == len({(trial.n_target, trial.seed) for trial in asked})


def test_the_plan_goes_problem_by_problem_strategy_by_strategy_size_by_size() -> None:
    trials = list(plan(from_dict(BASE), HERE))
    assert [trial[1:4] for trial in trials] == [
        (strategy, size, seed) for strategy in BASE["grid"]["strategies"] for size in (20, 50) for seed in (0, 1)
    ]
    assert len({trial.key for trial in trials}) == len(trials)


def test_keys_do_not_depend_on_the_process() -> None:
    """A key that changed with the hash seed or the order of a set would throw away all that was done."""
    code = "from tests.study.test_plan import *; print(*keys(from_dict(BASE)).values())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == list(keys(from_dict(BASE)).values())


def test_the_lab_has_six_hundred_trials() -> None:
    first: Trial = next(iter(plan(load_settings("lab"), HERE)))
    assert first[:4] == ("parity", "baseline", 20, 0)
    assert sum(1 for _ in plan(load_settings("lab"), HERE)) == 600


def changed(before: dict[Cell, str], after: dict[Cell, str]) -> set[str]:
    """Strategies whose keys differ; all of a strategy's keys must, or none."""
    names = {cell[1] for cell in before}
    result = {name for name in names if any(before[cell] != after[cell] for cell in before if cell[1] == name)}
    assert all(before[cell] != after[cell] for cell in before if cell[1] in result)
    return result


KEPT = ["zero-shot", "keep-head"]


def test_what_keeps_the_source_s_head_has_trials_where_classes_are_the_same() -> None:
    names = ["same", "parity", "rotated-30", "random-labels", "halves", "teacher-1", "permuted"]
    found = keys(from_dict(with_grid(BASE, problems=names, strategies=["frozen", *KEPT])))
    assert {cell[0] for cell in found if cell[1] == "frozen"} == set(names)
    for strategy in KEPT:
        assert {cell[0] for cell in found if cell[1] == strategy} == {"same", "rotated-30", "permuted"}


def test_a_study_without_any_trial_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"grid\.strategies: leaves no trial: zero-shot, keep-head keep"):
        from_dict(with_grid(BASE, problems=["parity", "halves"], strategies=KEPT))


def test_what_trains_nothing_runs_once_for_all_sizes() -> None:
    grid = with_grid(BASE, problems=["same", "halves-self"], strategies=[*KEPT, "through-own"], sizes=[20, 50])
    own = {"start": "pretrained", "head": "source", "scaler": "target"}
    settings = from_dict(grid | {"strategies": {"through-own": own}})
    found = keys(settings)
    for seed in settings.grid.seed_range:
        same = {
            cell: found[*cell, 20, seed] == found[*cell, 50, seed]
            for cell in [(problem, name) for problem in settings.grid.problems for name in settings.grid.strategies]
        }
        assert [cell for cell, once in same.items() if once] == [("same", "zero-shot")], "others see the examples"


@pytest.mark.parametrize("change", [{"training": {"lr": 0.1}}, {"tuning": {"trials": 2}}])
def test_how_others_are_trained_does_not_change_what_trains_nothing(change: dict[str, Any]) -> None:
    base = with_grid(BASE, problems=["same"], strategies=KEPT)
    assert changed(keys(from_dict(base)), keys(from_dict(base | change))) == {"keep-head"}


def test_replicates_of_what_trains_nothing_vary_by_the_pretraining_alone() -> None:
    again = {"number": 1, "seeds": 1, "strategies": KEPT, "sizes": [20]}
    base = with_grid(BASE, problems=["same"], strategies=KEPT) | {"replicates": again}
    trials = [trial for trial in plan(from_dict(base), HERE) if trial.strategy == "zero-shot" and trial.seed == 0]
    apart = {trial.varied for trial in trials if trial.key != trials[0].key}
    assert apart == {"pretraining"}


def test_strategies_that_do_the_same_in_a_network_run_once() -> None:
    names = ["frozen", "probe-2", "transplant-2", "partial-2", "random-frozen", "random-frozen-2"]
    for hidden, twins in (([8, 6], {"probe-2", "transplant-2"}), ([8, 6, 5], set())):
        found = keys(from_dict(with_grid(BASE, strategies=names) | {"network": {"hidden": hidden}}))
        same = {name for name in names if found["parity", name, 20, 0] == found["parity", "frozen", 20, 0]}
        assert same == {"frozen"} | twins
        random = (found["parity", name, 20, 0] for name in ("random-frozen", "random-frozen-2"))
        assert (len(set(random)) == 1) == bool(twins)

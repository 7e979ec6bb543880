"""What tuning changed is told from trials that have both: what was chosen, and what was declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fastmlp.report.chapters.answer.numbers import numbers as answer
from fastmlp.report.chapters.tuning.factors import steps
from fastmlp.report.chapters.tuning.neighbourhood import EPOCHS, RATES, neighbourhood
from fastmlp.report.chapters.tuning.numbers import Numbers, numbers
from fastmlp.report.chapters.tuning.tables import neighbours
from fastmlp.report.opponents import declared_overview
from fastmlp.study.settings.schema import TUNED_EPOCHS
from fastmlp.study.trial import tuning
from tests.report.test_sentences import said
from tests.report_data import MadeUp, flat, study, study_of

CHAIN = ("baseline", "scratch", "scratch-source-scaler", "transfuse-1", "finetune")
TUNED = {"tuning": [0.7, 0.6], "tuning_note": "cross-validated", "tune_seconds": 0.1}


def tuned(
    chosen: Mapping[str, float], declared: Mapping[str, float], problems: tuple[str, ...] = ("parity",)
) -> tuple[MadeUp, MadeUp]:
    """The same trials, with the accuracies of what was chosen beside those of what was declared; and these alone."""
    data, before = (
        study(flat(means), strategies=CHAIN, sizes=(20, 200), seeds=6, spread=spread, problems=problems)
        for means, spread in ((chosen, 0.002), (declared, 0.003))
    )
    data.settings["tuning"] = {"trials": 2, "folds": 5}
    for row, untuned in zip(data.rows, before.rows, strict=True):
        row.update(TUNED, declared_accuracy=untuned["accuracy"])
        if row["strategy"] == "baseline":
            row.update(tuned_C=2.0)
        else:
            row.update(tuned_weight_decay=1 / (4.0 * row["n_target"]), tuned_lr=0.1, tuned_epochs=30)
    return data, before


def found_in(data: MadeUp) -> Numbers:
    found = numbers(study_of(data))
    assert found is not None
    return found


LED = {"baseline": 0.85, "scratch": 0.75, "scratch-source-scaler": 0.76, "transfuse-1": 0.80, "finetune": 0.81}
CLOSED = LED | {"scratch": 0.86, "finetune": 0.87}


def test_a_study_that_tuned_nothing_has_no_such_chapter() -> None:
    data, before = tuned(CLOSED, LED)
    assert numbers(study_of(before)) is None
    assert study_of(before).declared is None
    assert answer(study_of(before))["declared"] is None
    assert numbers(study_of(data)) is not None


def test_the_declared_settings_say_what_an_untuned_study_says() -> None:
    data, before = tuned(CLOSED, LED, problems=("parity", "same"))
    untuned = answer(study_of(before))["overview"]
    assert untuned["baseline_better"] == 4
    assert declared_overview(study_of(data)) == answer(study_of(data))["declared"] == untuned
    assert answer(study_of(data))["overview"] == found_in(data)["tuned"]
    assert found_in(data)["tuned"]["baseline_better"] == 0


def test_a_lead_of_settings_is_told_from_one_that_stays() -> None:
    closed, reopened, same = (found_in(tuned(*both)[0]) for both in ((CLOSED, LED), (LED, CLOSED), (LED, LED)))
    with_baseline = {"baseline": "baseline"}
    assert "was a lead in settings" in said("lead", closed, with_baseline)
    assert "helps the baseline more" in said("lead", reopened, with_baseline)
    assert "does not change in how many" in said("lead", same, with_baseline)
    assert "no baseline" in said("lead", same, {"baseline": None})
    assert (closed["better"], closed["worse"], closed["tested"]) == (2, 0, 4)


def test_gaps_are_of_target_tasks_and_of_both_kinds_of_settings() -> None:
    found = found_in(tuned(CLOSED, LED, problems=("parity", "same"))[0])
    assert [(gap["problem"], gap["settings"]) for gap in found["gaps"]] == [
        ("parity", "declared"),
        ("parity", "tuned"),
    ]
    (before, after) = ([d["verdict"] for d in gap["differences"]] for gap in found["gaps"])
    assert (before, after) == (["worse", "worse"], ["better", "better"])
    assert found["behind"] == {"declared": 2, "tuned": 0}
    assert "worse in 2 cells with the declared settings, and in 0" in said("behind", found["behind"])
    assert "not shown to be worse" in said("behind", {"declared": 0, "tuned": 0})


def test_one_factor_at_a_time_adds_up_to_the_whole() -> None:
    data = tuned(CLOSED, LED)[0]
    grid = study_of(data).grid
    assert steps(grid) == [
        ("scaler", "scratch-source-scaler", "scratch"),
        ("start", "transfuse-1", "scratch-source-scaler"),
        ("rate", "finetune", "transfuse-1"),
    ]
    for first, second in zip(steps(grid), steps(grid)[1:], strict=False):
        assert first[1] == second[2]
    by_kind: dict[str, float] = {"declared": 0.0, "tuned": 0.0}
    for one in found_in(data)["factors"]:
        by_kind[one["settings"]] += one["differences"][0]["mean"] or 0.0
    made = study_of(data)
    whole = {
        k: s.curve("parity", "finetune") - s.curve("parity", "scratch")
        for k, s in (("tuned", made), ("declared", made.declared))
        if s
    }
    assert by_kind == {kind: pytest.approx(float(np.mean(x))) for kind, x in whole.items()}


def test_a_factor_that_has_no_strategy_is_left_out() -> None:
    few = study(flat({}), strategies=["scratch", "finetune"], seeds=2)
    assert steps(study_of(few).grid) == []
    no_full = study(flat({}), strategies=["scratch", "scratch-source-scaler", "finetune"], seeds=2)
    assert [factor for factor, *_ in steps(study_of(no_full).grid)] == ["scaler"]


def test_the_penalty_of_a_network_is_told_as_the_baselines() -> None:
    data = tuned(CLOSED, LED)[0]
    choices: dict[str, Any] = {c["strategy"]: c for c in found_in(data)["choices"]}
    assert choices["scratch"]["penalty"] == pytest.approx(4.0)
    assert choices["baseline"]["penalty"] == 2.0
    assert (choices["scratch"]["tuned"], choices["scratch"]["of"]) == (12, 12)


def test_a_training_that_diverged_as_declared_has_no_accuracy_there() -> None:
    data = tuned(CLOSED, LED)[0]
    data.rows[0]["declared_accuracy"] = None
    declared = study_of(data).declared
    assert declared is not None
    assert [row["status"] for row in declared.grid.trials.rows()].count("diverged") == 1


def test_a_size_that_a_problem_has_not_is_no_part_of_its_means() -> None:
    data = tuned(CLOSED, LED, problems=("parity", "same"))[0]
    data.rows = [row for row in data.rows if (row["problem"], row["n_target"]) != ("same", 200)]
    changes = {one["strategy"]: one["differences"] for one in found_in(data)["changes"]}
    by_problem = dict(zip(study_of(data).ordered, changes["finetune"], strict=True))
    assert by_problem["same"]["n"] == by_problem["parity"]["n"] == 6
    assert all(one["differences"][0]["n"] == 6 for one in found_in(data)["factors"])


def test_the_map_of_rates_and_epochs_has_every_distinct_trial_once_in_its_place() -> None:
    data, _ = tuned(CLOSED, LED, problems=("parity", "same"))
    chosen = [(0.05, 60, 0.0), (0.05, 60, 0.1), (0.02, 40, 0.1), (0.02, 40, 0.1), (0.12, 60, 0.1), (0.12, 60, 0.1)]
    for row in data.rows:
        if row["strategy"] != "baseline":
            rate, epochs, decay = chosen[row["seed"]]
            row.update(tuned_lr=rate, tuned_epochs=epochs, tuned_weight_decay=decay)
    found = neighbourhood(study_of(data))
    assert found is not None
    assert (found["strategies"], found["rate"], found["epochs"]) == (["scratch", "finetune"], 0.05, 60)
    taken = {(f["rate"], f["epochs"], f["penalty"]): f for f in found["fields"] if f["chosen"][0]}
    assert {place: round(6 * f["chosen"][0]) for place, f in taken.items()} == {
        ("as declared", "as declared", False): 1,
        ("as declared", "as declared", True): 1,
        ("lower", "lower", True): 2,
        ("higher", "near", True): 2,
    }
    gained = taken["lower", "lower", True]["gains"][0]
    assert gained["n"] == 2
    assert gained["mean"] == pytest.approx(CLOSED["scratch"] - LED["scratch"], abs=0.02)
    assert [sum(f["chosen"][k] for f in found["fields"]) for k in (0, 1)] == [pytest.approx(1)] * 2
    assert len(neighbours(found)["rows"]) == 2 + 9
    words = said("neighbours", found)
    assert "`scratch` kept the declared rate and epochs in 33 % of its trials" in words
    assert "In none of 4 places of the map" in words


def test_places_where_trials_lost_are_told() -> None:
    data, _ = tuned(LED, CLOSED)
    words = said("neighbours", neighbourhood(study_of(data)))
    assert "In 2 of 2 places of the map the trials lost by what they chose" in words


def test_the_map_reaches_as_far_as_the_search() -> None:
    assert (RATES, EPOCHS) == (tuning.RATES, TUNED_EPOCHS)

"""What a study cannot say is computed from what it ran."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastmlp.report.chapters.limits.numbers import Numbers, numbers, wider
from tests.report.test_sentences import said
from tests.report_data import MadeUp, large, study, study_of


def limits(data: MadeUp) -> Numbers:
    return numbers(study_of(data))


def test_the_population_is_what_the_splits_draw_from() -> None:
    found = limits(study())
    (one,) = found["populations"]
    assert (one["examples"], one["source_pool"], one["held_out"], one["digits"]) == (1797, 697, 500, True)
    assert one["shared"] == pytest.approx(500 / 1797)
    assert one["wider_few"] == pytest.approx((1 + 20 * 500 / 717) ** 0.5)
    assert one["wider_few"] > one["wider_many"] > 1
    assert found["ratio"] == pytest.approx(697 / 500)


def test_without_overlap_or_with_one_seed_little_changes() -> None:
    assert wider(20, 0, 700) == 1
    assert wider(1, 10, 100_000) == pytest.approx(1, abs=1e-4)


def test_problems_with_one_target_are_one_task_and_controls_are_none() -> None:
    data = large(seeds=2, sizes=(20, 100))
    assert (limits(data)["targets"], limits(data)["problems"]) == (1, 4)
    assert "All 4 problems share one target task" in said("tasks", limits(data))
    data.meta["problem:parity"] = json.dumps(json.loads(data.meta["problem:parity"]) | {"control": True})
    for row in data.rows:
        if row["problem"] == "halves":
            row["key"] = f"half {row['key']}"
    found = limits(data)
    assert (found["targets"], found["problems"], found["controls"]) == (2, 3, ["parity"])
    assert "3 problems have 2 target tasks" in said("tasks", found)
    assert "`parity` is a control" in said("tasks", found)
    assert "This study has one problem" in said("tasks", limits(study(seeds=2)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "were set once and the same for all"),
        ({"tuning": {"trials": 8}}, "chose its settings inside the labels"),
        ({"training": {"weight_decay": 0.01}}, "were set once"),
    ],
)
def test_a_baseline_with_a_penalty_beside_networks_without_is_named(change: dict[str, Any], words: str) -> None:
    data = study(seeds=2)
    for table, values in change.items():
        data.settings[table] = data.settings.get(table, {}) | values
    found = limits(data)
    text = said("networks", found)
    assert found["unpenalised"] == ("L2 penalty" in text) == (not change)
    assert words in text


def test_data_of_which_nothing_was_noted_have_no_population() -> None:
    data = study(seeds=2)
    data.meta.clear()
    found = limits(data)
    assert (found["populations"], found["ratio"]) == ([], None)
    assert "is not known" in said("source", found)
    assert "draw from the same examples" in said("reach", found, 2)

"""Over all sizes fewer comparisons stay undecided; another target task is judged by the spread over targets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastmlp.report.chapters.answer.pooled import Pooled, pooled
from fastmlp.stats import mean_interval, paired_family
from tests.report.test_sentences import said
from tests.report_data import MadeUp, flat, lab_mean, study, study_of

THREE = ("scratch", "finetune", "baseline")


def over_sizes(data: MadeUp) -> Pooled:
    found = pooled(study_of(data))
    assert found is not None
    return found


def test_means_over_sizes_are_compared_seed_by_seed_in_one_family() -> None:
    data = study(strategies=THREE, problems=("parity", "same"), seeds=6)
    found = over_sizes(data)
    curves = {(p, s): study_of(data).curve(p, s).mean(axis=1) for p in ("parity", "same") for s in THREE}
    order = [p["name"] for p in found["problems"]]
    expected = paired_family([(curves[p, s], curves[p, "scratch"]) for p in order for s in THREE[1:]], margin=0.01)
    differences = [d for p in found["problems"] for d in p["differences"]["all"]]
    assert [d["p_different"] for d in differences] == pytest.approx([d.p_different for d in expected])
    assert found["sizes"] == {"all": [20, 50, 100, 200, 500], "few": [20, 50], "many": [100, 200, 500]}


def test_fewer_stay_undecided_than_cell_by_cell() -> None:
    data = study(lambda s, n: lab_mean(s, n) + (0.004 if s == "finetune" else 0), strategies=THREE, spread=0.012)
    cells = study_of(data).pairs.family("question")
    assert {c["verdict"] for c in cells if c["n_target"] == 500} == {"undecided"}
    (one,) = over_sizes(data)["problems"]
    assert one["differences"]["all"][0]["verdict"] == "better"


def two_targets(*more: str, **means: float) -> MadeUp:
    """Three problems; the last one, and each of some more, has a target task of its own and other accuracies."""
    data = study(flat(means), strategies=THREE, problems=("parity", "same", "halves", *more), spread=0.002)
    for row in data.rows:
        if row["problem"] not in {"parity", "same"}:
            row["key"] = f"{row['problem']} {row['key']}"
            row["accuracy"] += 0.05 * (row["strategy"] == "finetune") * (1 if row["problem"] == "halves" else -4)
    return data


def test_problems_that_share_trials_count_once_and_controls_not_at_all() -> None:
    data = two_targets(finetune=0.9)
    assert over_sizes(data)["tallies"]["all"]["tested"] == 3 + 2  # the baseline has the same trials on two problems
    facts = json.dumps(json.loads(data.meta["problem:parity"]) | {"control": True})
    data.meta["problem:halves"] = facts
    assert over_sizes(data)["tallies"]["all"]["tested"] == 2 + 1


def test_the_gain_on_another_target_is_a_mean_over_targets() -> None:
    found = over_sizes(two_targets("wine", finetune=0.9))
    by_name = {p["name"]: p["differences"]["all"][0]["mean"] or 0.0 for p in found["problems"]}
    expected = mean_interval([(by_name["parity"] + by_name["same"]) / 2, by_name["halves"], by_name["wine"]])
    gain = next(g for g in found["gains"] if g["strategy"] == "finetune")
    assert (gain["mean"], gain["low"], gain["high"]) == pytest.approx((expected.mean, expected.low, expected.high))
    assert (gain["n"], found["targets"]) == (3, 3)
    assert gain["low"] is not None
    assert gain["low"] < 0, "three target tasks say little of a fourth"
    assert "No strategy’s interval excludes zero" in said("gains", found)
    two = over_sizes(two_targets(finetune=0.9))
    assert {(g["n"], g["low"], g["reason"]) for g in two["gains"]} == {(2, None, "too few targets")}
    assert "2 target tasks are too few" in said("gains", two)
    alone = over_sizes(study(strategies=THREE))
    assert alone["gains"] == []
    assert "share one target task" in said("gains", alone)


@pytest.mark.parametrize("grid", [{"strategies": ["scratch"]}, {"strategies": ["frozen", "finetune"]}, {"sizes": [20]}])
def test_there_is_nothing_to_pool_without_scratch_another_strategy_and_a_second_size(grid: dict[str, Any]) -> None:
    assert pooled(study_of(study(**grid))) is None


def test_without_few_and_many_labels_there_is_one_part() -> None:
    found = over_sizes(study(sizes=(100, 200), strategies=THREE))
    assert list(found["tallies"]) == ["all"]
    assert "With few labels" not in said("pooled", found)
    assert "With few labels (20 and 50)" in said("pooled", over_sizes(study(strategies=THREE)))
    assert "nothing could be compared" in said("pooled", over_sizes(study(strategies=THREE, seeds=1)))


def test_a_gain_that_only_one_target_shows_has_no_interval() -> None:
    data = two_targets(finetune=0.9)
    data.rows = [row for row in data.rows if row["problem"] != "halves" or row["strategy"] == "scratch"]
    found = over_sizes(data)
    assert [(g["n"], g["low"], g["reason"]) for g in found["gains"]] == [(1, None, "no data")] * 2
    assert "cannot be told" in said("gains", found)

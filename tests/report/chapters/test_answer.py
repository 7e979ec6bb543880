"""Negative transfer is looked for in every cell, and told by its case; what freezing costs is told apart from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fastmlp.report.chapters.answer.harm import Negative, freezing, negative
from fastmlp.report.chapters.answer.numbers import Headline, numbers
from tests.report.test_sentences import said
from tests.report_data import MadeUp, flat, study, study_of

FOUR = ("baseline", "scratch", "frozen", "finetune")


def made_up(mean: Callable[[str, int], float], **options: Any) -> MadeUp:
    usual: dict[str, Any] = {"strategies": (*FOUR[:3], "random-frozen"), "sizes": [20, 50], "seeds": 10}
    usual["spread"] = 0.002
    return study(mean, **usual | options)


def looked_for(data: MadeUp, margin: float = 0.01) -> Negative:
    data.settings["margin"] = margin
    found = negative(study_of(data))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("frozen", "case"), [(0.7, "found"), (0.9, "ruled out"), (0.8, "ruled out")], ids=["worse", "better", "tied"]
)
def test_every_cell_has_its_case(frozen: float, case: str) -> None:
    found = looked_for(made_up(flat({"frozen": frozen}), strategies=(*FOUR, "scratch-source-scaler", "random-frozen")))
    assert [cell["case"] for cell in found["problems"][0]["cells"]] == [case, case]
    assert found["tested"] == 4
    assert (found["worst"] is not None) == (case == "found")


def test_a_cell_that_is_undecided_is_open() -> None:
    found = looked_for(made_up(flat({}), spread=0.05, seeds=3))
    assert found["cells"] == {"found": 0, "open": 2, "ruled out": 0, "not tested": 0}


def test_one_seed_tests_nothing() -> None:
    found = looked_for(made_up(flat({}), seeds=1))
    assert (found["tested"], found["cells"]["not tested"]) == (0, 2)


def test_it_is_corrected_over_all_cells() -> None:
    alone = looked_for(made_up(flat({"frozen": 0.797}), sizes=[20]), 0.0)
    company = looked_for(made_up(flat({"frozen": 0.797}), sizes=[20, 50, 100, 200]), 0.0)
    mine, theirs = (found["problems"][0]["differences"][0] for found in (alone, company))
    assert mine["mean"] == theirs["mean"]
    assert mine["p_different"] is not None
    assert theirs["p_different"] is not None
    assert mine["p_different"] < theirs["p_different"]


MATCHED = (*FOUR, "scratch-source-scaler", "random-frozen")


@pytest.mark.parametrize("harmless", ["scaler", "freezing"])
def test_neither_the_scaler_nor_freezing_is_harm_of_the_weights(harmless: str) -> None:
    means = {"scaler": {"finetune": 0.7, "scratch-source-scaler": 0.7}, "freezing": {"frozen": 0.7}}[harmless]
    data = made_up(flat({"random-frozen": 0.6} | means), strategies=MATCHED)
    found = looked_for(data)
    assert (found["worse"], found["cells"]["ruled out"]) == (0, 2)
    assert found["matched"] == [
        {"control": "random-frozen", "strategies": ["frozen"]},
        {"control": "scratch-source-scaler", "strategies": ["finetune"]},
    ]
    cost = freezing(study_of(data))
    assert cost is not None
    assert cost["strategies"] == ["frozen"]
    assert (cost["worse"], cost["helped"]) == ((2, 2) if harmless == "freezing" else (0, 0))


def test_weights_that_harm_are_no_help_where_freezing_costs() -> None:
    data = made_up(flat({"frozen": 0.6, "random-frozen": 0.7}), strategies=MATCHED)
    cost = freezing(study_of(data))
    assert cost is not None
    assert (looked_for(data)["worse"], cost["worse"], cost["helped"]) == (2, 2, 0)


def test_what_has_no_control_is_named() -> None:
    found = looked_for(made_up(flat({}), strategies=(*FOUR, "scratch-source-scaler", "bitfit", "zero-shot")))
    assert found["unmatched"] == ["frozen", "bitfit"], "zero-shot moves nothing"


def with_control(data: MadeUp) -> MadeUp:
    data.meta["problem:random-labels"] = json.dumps({"control": True})
    return data


def test_a_control_among_the_problems_is_shown_and_not_counted() -> None:
    means = flat({"frozen": 0.6, "finetune": 0.9})
    problems = ["parity", "random-labels"]
    both = looked_for(with_control(made_up(means, strategies=MATCHED, problems=problems)))
    alone = looked_for(made_up(means, strategies=MATCHED, problems=["parity"]))
    assert [p["name"] for p in both["problems"]] == problems
    assert {k: both[k] for k in ("tested", "worse", "cells")} == {k: alone[k] for k in ("tested", "worse", "cells")}
    found, one = (
        numbers(study_of(data))
        for data in (
            with_control(made_up(means, strategies=MATCHED, problems=problems)),
            made_up(means, strategies=MATCHED, problems=["parity"]),
        )
    )
    assert found["overview"] == one["overview"]
    assert found["winners"]["cells"] == one["winners"]["cells"]
    assert found["winners"]["wins"] == one["winners"]["wins"]


def test_controls_alone_are_counted() -> None:
    data = with_control(made_up(flat({}), strategies=MATCHED, problems=["random-labels"]))
    assert study_of(data).subjects == ("random-labels",)
    assert looked_for(data)["tested"] == 4


@pytest.mark.parametrize("top", ["scratch", "finetune"])
def test_cells_that_share_their_trials_are_counted_once(top: str) -> None:
    data = made_up(flat({top: 0.9}), strategies=MATCHED, problems=["parity", "same", "rotated-30"])
    overview = numbers(study_of(data))["overview"]
    once = {"cells": 2, "repeated": 4, "network_better": 2}  # two sizes
    each = {"cells": 6, "repeated": 0, "network_better": 6}
    assert overview == (once if top == "scratch" else each) | {"baseline_better": 0}


def test_only_what_starts_from_a_pretrained_network_transfers() -> None:
    data = study(flat({}), strategies=[*FOUR, "mine", "theirs"], seeds=2, sizes=[20])
    data.settings["strategies"] = {"mine": {"start": "random", "phases": [{}]}}
    assert study_of(data).grid.transferring == ("frozen", "finetune", "theirs")


def test_without_controls_nothing_is_looked_for() -> None:
    assert negative(study_of(made_up(flat({}), strategies=["frozen", "finetune"]))) is None
    assert negative(study_of(made_up(flat({}), strategies=["scratch"]))) is None


def headline(data: MadeUp) -> Headline:
    return numbers(study_of(data))["answers"]["parity"]["headline"]


def test_who_is_never_shown_to_be_behind_is_safe_only_if_it_is_shown() -> None:
    ahead = flat({"scratch": 0.6, "frozen": 0.9, "finetune": 0.898})
    sure, noisy = headline(study(ahead, spread=0.004)), headline(study(ahead, spread=0.04))
    assert (sure["case"], sure["strategies"]) == ("safe", ["frozen", "finetune"])
    assert (noisy["case"], noisy["strategies"]) == ("never_behind", ["frozen", "finetune"])


def test_what_is_safe_is_corrected_over_all_problems() -> None:
    near = flat({"frozen": 0.805, "finetune": 0.804})
    problems = ("parity", *(f"rotated-{k}" for k in range(1, 30)))
    alone, many = (
        study_of(study(near, spread=0.008, sizes=(20,), problems=names)).safe["parity"]
        for names in (("parity",), problems)
    )
    assert set(many) < set(alone)


@pytest.mark.parametrize(
    ("means", "spread", "case", "words"),
    [
        ({"finetune": 0.9}, 0.004, "best", "or finetune? **finetune**. It reaches"),
        ({"frozen": 0.6, "scratch": 0.8005}, 0.002, "tied", "**scratch**, or what is tied with it"),
        ({"finetune": 0.81}, 0.05, "undecided", "? Not decided: "),
    ],
)
def test_the_lab_has_its_answer_in_one_line(means: dict[str, float], spread: float, case: str, words: str) -> None:
    found = numbers(study_of(study(flat(means), spread=spread)))["asked"]
    assert found is not None
    assert (found["n_target"], found["case"]) == (200, case)
    assert words in said("asked", found).replace("`", "")
    verdicts = [c["verdict"] for c in found["compared"]]
    assert said("asked", found).count("**undecided**") >= verdicts.count("undecided")


def test_the_nearest_number_of_labels_answers_for_one_that_was_not_run() -> None:
    found = numbers(study_of(study(sizes=(20, 100, 500))))["asked"]
    assert found is not None
    assert found["n_target"] == 100
    assert "with 100 labels (this study has no trials with 200)" in said("asked", found)


@pytest.mark.parametrize("grid", [{"problems": ["same"]}, {"strategies": ["baseline", "scratch"]}, {"seeds": 1}])
def test_a_study_that_did_not_ask_gives_no_answer(grid: dict[str, Any]) -> None:
    assert numbers(study_of(study(**grid)))["asked"] is None

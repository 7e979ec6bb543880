"""What the report says of a study of pretrained networks: stages in place of layers, and the six steps in order."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from fastmlp.report.render import to_html, to_markdown

from ...report_data import MadeUp, flat, study, study_of, summary_of

STRATEGIES = ("baseline", "scratch", "frozen", "probe-1", "partial-1", "finetune")
MEANS = {"baseline": 0.6, "scratch": 0.5, "frozen": 0.8, "probe-1": 0.7, "partial-1": 0.9, "finetune": 0.905}
SECONDS = {"baseline": 0.01, "scratch": 9.0, "frozen": 0.1, "probe-1": 0.2, "partial-1": 1.0, "finetune": 8.0}
FREED = {"scratch": [90, 80, 30], "frozen": [0, 0, 30], "probe-1": [0, 30], "partial-1": [0, 80, 30]}
STEPS = ("Obtain the pretrained network", "The base: stages", "Freeze", "Add new layers", "Train the new", "Fine-tune")
PICTURE = base64.b64encode(bytes(range(12))).decode()


def stage(name: str, score: float | None) -> dict[str, Any]:
    seconds = {"forward_seconds": 0.001, "step_seconds": 0.004}
    return {"name": name, "parameters": 90, "features": 8, "h_score": score, "log_me": score, **seconds}


def facts(**changes: Any) -> str:
    """What a study notes of its data and of its network."""
    step = {"pixels": PICTURE, "height": 2, "width": 2, "low": -1.0, "high": 1.5}
    network = {
        "name": "a-net",
        "hash": "c0ffee",
        "texts": False,
        "classes": ["daisy", "rose"],
        "copies": 0,
        "unreadable": [],
        "pool": "mean",
        "own_classes": 1000,
        "preparation": "size 2, order rgb",
        "steps": [{"name": "read", **step}, {"name": "normalised", **step}],
        "stages": [stage("stem", 0.5), stage("block", 0.25)],
    }
    parts = {"target_pool": 50, "probe": 20, "held_out": 50, "source_pool": None, "folds": 0}
    return json.dumps({"examples": 120, "target_classes": 2, "backbone": network | changes} | parts)


def pretrained(*, seeds: int = 8, problems: Sequence[str] = ("flowers",), **changes: Any) -> MadeUp:
    """A study of one network of two stages."""
    data = study(flat(MEANS), strategies=STRATEGIES, problems=problems, sizes=(20, 50), seeds=seeds)
    own = {"backbone": "a-net", "stages": ["stem", "block"], "batch_norm": "kept"}
    data.settings["problems"] = {problem: dict(own) for problem in problems}
    data.meta |= {f"problem:{problem}": facts(**changes) for problem in problems}
    for row in data.rows:
        freed = FREED.get(row["strategy"], [90, 80, 30])
        row |= {"train_seconds": SECONDS[row["strategy"]], "source_accuracy": None, "h_score_target": None}
        if row["strategy"] != "baseline":
            row |= {"trainable": freed, "drift": [0.0, 0.5, 0.1], "cka": [1.0, 0.9], "parameters_trained": sum(freed)}
    return data


@pytest.fixture(scope="module")
def page() -> str:
    return to_markdown(summary_of(pretrained())).replace("\N{NO-BREAK SPACE}", " ")


def test_the_six_steps_are_in_their_order_and_chapters_on_small_networks_are_not_there(page: str) -> None:
    places = [page.index(f" {step}") for step in STEPS]
    assert places == sorted(places)
    assert "## 1 Why transfer" in page
    for absent in (
        "The gradient check",
        "## 3 The network",
        "Pretraining\n",
        "layer 1",
        "scaler alone",
        "hidden layers of",
    ):
        assert absent not in page
    assert "drift, stem" in page
    assert "block: weights" in page


def test_a_similarity_is_told_with_the_scale_that_it_is_on(page: str) -> None:
    """Records that were written before there was a scale have none, and the rest of their page stays."""
    assert "The similarity cannot be estimated from what has finished." in page
    assert "| `flowers` | 2.390 ± 0.115 | 3.116 ± 0.085 | – | no data | 8 |" in page
    assert "An earlier version of this program measured the H-scores of `flowers`" in page
    data = pretrained()
    for row in data.rows:
        row |= {"h_score_target": 4.0}
    words = to_markdown(summary_of(data)).replace("\N{NO-BREAK SPACE}", " ")
    assert "1 for features that tell the classes apart without an error" in words
    assert "better for the target task than random ones, and worse than features that tell the classes apart" in words
    assert "| 4.00 | 0.445 ± 0.080 | 8 |" in words
    assert "An earlier version" not in words
    assert words.count("on the target task itself") == 1, "in the glossary, which has both scales"
    assert "| `flowers` | 0.45 |" in words, "in the decision matrix"


def mistaken(cost: float, **changes: Any) -> MadeUp:
    """The same study with a mistake in the preparation of a second problem, which costs accuracy."""
    data = pretrained(problems=("flowers", "unscaled"), **changes)
    data.settings["problems"]["unscaled"] |= {"corruption": "unscaled", "backbone_hash": "other"}
    words = json.loads(facts(mistake="pixels go from 0 to 255", **changes)) | {"control": True}
    data.meta["problem:unscaled"] = json.dumps(words)
    for row in data.rows:
        if row["problem"] == "unscaled" and row["strategy"] != "baseline":
            lost = cost if row["strategy"] in {"frozen", "partial-1"} else 0.0
            row["accuracy"] -= lost + 0.001 * (row["seed"] % 3 - 1)
    return data


def test_what_a_mistake_of_the_preparation_costs_is_compared_seed_by_seed() -> None:
    made = summary_of(mistaken(0.3))
    found = made["numbers"]["workflow"]["mistaken"]
    assert found["tested"] == 2 * 4  # sizes, and strategies that transfer
    assert found["counts"] == {"worse": 4, "better": 0, "tied": 4, "undecided": 0, "same": 0}
    assert {row["strategy"] for row in found["rows"][:4]} == {"frozen", "partial-1"}
    assert {row["difference"]["together"] for row in found["rows"]} == {8}
    words = to_markdown(made).replace("\N{NO-BREAK SPACE}", " ")
    assert "Of 8 comparisons of a strategy with a mistake and without it, 4 are worse, 0 better" in words
    assert "The dearest is `unscaled`: `" in words
    assert "With a mistake: pixels go from 0 to 255. The preparation: `size 2, order rgb`." in words
    assert "`unscaled` is a control" in words
    assert words.count("The freeze ledger of problem") == 1, "the network is the same"
    assert "a second problem that differs in its `corruption`" not in words


def test_a_mistake_is_compared_with_what_differs_in_nothing_else(page: str) -> None:
    assert "a second problem that differs in its `corruption`" in page
    alone = mistaken(0.3)
    alone.settings["problems"]["unscaled"]["batch_norm"] = "moving"
    assert study_of(alone).grid.mistaken == {}


@pytest.mark.usefixtures("no_pictures")  # but for those of examples
def test_steps_of_the_preparation_are_pictures() -> None:
    html = to_html(summary_of(pretrained()))
    assert html.count('alt="The example, ') == 2
    assert 'src="data:image/png;base64,' in html
    texts = to_markdown(summary_of(pretrained(texts=True, steps=[{"name": "tokens", "text": "[CLS] a rose"}])))
    assert "`[CLS] a rose`" in texts
    assert "tf-idf" in texts


def test_the_ledger_says_what_moved(page: str) -> None:
    assert "byte for byte, in all 16 trainings" in page  # made-up ones have hashes for frozen
    assert "| `partial-1` | 0 | 80 | 30 | 110 |" in page
    assert "| `probe-1` | 0 | – | 30 | 30 |" in page
    moved = pretrained()
    moved.rows[2 * 8]["frozen_after"] = "other"  # the first row of frozen
    assert "something moved that was to stay, in 1 of 16 trainings" in to_markdown(summary_of(moved))


def test_accuracy_is_set_against_seconds(page: str) -> None:
    costs = summary_of(pretrained())["numbers"]["workflow"]["costs"][1]
    assert [row["strategy"] for row in costs["rows"] if row["front"]] == ["baseline", "frozen", "partial-1", "finetune"]
    assert (costs["n_target"], costs["cheapest"]["strategy"], costs["slowest"]["strategy"]) == (
        50,
        "partial-1",
        "scratch",
    )
    assert [row["kilobytes"] for row in costs["rows"] if row["strategy"] in {"frozen", "scratch"}] == [0.12, 0.8]
    assert "`scratch` takes 9.0 s, and `partial-1`, the cheapest that is not shown to be behind another, 1.0 s" in page
    alone = summary_of(pretrained(seeds=1))["numbers"]["workflow"]["costs"][1]
    assert alone["cheapest"]["strategy"] == "frozen", "one seed shows nothing"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "it is an earlier one: stage `stem` has the highest LogME, 0.5; the last stage has 0.25"),
        ({"stages": [stage("stem", 0.1), stage("block", 0.25)]}, "the last stage has the highest LogME, 0.25"),
        ({"stages": [stage("stem", None), stage("block", None)]}, "has no probe set, so the stages were not compared"),
        ({"copies": 3}, "3 files hold the same bytes as another"),
        ({"copies": 1}, "One file holds the same bytes as another"),
        ({"unreadable": ["a.png: truncated"]}, "One file could not be read and was left out: `a.png: truncated`"),
        ({"unreadable": ["a.png: no", "b.png: no"]}, "2 files could not be read and were left out"),
        ({"own_classes": 0}, "It has no head of its own"),
    ],
)
def test_what_is_said_of_a_network_follows_from_its_facts(changes: dict[str, Any], words: str) -> None:
    assert words in to_markdown(summary_of(pretrained(seeds=1, **changes)))


def test_a_study_that_has_not_begun_is_no_error() -> None:
    data = pretrained(seeds=2)
    data.rows = [
        {
            **dict.fromkeys(row),
            **{k: row[k] for k in ("problem", "strategy", "n_target", "seed")},
            "status": "missing",
        }
        for row in data.rows
    ]
    words = to_markdown(summary_of(data))
    assert "nothing can be compared yet" in words
    assert "no such head has finished" in words

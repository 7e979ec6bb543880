"""What the report says of a study of pretrained networks: stages in place of layers, and the six steps in order."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fastmlp.report.render import to_html, to_markdown

from ...report_data import MadeUp, flat, study, summary_of

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


def pretrained(*, seeds: int = 8, **changes: Any) -> MadeUp:
    """A study of one network of two stages."""
    data = study(flat(MEANS), strategies=STRATEGIES, problems=("flowers",), sizes=(20, 50), seeds=seeds)
    data.settings["problems"] = {"flowers": {"backbone": "a-net", "stages": ["stem", "block"], "batch_norm": "kept"}}
    data.meta["problem:flowers"] = facts(**changes)
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

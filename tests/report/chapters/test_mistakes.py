"""What is taken for what, over all seeds, and what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastmlp.report.chapters.mistakes.numbers import Numbers, first_layer_of, numbers
from tests.report.test_sentences import said
from tests.report_data import MadeUp, flat, large, study_of

CLASSES = ["0", "1", "2"]
# Of each true class, right and wrong: scratch takes 1 for 0 and 2 for 1; fine-tuning 2 for 1 alone.
CONFUSED = {
    "scratch": [[0, 10], [3, 4], [4, 6], [7, 3], [8, 7]],
    "finetune": [[0, 10], [4, 10], [7, 2], [8, 8]],
    "baseline": [[0, 10], [4, 10], [8, 10]],
}


def data(confused: dict[str, Any] | None = None) -> MadeUp:
    made = large(
        flat({"finetune": 0.9}), strategies=("baseline", "scratch", "finetune"), problems=("same", "parity"), seeds=3
    )
    made.rows = [row | {"confusion": (confused or CONFUSED)[row["strategy"]]} for row in made.rows]
    for name in ("same", "parity"):
        made.meta[f"problem:{name}"] = json.dumps(json.loads(made.meta["problem:parity"]) | {"classes": CLASSES})
    return made


def chapter(made: MadeUp) -> Numbers:
    found = numbers(study_of(made))
    assert found is not None
    return found


def test_mistakes_are_shares_of_the_true_class_over_all_seeds() -> None:
    one = chapter(data())["problems"][0]
    assert one["n_target"] == 20
    scratch, best = one["rows"]
    assert (scratch["strategy"], best["strategy"]) == ("scratch", "finetune")
    assert scratch["shares"] == [[1.0, 0.0, 0.0], [0.4, 0.6, 0.0], [0.0, 0.3, 0.7]]
    assert (scratch["hardest"], scratch["right"]) == ("1", 0.6)
    assert [(m["true"], m["taken"], m["share"]) for m in scratch["mistakes"]] == [("1", "0", 0.4), ("2", "1", 0.3)]
    assert [(m["true"], m["taken"]) for m in one["common"]] == [("2", "1")]


def test_words_follow_what_both_mistake() -> None:
    problems = chapter(data())["problems"]
    assert "On every problem some of their most frequent mistakes are the same." in said("opening", problems)
    assert "`scratch` most often takes 1 for 0 (40.0 %) on `same`" in said("opening", problems)
    assert "both take 2 for 1 (20.0 %)" in said("common", problems)
    apart = chapter(data(CONFUSED | {"finetune": [[0, 9], [2, 1], [4, 10], [8, 10]]}))["problems"]
    assert said("opening", apart).startswith("No.")
    assert said("common", apart).startswith("No mistake is among")


def test_without_names_or_records_there_is_no_chapter() -> None:
    made = data()
    made.rows = [row | {"confusion": None} for row in made.rows]
    assert numbers(study_of(made)) is None
    assert numbers(study_of(large(seeds=2))) is None


def test_the_first_layer_is_told_by_its_correlations() -> None:
    layers = [
        {"name": name, "pixels": ["8" * 64], "smooth": smooth, "moved": smooth}
        for name, smooth in {"random": 0.01, "pretrained": 0.35, "finetune": 0.34, "scratch": 0.1}.items()
    ]
    found = first_layer_of(json.dumps({"problem": "parity", "n_target": 200, "layers": layers}))
    assert found is not None
    assert [strip["name"] for strip in found["strips"]][:2] == ["random weights", "what pretraining added"]
    text = said("smooth", found)
    assert "neighbours is 0.01; for what pretraining added to them it is 0.35" in text
    assert "where it began was noise. Pretraining" in text
    assert "a longer way to go" not in text
    layers[0]["smooth"], layers[-1]["moved"] = 0.5, 0.9
    other = first_layer_of(json.dumps({"problem": "p", "n_target": 9, "layers": layers}))
    assert "noise" not in said("smooth", other)
    assert "a longer way to go" in said("smooth", other)
    assert first_layer_of(None) is None
    assert first_layer_of(json.dumps({"problem": "p", "n_target": 9, "layers": layers[:2]})) is None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_strategy_without_mistakes_has_none(share: float) -> None:
    right = [[0, 10], [4, 10], [8, 10]]
    one = chapter(data(CONFUSED | {"finetune": right if share else CONFUSED["finetune"]}))["problems"][0]
    assert bool(one["rows"][1]["mistakes"]) != bool(share)

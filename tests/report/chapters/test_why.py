"""Whether pretrained weights are worth keeping is told from the fewest labels, problem by problem, controls apart."""

from __future__ import annotations

import json

import pytest

from fastmlp.report.chapters.why.numbers import numbers
from fastmlp.report.chapters.why.tables import kept_or_not
from tests.report.test_sentences import said
from tests.report_data import META, MadeUp, flat, study, study_of

NAMES = ("scratch", "frozen", "finetune")


def made(**means: float) -> MadeUp:
    return study(flat(means), strategies=NAMES, problems=("parity", "same", "halves"), sizes=(20, 100), seeds=6)


def test_verdicts_with_the_fewest_labels_are_counted_and_controls_are_not() -> None:
    data = made(finetune=0.9, frozen=0.7)
    for row in data.rows:
        row["accuracy"] -= 0.3 * (row["problem"] == "same" and row["strategy"] == "finetune")
        row["accuracy"] -= 0.3 * (row["n_target"] == 100 and row["strategy"] == "finetune")
    data.meta["problem:halves"] = json.dumps(json.loads(META["problem:parity"]) | {"control": True})
    found = numbers(study_of(data))
    assert (found["labels"], found["problems"], found["ways"]) == (20, 2, ["frozen", "finetune"])
    assert found["counts"] == {"frozen": {"worse": 2}, "finetune": {"better": 1, "worse": 1}}
    assert said("kept", found) == (
        "It depends on the source: with 20 labels, to keep the weights as they are (`frozen`) is better than to start "
        "again on 0 of 2 problems and worse on 2; to train them further (`finetune`) is better than to start again "
        "on 1 of 2 problems and worse on 1."
    )
    rows = {row[0]["value"]: row[2]["value"]["verdict"] for row in kept_or_not(found)["rows"]}
    assert rows == {"parity": "better", "same": "worse", "halves": "better"}


@pytest.mark.parametrize("data", [study(strategies=["frozen"], seeds=2), study(strategies=NAMES, seeds=1)])
def test_without_scratch_or_a_second_seed_it_cannot_be_told(data: MadeUp) -> None:
    found = numbers(study_of(data))
    assert found["ways"] == []
    assert said("kept", found).startswith("This study cannot tell")

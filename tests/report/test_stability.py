"""Trainings that finished and cannot be trusted are counted and shown, and left out of nothing."""

from __future__ import annotations

import pytest

from fastmlp.report.render import to_markdown

from ..report_data import MadeUp, lab_mean, study, study_of, summary_of
from .test_sentences import said


def wrecked(data: MadeUp, strategy: str = "finetune", n_target: int = 100, seeds: int = 3) -> MadeUp:
    """A study in which some trainings of one cell end at twice the loss of guessing."""
    for row in data.rows:
        if (row["strategy"], row["n_target"]) == (strategy, n_target) and row["seed"] < seeds:
            row["losses"] = [*row["losses"][:-1], 4.6]
            row["accuracy"] = 0.3
    return data


def test_a_training_that_ends_far_above_its_lowest_loss_is_counted_and_kept() -> None:
    found = summary_of(wrecked(study()))
    stability = found["numbers"]["reproducibility"]["stability"]
    assert (found["counts"]["unstable"], stability["trained"]) == (3, 4 * 5 * 20)
    assert found["counts"]["ok"] == 6 * 5 * 20
    (cell,) = stability["cells"]
    assert (cell["strategy"], cell["n_target"], cell["unstable"], cell["ok"]) == ("finetune", 100, 3, 20)
    assert (cell["last_batch"], cell["batch"]) == (4, 32)
    assert cell["accuracy"] == pytest.approx(0.3)
    assert cell["accuracy_of_others"] == pytest.approx(lab_mean("finetune", 100), abs=0.02)
    by_strategy = {row["strategy"]: row["unstable"] for row in found["counts"]["by_strategy"]}
    assert by_strategy == dict.fromkeys(by_strategy, 0) | {"finetune": 3}


def test_nothing_is_left_out_for_it() -> None:
    """Means and comparisons are those of the accuracies, whatever the losses were."""
    whole, other = study(), wrecked(study())
    for row, twin in zip(whole.rows, other.rows, strict=True):
        row["accuracy"] = twin["accuracy"]
    numbers = [summary_of(data)["numbers"] for data in (whole, other)]
    assert numbers[0]["answer"] == numbers[1]["answer"]
    assert numbers[0]["comparison"] == numbers[1]["comparison"]


def falling(strategy: str, n_target: int) -> float:
    """The means of the lab, but for one strategy that is worse with 100 labels than with 50."""
    return 0.60 if (strategy, n_target) == ("scratch", 100) else lab_mean(strategy, n_target)


def test_a_fall_with_more_labels_is_found_where_it_is() -> None:
    found = study_of(study(falling)).stability
    assert found["compared"] == 6 * 4
    (fall,) = found["falls"]
    assert (fall["strategy"], fall["fewer"], fall["n_target"], fall["n"]) == ("scratch", 50, 100, 20)
    assert fall["high"] is not None
    assert fall["high"] < -0.1


@pytest.mark.parametrize("data", [study(), study(lambda *_: 0.8, spread=0.02), study(seeds=1)])
def test_noise_is_no_fall(data: MadeUp) -> None:
    assert study_of(data).stability["falls"] == []


@pytest.mark.parametrize(
    ("data", "macro", "words"),
    [
        (study(), "unstable", "No training ended far above its lowest loss, 400 looked at."),
        (wrecked(study(), seeds=1), "unstable", "1 of 400 trainings is unstable."),
        (wrecked(study()), "unstable", "3 of 400 trainings are unstable."),
        (wrecked(study()), "unstable", "in none were they set aside"),
        (study(), "falls", "Nowhere is a strategy shown to be worse with more labels"),
        (study(falling), "falls", "In 1 of 24 steps from one number of labels to the next the accuracy falls"),
        (study(seeds=1), "falls", "Whether accuracy falls with more labels could not be tested."),
    ],
)
def test_each_outcome_has_its_words(data: MadeUp, macro: str, words: str) -> None:
    assert words in said(macro, study_of(data).stability)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("weighted", "its step is weighted by its share of a full one"),
        ("mean", "moves the network as far as 32 others together. Where the column"),
        ("drop", "it is left out. A learning rate"),
    ],
)
def test_what_is_said_of_short_batches_is_what_was_set(kind: str, words: str) -> None:
    assert words in said("cause", kind, 32)


def test_a_study_of_before_the_setting_let_short_batches_take_whole_steps() -> None:
    data = wrecked(study(seeds=6))
    del data.settings["training"]["short_batch"]
    text = " ".join(to_markdown(summary_of(data)).split())
    assert "3 of 120 trainings are unstable." in text
    assert "lets a short last batch take a whole step" in text

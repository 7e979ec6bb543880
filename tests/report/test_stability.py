"""Trainings that finished and cannot be trusted are counted and shown; from too many of them nothing is concluded."""

from __future__ import annotations

import pytest

from fastmlp.report.chapters.answer.pooled import pooled
from fastmlp.report.chapters.reproducibility.numbers import numbers as reproducibility
from fastmlp.report.render import to_markdown
from fastmlp.report.study import Study
from fastmlp.report.verdicts import verdicts

from ..report_data import MadeUp, flat, lab_mean, study, study_of, summary_of
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


@pytest.fixture(scope="module")
def both() -> tuple[Study, Study]:
    """The same accuracies, with steady losses and with 3 unstable trainings of 20 in one cell."""
    whole, other = (study(flat({"finetune": 0.9})) for _ in range(2))
    for row, twin in zip(whole.rows, wrecked(other).rows, strict=True):
        twin["accuracy"] = row["accuracy"]
    return study_of(whole), study_of(other)


def test_no_trial_is_left_out_of_a_mean_nor_of_a_test(both: tuple[Study, Study]) -> None:
    """Means, intervals and p-values, and who may be the best, are those of the accuracies, whatever the losses were."""
    steady, unsteady = both
    assert (
        steady.measures["parity"]["finetune"][2]["accuracy"] == unsteady.measures["parity"]["finetune"][2]["accuracy"]
    )
    assert [c["winners"] for c in steady.contests.values()] == [c["winners"] for c in unsteady.contests.values()]
    for (_, pair, c), (_, twin, d) in zip(steady.pairs, unsteady.pairs, strict=True):
        assert pair == twin
        assert {**c, "verdict": None, "reason": None} == {**d, "verdict": None, "reason": None}


def test_nothing_is_concluded_from_a_pair_with_an_unstable_side(both: tuple[Study, Study]) -> None:
    steady, unsteady = both
    assert unsteady.unsteady == {("parity", "finetune", 100)}
    for (_, pair, before), (_, _, c) in zip(steady.pairs, unsteady.pairs, strict=True):
        aside = pair.n_target == 100 and "finetune" in {pair.first[1], pair.second[1]}
        assert c["verdict"] == ("undecided" if aside else before["verdict"])
        assert c["reason"] == ("unstable" if aside else before["reason"])
    other_side = unsteady.pairs[100, ("parity", "scratch"), ("parity", "finetune")]
    assert (other_side["verdict"], other_side["by_tests"]) == ("undecided", "worse")
    found = reproducibility(unsteady)["set_aside"]
    assert (found["cells"], found["comparisons"]) == (1, found["better"] + found["worse"] + found["tied"])
    assert found["comparisons"] >= 4
    (row,) = (v for v in verdicts(unsteady) if (v["first"], v["second"], v["n_target"]) == ("finetune", "scratch", 100))
    assert (row["verdict"], row["reason"]) == ("undecided", "unstable")


def test_a_tenth_of_unstable_trainings_is_not_too_many() -> None:
    found = study_of(wrecked(study(), seeds=2))
    assert (found.stability["unstable"], found.unsteady) == (2, frozenset())
    assert "every verdict stands as it was tested" in said("set_aside", reproducibility(found)["set_aside"], 0.1)


def test_a_training_with_two_names_is_counted_once() -> None:
    data = wrecked(study(problems=("parity", "same"), seeds=4), strategy="scratch")
    found = study_of(data).stability
    assert (found["unstable"], found["by_strategy"]["scratch"]) == (3, 6)
    assert found["trained"] == (3 * 2 + 1) * 5 * 4  # what knows no source is the same on both problems


def test_verdicts_over_all_sizes_are_taken_again_without_unstable_cells() -> None:
    data = wrecked(study(strategies=("baseline", "scratch", "finetune")))
    found = pooled(study_of(data))
    assert found is not None
    assert found["steady"] == {
        "touched": 1,
        "tested": 2,
        "turns": [{"problem": "parity", "strategy": "finetune", "verdict": "undecided", "steady": "better"}],
    }
    assert said("steady", found["steady"]).endswith("`finetune` on `parity`, undecided with them and better without.")
    calm = pooled(study_of(study(strategies=("baseline", "scratch", "finetune"), seeds=4)))
    assert calm is not None
    assert calm["steady"] is None


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
        (wrecked(study(), seeds=1), "unstable", "1 of 400 distinct trainings is unstable."),
        (wrecked(study()), "unstable", "3 of 400 distinct trainings are unstable."),
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
    assert "3 of 120 distinct trainings are unstable." in text
    assert "lets a short last batch take a whole step" in text

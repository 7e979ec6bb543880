"""Verdicts choose the sentences: made-up studies, and the words that must or must not be said about them."""

from __future__ import annotations

import json
import re

import pytest

from fastmlp.report.render import to_html, to_markdown
from tests.report_data import LAB, MadeUp, flat, record, some_lost, study, summary_of
from tests.report_text import text_of_html, text_of_markdown

NETWORKS = {"scratch": 0.8, "frozen": 0.8, "finetune": 0.8}


pytestmark = pytest.mark.usefixtures("no_pictures")  # test_figures draws odd studies


def read(data: MadeUp) -> str:
    """The page as text; what is written twice is written alike, and nothing unsayable is said."""
    summary = summary_of(data)
    json.dumps(summary, allow_nan=False)
    page = text_of_html(to_html(summary))
    assert page == text_of_markdown(to_markdown(summary))
    assert not re.search(r"\b(?:nan|NaN|None|inf|null|undefined)\b", page)
    assert not re.search(r" [,.;:]|\(\)|  |\.\.", page.replace("export . ", ""))
    return page


def lead(text: str) -> str:
    """What is said between the question and the four verdicts."""
    return text[text.index("source task?") : text.index("The four verdicts.")]


# --- the baseline


def test_a_baseline_that_wins_everywhere_is_named_first() -> None:
    words = lead(read(study(flat({"baseline": 0.9, "baseline-source-scaler": 0.9} | NETWORKS))))
    assert words.startswith("source task? In one line. The baseline wins: baseline, which does not use the source, is")
    assert "The baseline wins with 20, 50, 100, 200 and 500 labels: baseline is better than the best of the" in words
    assert "but the baseline wins: baseline is better than" in words
    assert "is also better than baseline" not in words


def test_a_beaten_baseline_is_not_said_to_win() -> None:
    text = read(study(flat({"baseline": 0.7, "baseline-source-scaler": 0.7} | NETWORKS)))
    assert "baseline wins" not in text
    assert "At every size at least one network is better than baseline." in text
    assert "No network is shown to be better" not in text


def test_a_baseline_that_wins_with_few_labels_only() -> None:
    text = read(study(lambda s, n: 0.9 if s == "baseline" and n < 100 else 0.8))
    assert "The baseline wins with 20 and 50 labels:" in lead(text)
    assert "No network is shown to be better than baseline at any size." in text


def test_a_baseline_that_is_not_beaten_is_named_first_too() -> None:
    means = {"baseline": 0.802, "scratch": 0.7, "scratch-source-scaler": 0.9, "frozen": 0.7}
    text = read(study(flat(means), spread=0.02))
    assert "No network is shown to be better than baseline at any size. Negative transfer: with" in lead(text)
    assert "Among the networks, finetune is best" in lead(text)
    assert "baseline wins" not in text


def test_without_a_baseline_nothing_is_said_against_it() -> None:
    text = read(study(strategies=["scratch", "frozen", "finetune"]))
    assert "This study ran no baseline." in text
    assert "Against the baseline" not in text
    assert "no control is among the study’s strategies" in text


# --- transfer


def test_transfer_that_hurts_is_called_negative() -> None:
    text = read(study(flat({"scratch": 0.9, "scratch-source-scaler": 0.9, "frozen": 0.8, "finetune": 0.85})))
    assert "scratch is best at every size." in lead(text)
    assert (
        "Negative transfer: with 20, 50, 100, 200 and 500 labels, finetune is worse than scratch-source-scaler, which "
        "may move the same weights from a random start. Pretraining hurts" in text
    )
    assert re.search(r"finetune against scratch: worse at every size \(−\d\.\d, .* and −\d\.\d points\)\.", text)
    assert "in 5 of 5 cells at least one strategy is worse with pretrained weights than with random ones" in text
    assert "Of 5 comparisons with such a control, 5 are worse, 0 better, 0 tied and 0 undecided." in text
    assert "No such control is among the strategies for frozen." in text
    assert "Of 5 comparisons of such a strategy with scratch, 5 are worse, 0 better, 0 tied and 0 undecided." in text


def test_transfer_that_helps_is_not() -> None:
    text = read(study(flat({"scratch": 0.7, "scratch-source-scaler": 0.7, "frozen": 0.8, "finetune": 0.9})))
    assert "finetune is best at every size." in lead(text)
    assert "Negative transfer: " not in text
    assert "tested in 5 cells and is ruled out: every strategy is better with pretrained weights than with" in text


# --- no winner


def test_all_tied() -> None:
    text = read(study(flat({}), spread=0.001))
    assert "It makes no difference which one is chosen: they are tied at every size within 1 point." in lead(text)
    assert "scratch, frozen and finetune are tied" in lead(text)
    assert "is best" not in lead(text).replace("Which is best", "")


def test_nothing_decided() -> None:
    text = read(study(flat({}), spread=0.05, seeds=3))
    assert "With 3 seeds this study cannot say which network is best" in lead(text)
    assert "has the highest mean, but it is undecided whether it is better than" in lead(text)


def test_it_depends_on_the_number_of_labels() -> None:
    best = {20: "frozen", 50: "finetune", 100: "scratch", 200: "scratch", 500: "scratch"}
    text = read(study(lambda s, n: 0.9 if s == best[n] else 0.8))
    assert "It depends on the number of labels" in lead(text)
    assert "With 20 labels: frozen is best, and scratch and finetune are behind" in lead(text)
    assert "With 100, 200 and 500 labels: scratch is best" in lead(text)


def test_the_lab_as_it_is_expected() -> None:
    words = lead(read(study(seeds=40, spread=0.004)))
    assert "finetune is the safe choice" in words
    assert (
        "With 20 labels: finetune is best, and scratch and frozen are behind; finetune is also better than baseline"
        in words
    )


# --- what cannot be estimated


def test_one_seed_allows_no_verdict() -> None:
    text = read(study(seeds=1))
    assert "There is no verdict: no two strategies have finished on two seeds in common" in lead(text)
    assert "(one seed)" in text
    assert "one seed – – 1 not estimable" in text
    assert "is best" not in lead(text).replace("Which is best", "")


def test_no_spread_is_said() -> None:
    text = read(study(flat(NETWORKS | {"finetune": 0.9}), spread=0.0))
    assert "80.0 (no spread)" in text
    assert "no spread – – 20 not estimable" in text
    assert "±" not in text[text.index("Table 4.") : text.index("0.0307")].replace("after ±", "")


def test_nothing_at_all() -> None:
    empty = study()
    empty.rows = []
    text = read(empty)
    assert "No trial has finished, so there is no answer yet." in lead(text)
    assert "Of 600 trials, 0 finished, 0 diverged, 0 failed and 600 have not run." in text
    assert "No pretraining of problem parity has finished." in text
    assert "No trial on problem parity has finished." in text
    assert "no control is among" not in text


def test_a_study_that_has_not_begun() -> None:
    text = read(study(status="missing"))
    assert "No trial has finished" in lead(text)
    assert "600 have not run" in text


@pytest.mark.parametrize("strategy", ["scratch", "finetune"])
def test_a_single_strategy(strategy: str) -> None:
    text = read(study(strategies=[strategy]))
    assert "Which strategy is best on held-out data?" in text
    assert f"Only {strategy} has finished, so there is nothing to compare it with." in text


def test_a_baseline_alone() -> None:
    text = read(study(strategies=["baseline"]))
    assert "No trial has finished" not in text
    assert "This study has no network to compare" in text


# --- trials that did not end well


def test_lost_trials_are_counted_and_not_averaged() -> None:
    text = read(some_lost(study()))
    assert "Of 600 trials, 594 finished, 3 diverged, 2 failed and 1 has not run." in text
    assert "It is left out of every mean, and its seed is left out of every comparison" in text
    assert "17 of 20" in text
    assert "18 of 20" in text
    assert "19 of 20" in text
    assert "2 trials: MemoryError: none left" in text
    assert re.search(r"frozen parity 20 17 3 0 0 frozen parity 50 18 0 2 0", text)


def test_a_strategy_that_always_diverges_has_no_mean() -> None:
    data = study()
    data.rows = [
        record("parity", r["strategy"], r["n_target"], r["seed"], 0.0, 0.0, "diverged")
        if r["strategy"] == "scratch"
        else r
        for r in data.rows
    ]
    text = read(data)
    assert "100 diverged" in text
    assert "no data" in text
    assert "What pretraining brings" not in text


def test_changed_bytes_of_frozen_parameters_are_a_fault() -> None:
    data = study()
    next(r for r in data.rows if r["strategy"] == "frozen")["frozen_after"] = "cd" * 16
    text = read(data)
    assert "in 1 of 100 trials they changed. This is an error in the program" in text


# --- other grids


def test_two_problems_each_have_their_answer() -> None:
    text = read(study(problems=["parity", "halves"], strategies=LAB[:4], sizes=[20, 50], seeds=3))
    assert text.count("Problem parity") == text.count("Problem halves") > 2


def test_steps_instead_of_epochs() -> None:
    data = study(seeds=2, sizes=[20])
    data.settings["training"]["budget"] = "steps"
    assert "or rather for as many updates as the whole target pool would give" in read(data)


def test_two_hidden_layers() -> None:
    data = study(seeds=2, sizes=[20])
    data.settings["network"]["hidden"] = [64, 32]
    assert "hidden layers of 64 and 32 units" in read(data)


# --- similarity


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (1.0, "separate the classes worse than random ones"),
        (2.4, "no difference is shown between the pretrained features and random ones"),
        (3.1, "better for the target task than random ones, and worse than features learned on"),
        (4.2, "as good for the target task as features learned on it"),
        (None, "cannot be estimated"),
    ],
)
def test_similarity(score: float | None, words: str) -> None:
    data = study(seeds=20, sizes=[20])
    for row in data.rows:
        row["h_score"] = None if score is None else score + 0.1 * (row["seed"] % 3 - 1)
    assert words in read(data)

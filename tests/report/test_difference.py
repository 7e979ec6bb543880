"""Two studies side by side: what differs is listed, and equivalence is a verdict and not the lack of one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fastmlp.report.render import render_difference
from tests.report_data import MadeUp, flat, study
from tests.report_text import html_of_markdown, text_of_markdown

GRID: dict[str, Any] = {"strategies": ["scratch", "finetune"], "sizes": [20, 50], "seeds": 20}


def read(first: MadeUp, second: MadeUp) -> str:
    return text_of_markdown(render_difference(first, second))


def test_a_study_is_the_same_as_itself() -> None:
    text = read(study(**GRID), study(**GRID))
    assert "All 4 cells that both have finished on at least two seeds have identical accuracies in both." in text
    assert "Their settings are the same." in text
    assert "Table" not in text


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (0.0, "has identical accuracies in both."),
        (0.001, "is tied within 1 point."),
        (0.05, "is worse in the first study."),
        (-0.05, "is better in the first study."),
    ],
)
def test_a_single_cell_has_a_sentence_of_its_own(shift: float, words: str) -> None:
    small: dict[str, Any] = {"strategies": ["scratch"], "sizes": [20], "seeds": 20}
    other = study(**small)
    for row in other.rows:
        row["accuracy"] += shift + bool(shift) * 0.0005 * (row["seed"] % 5 - 2)
    assert f"The only cell that both have finished on at least two seeds {words}" in read(study(**small), other)


def test_cells_that_agree_and_differ_are_counted_apart() -> None:
    other = study(**GRID)
    for row in other.rows:
        row["accuracy"] += 0.05 * (row["strategy"] == "finetune")
    assert "Of 4 cells that both have finished on at least two seeds, 2 have identical accuracies, 0 are tied" in read(
        study(**GRID), other
    )


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (0.001, "4 are tied within 1 point, the first study is better in 0 and worse in 0"),
        (0.05, "0 are tied within 1 point, the first study is better in 0 and worse in 4"),
        (-0.05, "the first study is better in 4 and worse in 0"),
    ],
)
def test_verdicts_choose_the_words(shift: float, words: str) -> None:
    other = study(flat({}), **GRID)
    for row in other.rows:
        row["accuracy"] += shift + 0.0005 * (row["seed"] % 5 - 2)
    assert words in read(study(flat({}), **GRID), other)


def test_what_was_set_and_what_it_ran_on_is_listed() -> None:
    other = study(**GRID)
    other.settings["training"]["lr"] = 0.1
    other.meta["cpu"] = "<b>another</b> | one"
    text = read(study(**GRID), other)
    assert "training.lr 0.05 0.1" in text
    assert "<b>another</b> | one" in text
    assert "<b>" not in html_of_markdown(render_difference(study(**GRID), other))


def test_cells_of_one_study_alone_are_counted() -> None:
    text = read(study(**GRID), study(strategies=["scratch"], sizes=[20], seeds=1))
    assert "3 cells are only in the first study, 0 only in the second." in text
    assert "nothing can be compared" in text
    assert not re.search(r"\b(?:nan|None)\b", text)

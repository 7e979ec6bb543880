"""CS231n's advice against the winners of cells."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.errors import ShapeError
from fastmlp.stats import (
    Contest,
    advice_matrix,
    advised_choice,
    chance_of_agreement,
    cs231n_advice,
    mark_advice,
)
from fastmlp.stats.advice import Advice

NAMES = ("frozen", "probe-1", "finetune", "scratch")
ADVISED: dict[Advice, tuple[str, ...]] = {
    "linear on top": ("frozen",),
    "linear lower down": ("probe-1",),
    "fine-tune": ("finetune",),
    "fine-tune or scratch": ("finetune", "scratch"),
}


def won(*winners: str, tied: tuple[str, ...] = ()) -> Contest:
    return Contest(NAMES, winners, tied)


@pytest.mark.parametrize(
    ("similar", "little", "advice"),
    [
        (True, True, "linear on top"),
        (False, True, "linear lower down"),
        (True, False, "fine-tune"),
        (False, False, "fine-tune or scratch"),
    ],
)
def test_the_four_cases_of_the_notes(*, similar: bool, little: bool, advice: str) -> None:
    assert cs231n_advice(similar=similar, little=little) == advice


@pytest.mark.parametrize(
    ("contest", "advised", "mark"),
    [
        (won("frozen"), ["frozen"], "agrees"),
        (won("finetune", "scratch"), ["finetune", "scratch", "l2-sp"], "agrees"),
        (won("finetune"), ["frozen"], "contradicted"),
        (won("frozen", "finetune"), ["frozen"], "undecided"),
        (won("frozen", "finetune", tied=("finetune", "frozen")), ["frozen"], "agrees"),  # as good as the best
        (won("frozen", "finetune", tied=("finetune",)), ["frozen"], "undecided"),
        (won("finetune", tied=("finetune", "frozen")), ["frozen"], "contradicted"),  # by less than the margin, but sure
        (won("finetune"), ["lp-ft"], "not in the study"),
        (won("finetune"), [], "not in the study"),
        (won(), ["finetune"], "no data"),
        (Contest(["finetune"], ["finetune"]), ["finetune"], "undecided"),  # it had no rival
    ],
)
def test_mark(contest: Contest, advised: list[str], mark: str) -> None:
    assert mark_advice(contest, advised) == mark


def test_each_cell_is_held_against_its_own_advice() -> None:
    contests = [[won("frozen"), won("finetune")], [won("frozen"), won("scratch")]]
    m = advice_matrix([0.9, 0.1], [20, 500], contests, ADVISED, similar_from=0.5, little_to=100)
    assert m.advice == (("linear on top", "fine-tune"), ("linear lower down", "fine-tune or scratch"))
    assert m.marks == (("agrees", "agrees"), ("contradicted", "agrees"))
    assert m.counts == {"agrees": 3, "contradicted": 1}
    assert m.steadiness == ((1.0, 1.0), (1.0, 1.0))
    assert m.choices == 1


def test_steadiness_is_the_share_of_thresholds_with_the_same_mark() -> None:
    # frozen wins: right where data are little and similar, at three of the four places to draw the line at 100
    m = advice_matrix(
        [0.6], [100], [[won("frozen")]], ADVISED,
        similar_from=0.5, little_to=100, other_thresholds=([0.4, 0.7], [50, 200, 100]),
    )  # fmt: skip
    assert m.marks == (("agrees",),)
    assert m.choices == 9
    # similar from 0.4 or 0.5 (2 of 3) and little to 100 or 200 (2 of 3)
    assert m.steadiness[0][0] == pytest.approx(4 / 9)


def test_a_similarity_that_is_not_known_gives_no_advice() -> None:
    m = advice_matrix([None], [20], [[won("frozen")]], ADVISED, similar_from=0.5, little_to=100)
    assert (m.advice, m.marks) == (((None,),), (("no data",),))


def test_following_the_advice_takes_one_strategy_in_each_cell() -> None:
    first: dict[Advice, int] = {advice: NAMES.index(ADVISED[advice][0]) for advice in ADVISED}
    choice = advised_choice([0.9, 0.1, np.nan], [20, 500], first, similar_from=0.5, little_to=100)
    assert choice.tolist() == [0, 2, 1, 2, -1, -1]
    assert advised_choice([0.9], [20], {}, similar_from=0.5, little_to=100).tolist() == [-1]


def test_a_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match="2 x 1"):
        advice_matrix([0.9, 0.1], [20], [[won("frozen")]], ADVISED, similar_from=0.5, little_to=100)


# --- a threshold of labels for each problem

SIZES = (20, 50, 100, 200)
SIMILARITIES = st.lists(st.none() | st.floats(-1, 2), min_size=1, max_size=4)
ENDS = st.floats(0, 300) | st.sampled_from(SIZES)


def contested(similarity: list[float | None], winners: list[str]) -> list[list[Contest]]:
    return [[won(winners[(p + k) % len(winners)]) for k in range(len(SIZES))] for p in range(len(similarity))]


@given(SIMILARITIES, st.lists(st.sampled_from(NAMES), min_size=1), st.lists(ENDS, min_size=4, max_size=4))
def test_each_problem_is_held_against_its_own_threshold(
    similarity: list[float | None], winners: list[str], thresholds: list[float]
) -> None:
    ends = thresholds[: len(similarity)]
    contests = contested(similarity, winners)
    together = advice_matrix(similarity, SIZES, contests, ADVISED, similar_from=0.5, little_to=ends)
    alone = [
        advice_matrix([s], SIZES, [row], ADVISED, similar_from=0.5, little_to=end)
        for s, row, end in zip(similarity, contests, ends, strict=True)
    ]
    assert together.advice == tuple(a.advice[0] for a in alone)
    assert together.marks == tuple(a.marks[0] for a in alone)
    first: dict[Advice, int] = {advice: NAMES.index(ADVISED[advice][0]) for advice in ADVISED}
    known = [np.nan if s is None else s for s in similarity]
    choice = advised_choice(known, SIZES, first, similar_from=0.5, little_to=ends)
    assert choice.tolist() == [
        c
        for s, end in zip(known, ends, strict=True)
        for c in advised_choice([s], SIZES, first, similar_from=0.5, little_to=end)
    ]


@given(SIMILARITIES, st.lists(st.sampled_from(NAMES), min_size=1), ENDS, st.lists(ENDS, max_size=3))
def test_one_threshold_is_the_same_for_every_problem(
    similarity: list[float | None], winners: list[str], end: float, others: list[float]
) -> None:
    contests = contested(similarity, winners)
    one = advice_matrix(
        similarity, SIZES, contests, ADVISED, similar_from=0.5, little_to=end, other_thresholds=([0.2], others)
    )
    each = [[k] * len(similarity) for k in (end, *others)]
    many = advice_matrix(
        similarity, SIZES, contests, ADVISED, similar_from=0.5, little_to=each[0], other_thresholds=([0.2], each[1:])
    )
    assert (one.advice, one.marks, one.steadiness, one.counts, one.choices) == (
        *(many.advice, many.marks, many.steadiness, many.counts, many.choices),
    )


def test_few_labels_of_few_classes_are_much_data_for_one_problem_and_little_for_another() -> None:
    contests = [[won("frozen")], [won("finetune")]]
    m = advice_matrix([0.9, 0.9], [100], contests, ADVISED, similar_from=0.5, little_to=[100, 50])
    assert m.advice == (("linear on top",), ("fine-tune",))
    assert m.marks == (("agrees",), ("agrees",))
    assert m.little_to == (100, 50)


@pytest.mark.parametrize("ends", [[], [100], [100, 50, 20], [[100, 50]]])
def test_thresholds_for_other_problems_are_refused(ends: list[float]) -> None:
    contests = [[won("frozen")], [won("finetune")]]
    with pytest.raises(ShapeError, match=r"expected a number or \(2,\)"):
        advice_matrix([0.9, 0.1], [20], contests, ADVISED, similar_from=0.5, little_to=ends)
    with pytest.raises(ShapeError, match=r"expected a number or \(2,\)"):
        advice_matrix([0.9, 0.1], [20], contests, ADVISED, similar_from=0.5, little_to=9, other_thresholds=([], [ends]))
    with pytest.raises(ShapeError, match=r"expected a number or \(2,\)"):
        advised_choice([0.9, 0.1], [20], {}, similar_from=0.5, little_to=ends)


@given(st.data())
def test_agreement_by_chance_is_the_share_of_all_choices_that_agree(data: st.DataObject) -> None:
    names = "abcdef"[: data.draw(st.integers(2, 6))]
    best, winners, tied = (
        names[0],
        data.draw(st.sets(st.sampled_from(names))),
        data.draw(st.sets(st.sampled_from(names))),
    )
    contest = Contest(list(names), winners={best, *winners}, tied={best, *tied})
    drawn = data.draw(st.integers(1, len(names)))
    choices = list(combinations(names, drawn))
    agree = sum(mark_advice(contest, advised) == "agrees" for advised in choices)
    assert chance_of_agreement(contest, choices[0]) == pytest.approx(agree / len(choices))


def test_nothing_agrees_by_chance_where_nothing_can() -> None:
    assert chance_of_agreement(Contest(["a"], winners=[]), ["a"]) == 0
    assert chance_of_agreement(Contest(["a", "b"], winners=["a"]), ["c"]) == 0

"""CS231n's advice against the winners of cells."""

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.errors import ShapeError
from fastmlp.stats import Contest, advice_matrix, advised_choice, cs231n_advice, mark_advice
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

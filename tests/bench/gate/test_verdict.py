"""The gate's statistics: intervals cover, identical builds are left alone, and words follow from numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.gate.compare import Settings
from bench.gate.verdict import (
    LEVEL,
    SAME_FROM,
    SAME_TO,
    SLOWER_ABOVE,
    Check,
    Comparison,
    Estimate,
    Result,
    Verdict,
    drifted,
    estimate,
    judge,
)

# Of a restart and of a round. A restart's median strays by 0.0085 then; those of gate.json stray by about 0.01.
LUCK, NOISE = 0.005, 0.01


def draw(
    rng: np.random.Generator, effect: float, k: int, luck: float = LUCK, noise: float = NOISE
) -> list[list[float]]:
    """Rounds of k restarts: rounds of one restart share its luck, and some are far out."""
    return (effect + luck * rng.normal(size=(k, 1)) + noise * rng.standard_t(3, size=(k, Settings.rounds))).tolist()


def share_that_covers(found: list[Estimate], effect: float) -> float:
    return float(np.mean([one.low <= math.exp(effect) <= one.high for one in found]))


@pytest.mark.parametrize(("k", "luck"), [(3, LUCK), (5, 0.0), (8, LUCK), (10, 0.0)])
def test_intervals_cover(k: int, luck: float) -> None:
    """With 20,000 draws, with luck or without: 95.3 % of three restarts, 94.3 to 94.8 % of five, eight and ten."""
    rng, effect = np.random.default_rng(k), 0.03
    covered = share_that_covers([estimate(draw(rng, effect, k, luck)) for _ in range(1500)], effect)
    assert covered == pytest.approx(LEVEL, abs=0.02)  # two standard errors of 1500 draws, and what is really missing


def test_intervals_cover_though_a_run_stops_when_one_decides() -> None:
    """To stop at the first interval that is narrow enough favours those that are too narrow."""

    def last(logs: list[list[float]]) -> Estimate:
        for k in range(Settings.least, Settings.most):
            one = estimate(logs[:k])
            if judge({"x": one})["x"] is not Verdict.NONE:
                return one
        return estimate(logs)

    rng = np.random.default_rng(0)
    found = [last(draw(rng, 0.0, Settings.most)) for _ in range(1500)]
    assert {one.restarts for one in found} > {Settings.least, Settings.least + 1}
    assert share_that_covers(found, 0.0) == pytest.approx(LEVEL, abs=0.02)


def test_rounds_do_not_pass_for_restarts() -> None:
    """More rounds of the same restarts leave their luck as it is: the interval must stay as wide."""
    rng = np.random.default_rng(2)
    luck = LUCK * rng.normal(size=(100, 3, 1))
    few, many = ([estimate((one + 1e-4 * rng.normal(size=(3, n))).tolist()) for one in luck] for n in (5, 100))
    few_width, many_width = (np.mean([one.high - one.low for one in group]) for group in (few, many))
    assert many_width > 0.9 * few_width
    assert np.mean([one.low <= 1 <= one.high for one in many]) > 0.9


@pytest.mark.parametrize(("effect", "least", "most"), [(0.0, 0.0, 0.0), (math.log(1.1), 0.95, 1.0)])
def test_alarms_are_twice_confirmed(effect: float, least: float, most: float) -> None:
    rng = np.random.default_rng(1)
    alarms = [
        all(judge({"x": estimate(draw(rng, effect, 4))})["x"] is Verdict.SLOWER for _ in range(2)) for _ in range(300)
    ]
    assert least <= np.mean(alarms) <= most


ratios = st.floats(-0.2, 0.2)
measured = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(ratios, min_size=n, max_size=n), min_size=2, max_size=6)
)


@given(measured)
def test_words_say_where_the_interval_is(logs: list[list[float]]) -> None:
    one = estimate(logs)
    word = judge({"x": one})["x"]
    assert one.low <= one.ratio <= one.high
    slack = 1e-9
    if one.low > SLOWER_ABOVE + slack:
        assert word is Verdict.SLOWER
    elif one.high < 1 / SLOWER_ABOVE - slack:
        assert word is Verdict.FASTER
    elif one.low < SLOWER_ABOVE - slack and one.high > 1 / SLOWER_ABOVE + slack:
        inside = one.low >= SAME_FROM and one.high <= SAME_TO
        assert word is (Verdict.SAME if inside else Verdict.NONE)


@given(measured)
def test_base_and_head_may_change_places(logs: list[list[float]]) -> None:
    one, other = estimate(logs), estimate([[-x for x in rounds] for rounds in logs])
    assert (other.ratio, other.low, other.high) == pytest.approx((1 / one.ratio, 1 / one.high, 1 / one.low))
    assert (other.p_slower, other.p_faster) == pytest.approx((one.p_faster, one.p_slower), abs=1e-9)


def test_alarms_among_many_benchmarks_need_more() -> None:
    """A p-value that is enough alone is not enough among eight."""
    alarming, calm = Estimate(1.03, 1.0201, 1.04, 0.04, 1.0, 5, 25), Estimate(1.0, 0.99, 1.01, 1.0, 1.0, 5, 25)
    assert judge({"x": alarming})["x"] is Verdict.SLOWER
    among = {"x": alarming, **{str(number): calm for number in range(7)}}
    assert judge(among) == {"x": Verdict.NONE, **{str(number): Verdict.SAME for number in range(7)}}


@pytest.mark.parametrize("logs", [[], [[0.0, math.nan]], [[math.inf], [0.0]]])
def test_what_is_no_number_is_refused(logs: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="ratio"):
        estimate(logs)


def test_one_restart_says_nothing() -> None:
    one = estimate([[0.5, 0.5, 0.5]])
    assert (one.low, one.high) == (0.0, math.inf)
    assert judge({"x": one})["x"] is Verdict.NONE


@pytest.mark.parametrize(
    ("ratio", "half", "expected"),
    [(1.0, 0.01, False), (1.019, 0.001, False), (1.03, 0.02, True), (0.97, 0.02, True), (1.03, 0.04, False)],
)
def test_a_control_that_drifts(ratio: float, half: float, expected: bool) -> None:  # noqa: FBT001  a table of cases
    assert drifted(Estimate(ratio, ratio - half, ratio + half, 1.0, 1.0, 3, 15)) is expected


def comparison(*words: Verdict, **rest: Any) -> Comparison:
    return Comparison("a", "b", tuple(Result(str(k), word) for k, word in enumerate(words)), None, 1.0, **rest)


@pytest.mark.parametrize(
    ("words", "passed", "code"),
    [
        ([Verdict.SAME, Verdict.FASTER], True, 0),
        ([Verdict.SAME, Verdict.NONE], True, 5),
        ([Verdict.SLOWER, Verdict.NONE], True, 4),
        ([Verdict.SLOWER, Verdict.SAME], False, 4),
        ([Verdict.SAME, Verdict.NONE], False, 1),
        ([Verdict.SAME], None, 5),
        ([], True, 5),
    ],
)
def test_exit_codes(words: list[Verdict], passed: bool | None, code: int) -> None:  # noqa: FBT001  a table of cases
    assert comparison(*words, checks=(Check("x", "", "", passed),)).exit_code == code

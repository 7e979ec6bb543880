"""Intervals and verdicts, against SciPy and against their own meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats as oracle

from fastmlp.errors import InvalidInput, NotFiniteError, ShapeError
from fastmlp.stats import Difference, holm, mean_interval, paired_difference, paired_family

Column = NDArray[np.float64]

# Accuracies on a held-out set of 500: what the report is made of, ties and constant columns included.
accuracies = st.integers(0, 500).map(lambda k: k / 500)
seeds = st.integers(0, 25)
columns = seeds.flatmap(lambda n: arrays(np.float64, n, elements=accuracies))
pairs = seeds.flatmap(
    lambda n: st.tuples(arrays(np.float64, n, elements=accuracies), arrays(np.float64, n, elements=accuracies))
)
families = st.lists(pairs, max_size=8)
margins = st.sampled_from([0.0, 0.01, 0.1])


def real(value: float | None) -> float:
    assert value is not None
    return value


def draws(mean: float, sd: float, n: int, seed: int = 0) -> Column:
    return mean + sd * np.random.default_rng(seed).standard_normal(n)


# --- against SciPy


@given(columns)
def test_interval_is_scipys(x: Column) -> None:
    m = mean_interval(x)
    if m.reason is None:
        low, high = oracle.t.interval(0.95, x.size - 1, loc=x.mean(), scale=oracle.sem(x))
        np.testing.assert_allclose([real(m.low), real(m.high)], [low, high], rtol=1e-12, atol=1e-12)


@given(pairs)
def test_p_value_is_scipys(pair: tuple[Column, Column]) -> None:
    d = paired_difference(*pair, margin=0.01)
    if d.reason is None:
        expected = oracle.ttest_rel(*pair)
        interval = expected.confidence_interval(0.95)
        np.testing.assert_allclose(real(d.p_different), expected.pvalue, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose([real(d.low), real(d.high)], [interval.low, interval.high], rtol=1e-9, atol=1e-12)


@given(pairs, st.sampled_from([0.01, 0.1]))
def test_equivalence_is_the_larger_of_scipys_two_one_sided_tests(pair: tuple[Column, Column], margin: float) -> None:
    d = paired_difference(*pair, margin=margin)
    if d.reason is None:
        difference = pair[0] - pair[1]
        above = oracle.ttest_1samp(difference, -margin, alternative="greater").pvalue
        below = oracle.ttest_1samp(difference, margin, alternative="less").pvalue
        np.testing.assert_allclose(real(d.p_equivalent), max(above, below), rtol=1e-9, atol=1e-15)


def test_holm_by_hand() -> None:
    # 0.005 * 4 = 0.02; 0.01 * 3 = 0.03; 0.03 * 2 = 0.06; 0.04 * 1 = 0.04, raised to its predecessor's 0.06
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


# --- what holds whatever the numbers


@given(families, margins)
def test_nothing_is_ever_nan(family: list[tuple[Column, Column]], margin: float) -> None:
    for d in paired_family(family, margin=margin):
        numbers = [v for v in astuple(d) if isinstance(v, float)]
        assert np.isfinite(numbers).all()
        assert (d.low is None) == (d.reason is not None)
        assert d.reason is None or d.verdict == "undecided"


@given(columns)
def test_interval_surrounds_the_mean(x: Column) -> None:
    m = mean_interval(x)
    assert m.n == x.size
    assert m.low is None or m.low < real(m.mean) < real(m.high)


@given(pairs, margins)
def test_swapping_the_two_swaps_the_verdict(pair: tuple[Column, Column], margin: float) -> None:
    opposite = {"better": "worse", "worse": "better", "tied": "tied", "undecided": "undecided"}
    there = paired_difference(*pair, margin=margin)
    back = paired_difference(*pair[::-1], margin=margin)
    assert back.verdict == opposite[there.verdict]


@given(families, margins)
def test_company_never_makes_a_comparison_surer(family: list[tuple[Column, Column]], margin: float) -> None:
    together = paired_family(family, margin=margin)
    for pair, d in zip(family, together, strict=True):
        alone = paired_difference(*pair, margin=margin)
        assert d.p_different is None or d.p_different >= real(alone.p_different)
        assert d.verdict in {alone.verdict, "undecided", "better", "worse"}
        assert (d.mean, d.low, d.high) == (alone.mean, alone.low, alone.high)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_stays_a_probability(p: list[float]) -> None:
    corrected = holm(p)
    assert ((corrected >= p) & (corrected <= 1)).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
    assert not p or corrected.min() == min(1.0, len(p) * min(p))


@given(pairs)
def test_without_a_margin_nothing_is_tied(pair: tuple[Column, Column]) -> None:
    assert paired_difference(*pair, margin=0.0).verdict != "tied"


# --- verdicts


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [(0.05, 0.01, "better"), (-0.05, 0.01, "worse"), (0.0, 0.004, "tied"), (0.0, 0.03, "undecided")],
)
def test_verdict(shift: float, spread: float, verdict: str) -> None:
    base = draws(0.8, 0.03, 20)
    noise = spread * np.tile([1.0, -1.0], 10)
    assert paired_difference(base + shift + noise, base, margin=0.01).verdict == verdict


def test_a_difference_below_the_margin_is_tied_even_when_it_is_sure() -> None:
    base = draws(0.8, 0.03, 20)
    d = paired_difference(base + draws(0.004, 0.001, 20, seed=1), base, margin=0.01)
    assert (d.verdict, d.trivial) == ("tied", True)
    assert real(d.p_different) < 0.001


def test_pairing_sees_what_the_spread_over_seeds_hides() -> None:
    base = draws(0.8, 0.05, 10)
    other = base + draws(0.02, 0.005, 10, seed=1)
    assert real(mean_interval(base).high) > real(mean_interval(other).low)  # the two intervals overlap
    assert paired_difference(other, base, margin=0.001).verdict == "better"


def test_verdicts_of_a_family_are_rarer_than_alone() -> None:
    # p = 0.02 alone, but twenty such comparisons are expected to show a few of them by chance
    pair = (np.array([0.3, 0.1, 0.25, 0.05, 0.2, -0.02]), np.zeros(6))
    assert paired_difference(*pair, margin=0.01).verdict == "better"
    assert {d.verdict for d in paired_family([pair] * 20, margin=0.01)} == {"undecided"}


def test_false_verdicts_stay_within_five_percent_of_families() -> None:
    # 400 families of 15 comparisons without any difference: five percent is 20, two standard errors more is 29
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(400):
        values = rng.standard_normal((15, 20))
        family = paired_family([(v, np.zeros(20)) for v in values], margin=0.0)
        wrong += any(d.verdict != "undecided" for d in family)
    assert wrong <= 29


def test_false_ties_stay_within_five_percent() -> None:
    # the difference is the margin itself, the hardest case; 1000 studies: 50, three standard errors more is 71
    rng = np.random.default_rng(6)
    values = 0.01 + 0.005 * rng.standard_normal((1000, 20))
    tied = sum(paired_difference(v, np.zeros(20), margin=0.01).verdict == "tied" for v in values)
    assert tied <= 71


# --- what cannot be estimated


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([], [], "no data"),
        ([0.9], [0.8], "one seed"),
        ([0.9, 0.9], [0.8, 0.8], "no spread"),
        ([0.3, 0.4, 0.7], [0.2, 0.3, 0.6], "no spread"),  # equal differences but for rounding
    ],
)
def test_what_cannot_be_estimated_says_why(first: list[float], second: list[float], reason: str) -> None:
    d = paired_difference(first, second, margin=0.01)
    assert (d.reason, d.verdict, d.low, d.p_different) == (reason, "undecided", None, None)


def test_what_cannot_be_estimated_burdens_no_other() -> None:
    pair = (draws(0.05, 0.02, 10), np.zeros(10))
    alone = paired_difference(*pair, margin=0.01)
    assert paired_family([([0.9], [0.8]), pair, ([], [])], margin=0.01)[1] == alone


def test_no_comparison_is_no_result() -> None:
    assert paired_family([], margin=0.01) == []


def test_missing_trials_are_dropped_with_their_pair_and_counted() -> None:
    d = paired_difference([0.9, np.nan, 0.92, 0.93], [0.8, 0.8, np.nan, 0.81], margin=0.01)
    assert (d.n, d.dropped) == (2, 2)
    assert real(d.mean) == pytest.approx(0.11)
    m = mean_interval([0.9, np.nan, 0.8])
    assert (m.n, m.dropped) == (2, 1)
    assert real(m.mean) == pytest.approx(0.85)


def test_results_are_frozen() -> None:
    d = paired_difference([0.9], [0.8], margin=0.01)
    assert isinstance(d, Difference)
    with pytest.raises(AttributeError):
        d.mean = 1.0  # type: ignore[misc]


# --- refusals


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: paired_difference([0.1, 0.2], [0.1], margin=0.01), ShapeError, "2 values cannot be paired with 1"),
        (lambda: mean_interval([[0.1]]), ShapeError, r"\(1, 1\)"),
        (lambda: mean_interval([0.1, float("inf")]), NotFiniteError, "1 of 2 values"),
        (lambda: paired_difference([], [], margin=-0.1), InvalidInput, "-0.1"),
        (lambda: mean_interval([0.1], level=1.0), InvalidInput, r"1\.0"),
        (lambda: holm([0.1, 0.2, float("nan")]), NotFiniteError, "1 of 3 values"),
    ],
)
def test_refusals_hold_the_value(call: Callable[[], object], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()

"""Intervals over seeds: the interquartile mean, and what is missing."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from fastmlp.stats import Interquartile, interquartile_mean, mean_interval
from fastmlp.stats.intervals import _middle

from .data import Array, accuracies, accuracy_like, numbers, real, tables

COLUMN = accuracy_like(np.random.default_rng(3), (20,))


@given(tables(30, elements=accuracies))
def test_the_mean_of_the_middle_half_is_scipys_trimmed_mean(x: Array) -> None:
    i = interquartile_mean(x, draws=99)
    if x.size:
        np.testing.assert_allclose(real(i.mean), oracle.trim_mean(x, 0.25), rtol=1e-12)


@pytest.mark.parametrize("n", [12, 20, 40])
def test_its_error_is_scipys_for_a_trimmed_mean(n: int) -> None:
    x = np.sort(accuracy_like(np.random.default_rng(n), (n,)))
    (_, (error,)) = _middle(x[None])
    np.testing.assert_allclose(error, oracle.mstats.trimmed_stde(x, limits=(0.25, 0.25)), rtol=1e-12)


def test_a_few_ruined_seeds_move_the_mean_and_not_the_middle() -> None:
    ruined = COLUMN.copy()
    ruined[:3] = 0.1
    assert real(mean_interval(ruined).mean) < real(mean_interval(COLUMN).mean) - 0.1
    assert abs(real(interquartile_mean(ruined).mean) - real(interquartile_mean(COLUMN).mean)) < 0.015


def test_the_same_data_give_the_same_interval_and_another_seed_a_slightly_different_one() -> None:
    first, again, other = (interquartile_mean(COLUMN, seed=s) for s in (0, 0, 1))
    assert first == again
    assert first.low != other.low
    assert abs(real(first.low) - real(other.low)) < 0.1 * (real(first.high) - real(first.low))


@given(tables(24, elements=accuracies), st.randoms(use_true_random=False))
def test_the_order_of_the_seeds_does_not_matter(x: Array, random: Random) -> None:
    shuffled = x.tolist()
    random.shuffle(shuffled)
    assert interquartile_mean(shuffled, draws=99) == interquartile_mean(x, draws=99)


@given(tables(24, elements=accuracies), st.floats(-1, 1), st.floats(0.1, 10))
def test_shift_and_scale_carry_over(x: Array, shift: float, scale: float) -> None:
    before, after = interquartile_mean(x, draws=99), interquartile_mean(shift + scale * x, draws=99)
    assert before.reason == after.reason
    if before.low is not None:
        expected = [shift + scale * real(v) for v in (before.mean, before.low, before.high)]
        np.testing.assert_allclose([real(v) for v in (after.mean, after.low, after.high)], expected, atol=1e-8)


@given(tables(24))
def test_what_is_missing_is_counted_and_changes_nothing_else(x: Array) -> None:
    kept = x[~np.isnan(x)]
    there, without = interquartile_mean(x, draws=99), interquartile_mean(kept, draws=99)
    assert (there.dropped, there.n) == (x.size - kept.size, kept.size)
    assert (there.mean, there.low, there.high, there.reason) == (
        without.mean,
        without.low,
        without.high,
        without.reason,
    )
    assert mean_interval(x).dropped == x.size - kept.size
    assert mean_interval(x).mean == mean_interval(kept).mean


@given(tables(24))
def test_an_interval_surrounds_its_mean_or_says_why_there_is_none(x: Array) -> None:
    i = interquartile_mean(x, draws=99)
    assert np.isfinite(numbers(i)).all()
    assert (i.low is None) == (i.high is None) == (i.reason is not None)
    assert i.low is None or i.low <= real(i.mean) <= real(i.high)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "no data"),
        ([np.nan, np.nan], "no data"),
        ([0.9], "too few seeds"),
        (COLUMN[:9], "too few seeds"),
        ([0.9] * 20, "no spread"),
        ([0.1, 0.2, *[0.9] * 18], "no spread"),  # the middle has none
    ],
)
def test_what_has_no_interval_says_why(values: Array, reason: str) -> None:
    i = interquartile_mean(values)
    assert isinstance(i, Interquartile)
    assert (i.reason, i.low, i.high) == (reason, None, None)

"""Strategies over all cells together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as oracle

from fastmlp.errors import ShapeError
from fastmlp.stats import average_ranks, performance_profile, probability_of_improvement

from .data import Array, accuracies, accuracy_like, numbers, real, tables, trials

two = st.tuples(st.integers(0, 9), st.integers(1, 3)).flatmap(lambda s: arrays(np.float64, (2, *s), elements=trials))


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's interval by its definition: the shares at which what was seen is 1.96 standard errors away."""
    z2 = oracle.norm.ppf(0.975) ** 2
    low, high = sorted(np.roots([1 + z2 / n, -2 * share - z2 / n, share**2]).real)
    return low, high


def test_the_interval_of_a_share_is_scipys_wilson() -> None:
    a = np.array([0.9] * 7 + [0.7] * 3)
    p = probability_of_improvement(a, np.full(10, 0.8))
    low, high = oracle.binomtest(7, 10).proportion_ci(method="wilson")
    np.testing.assert_allclose([real(p.share), real(p.low), real(p.high)], [0.7, low, high])
    twice = probability_of_improvement(np.repeat(a[:, None], 6, axis=1), np.full((10, 6), 0.8))
    assert (twice.low, twice.high) == (p.low, p.high)  # cells that are won and lost together are one trial a seed


@given(two)
@settings(max_examples=50)
def test_an_interval_is_between_those_of_seeds_and_of_all_values_as_trials(pair: Array) -> None:
    p = probability_of_improvement(*pair)
    if p.share is not None:
        outer, inner = (wilson(p.share, n) for n in (p.n, int((~np.isnan(pair).any(axis=0)).sum())))
        edges = [outer[0], real(p.low), inner[0], p.share, inner[1], real(p.high), outer[1]]
        assert (np.diff(edges) >= -1e-12).all()


def test_cells_of_their_own_are_worth_more_than_seeds() -> None:
    # 20 seeds in 48 cells, every second of them won: seeds alone would say 30 to 70 percent
    won = np.random.default_rng(3).random((20, 48)) < 0.5
    p = probability_of_improvement(won, np.full((20, 48), 0.5))
    assert 0.05 < real(p.high) - real(p.low) < 0.1


def test_who_always_wins_is_sure_only_so_far() -> None:
    p = probability_of_improvement([0.9] * 10, [0.8] * 10)
    assert (p.share, p.high) == (1.0, 1.0)
    assert real(p.low) < 0.75


@given(two)
@settings(max_examples=50)
def test_probabilities_of_improvement_add_up_to_one(pair: Array) -> None:
    there, back = probability_of_improvement(*pair), probability_of_improvement(*pair[::-1])
    assert there.n == back.n
    if there.share is not None:
        assert there.share + real(back.share) == pytest.approx(1)
        assert 0 <= real(there.low) <= there.share <= real(there.high) <= 1
    assert np.isfinite(numbers(there)).all()


def test_a_profile_is_the_share_above_each_threshold() -> None:
    x = accuracy_like(np.random.default_rng(12), (20, 6))
    taus = np.linspace(0.8, 1.0, 11)
    profile = performance_profile(x, taus)
    np.testing.assert_allclose([real(p.share) for p in profile], [(x > tau).mean() for tau in taus])
    assert [p.n for p in profile] == [20] * 11


@given(tables(9, 3), st.permutations([k / 10 for k in range(11)]))
@settings(max_examples=50)
def test_a_profile_falls_and_so_do_the_ends_of_its_intervals(x: Array, taus: list[float]) -> None:
    profile = sorted(zip(taus, performance_profile(x, taus), strict=True), key=lambda pair: pair[0])
    shares = [p for _, p in profile if p.share is not None]
    for one, next_one in pairwise(shares):
        assert real(one.low) >= real(next_one.low)
        assert real(one.high) >= real(next_one.high)
    assert all(real(p.low) <= real(p.share) <= real(p.high) for p in shares)


def test_a_profile_counts_what_is_missing() -> None:
    x = np.array([[0.9, np.nan], [np.nan, np.nan], [0.7, 0.9]])
    (p,) = performance_profile(x, [0.8])
    assert (p.n, p.dropped, p.share) == (2, 3, 0.75)
    (empty,) = performance_profile(np.full((2, 2), np.nan), [0.8])
    assert (empty.share, empty.reason) == (None, "no data")


@given(tables(12, 5, elements=accuracies).filter(lambda x: x.shape[0] >= 3 and x.shape[1] >= 3))
@settings(max_examples=50)
def test_ranks_are_tested_as_scipy_does(x: Array) -> None:
    ranks = average_ranks(x)
    if ranks.reason is None:
        expected = oracle.friedmanchisquare(*x.T)
        np.testing.assert_allclose([real(ranks.statistic), real(ranks.p)], expected, rtol=1e-9)
        assert 0 <= real(ranks.agreement) <= 1 + 1e-12


@given(tables(8, 4), st.permutations(range(4)), st.integers(0, 3))
@settings(max_examples=60)
def test_ranks_follow_the_strategies_and_forget_the_blocks(x: Array, names: list[int], seed: int) -> None:
    order = [k for k in names if k < x.shape[1]]
    there, back = average_ranks(x), average_ranks(np.random.default_rng(seed).permutation(x)[:, order])
    assert (there.blocks, there.dropped, there.reason) == (back.blocks, back.dropped, back.reason)
    if there.ranks is not None:
        np.testing.assert_allclose(numbers(back.ranks), [there.ranks[k] for k in order])
        assert sum(there.ranks) == pytest.approx(sum(range(1, x.shape[1] + 1)))


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.empty((0, 3)), "no data"),
        ([[0.9, np.nan]], "no data"),
        ([[0.9], [0.8]], "single strategy"),
        ([[0.9, 0.8]], "one block"),
        ([[0.9, 0.9], [0.8, 0.8]], "all tied"),
    ],
)
def test_what_cannot_be_ranked_says_why(x: Array, reason: str) -> None:
    ranks = average_ranks(x)
    assert (ranks.reason, ranks.p) == (reason, None)


def test_pairs_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(2, 1\) cannot be paired with \(3, 1\)"):
        probability_of_improvement([0.9, 0.8], [0.9, 0.8, 0.7])

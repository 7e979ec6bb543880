"""The strategies that cannot be told apart from the best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle

from fastmlp.errors import NotFiniteError, ShapeError
from fastmlp.stats import winner_sets, winners

from .data import Array, accuracies, accuracy_like, numbers, tables

RNG = np.random.default_rng(7)
STRENGTHS = np.array([0.95, 0.9, 0.945, 0.7])


def cell(n: int, *, noise: float = 0.01) -> Array:
    """Four strategies: one leads, another is close behind, two are not."""
    return STRENGTHS + 0.03 * RNG.standard_normal((n, 1)) + noise * RNG.standard_normal((n, 4))


def test_those_far_behind_leave_and_those_near_stay() -> None:
    (won,) = winner_sets([cell(10)])
    assert won.best in won.winners
    assert set(won.winners) == {0, 2}
    assert won.reason is None


def test_two_strategies_are_the_exact_test_of_one_pair() -> None:
    # Both may be the better one, so the larger of the two deficits under flipped signs is its absolute value
    a, b = accuracy_like(np.random.default_rng(8), (2, 10))
    (won,) = winner_sets([np.stack([a + 0.005, b], axis=1)])
    expected = oracle.permutation_test(
        (a + 0.005, b),
        lambda a, b, axis: np.round((a - b).sum(axis=axis), 9),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert min(p for p in won.p if p is not None) == pytest.approx(expected.pvalue, rel=1e-12)


def test_the_fewest_seeds_of_winners_are_six() -> None:
    sure = np.tile([0.1, 0.9], (6, 1))
    assert [winner_sets([sure[:n]])[0].winners for n in (5, 6)] == [(0, 1), (1,)]


def test_differences_that_are_too_many_to_hold_at_once_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array([cell(9), cell(9)])
    x[0, 3, 1] = x[1, :, 2] = np.nan
    found = winner_sets(x)
    monkeypatch.setattr(winners, "PART", 100)  # those of two strategies, or of one
    assert winner_sets(x) == found


def test_p_values_by_hand() -> None:
    # Six seeds on which the second wins by as much each time: 2 of 64 choices of signs are as extreme
    (won,) = winner_sets([np.tile([0.8, 0.9], (6, 1))])
    assert (won.p, won.winners) == ((2 / 64, 1.0), (1,))


def test_equal_strategies_all_win() -> None:
    (won,) = winner_sets([np.tile([0.9, 0.9, 0.9], (20, 1))])
    assert won.winners == (0, 1, 2)


def test_company_makes_no_cell_surer() -> None:
    cells = np.stack([cell(20, noise=0.05) for _ in range(5)])
    (alone,), together = winner_sets(cells[:1]), winner_sets(cells)
    assert set(alone.winners) < {0, 1, 2, 3}
    assert set(alone.winners) <= set(together[0].winners)


@given(tables(3, 9, 4), st.permutations(range(4)), st.integers(0, 5))
@settings(max_examples=60)
def test_order_of_seeds_and_strategies_does_not_matter(x: Array, names: list[int], seed: int) -> None:
    order = [k for k in names if k < x.shape[2]]
    shuffled = np.random.default_rng(seed).permutation(x, axis=1)[:, :, order]
    for there, back in zip(winner_sets(x, draws=199), winner_sets(shuffled, draws=199), strict=True):
        assert back.p == tuple(there.p[k] for k in order)
        assert np.isfinite(numbers(there)).all()
        assert (there.best is None) == (there.winners == ())
        assert there.best is None or there.best in there.winners
        assert there.dropped + sum(there.counts) == x[0].size


def test_order_does_not_matter_where_signs_are_drawn_either() -> None:
    x = np.random.default_rng(1).beta(20, 3, size=(2, 16, 4))
    x[1, 3:5, 0] = np.nan
    shuffled = np.random.default_rng(2).permutation(x, axis=1)[:, :, [2, 0, 3, 1]]
    for there, back in zip(winner_sets(x), winner_sets(shuffled), strict=True):
        assert back.p == tuple(there.p[k] for k in [2, 0, 3, 1])


@given(tables(2, 12, 3, elements=accuracies), st.sampled_from([-0.5, 0.25, 1.0]), st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=40)
def test_shift_and_scale_change_no_winner(x: Array, shift: float, scale: float) -> None:
    for there, moved in zip(winner_sets(x), winner_sets(shift + scale * x), strict=True):
        np.testing.assert_allclose(numbers(moved.p), numbers(there.p))


def exact_p(difference: Array) -> float:
    """Return the two-sided p-value of flipping signs, by going through all of them."""
    signs = 1 - 2 * ((np.arange(2**difference.size)[:, None] >> np.arange(difference.size)) & 1)
    return float((np.abs(signs @ difference) >= abs(difference.sum()) - 1e-12).mean())


@pytest.mark.parametrize("seed", range(6))
def test_no_exclusion_hangs_on_one_draw_of_signs(seed: int) -> None:
    # With 14 seeds signs are drawn; this is so near 5 % that about one draw of three lies below
    difference = 0.007 - 0.02 * np.random.default_rng(0).standard_normal(14)
    assert exact_p(difference) == pytest.approx(0.0516, abs=1e-4)
    (won,) = winner_sets([np.stack([0.9 + difference, np.full(14, 0.9)], axis=1)], seed=seed)
    assert (won.winners, won.borderline) == ((0, 1), (1,))


def test_what_is_clearly_behind_is_not_borderline() -> None:
    (won,) = winner_sets([np.random.default_rng(3).normal([0.9, 0.95], 0.01, (20, 2))])
    assert (won.winners, won.borderline) == ((1,), ())


@pytest.mark.parametrize(
    ("scores", "winners", "reason"),
    [
        (np.full((8, 2), np.nan), (), "no data"),
        (np.stack([np.full(8, np.nan), np.full(8, 0.9)], axis=1), (1,), "single strategy"),
        (np.tile([0.1, 0.9], (5, 1)), (0, 1), "too few seeds"),
        (np.tile([0.1, 0.9], (1, 1)), (0, 1), "too few seeds"),
    ],
)
def test_where_nothing_can_be_excluded_it_says_why(scores: Array, winners: tuple[int, ...], reason: str) -> None:
    (won,) = winner_sets([scores])
    assert (won.winners, won.reason) == (winners, reason)


def test_missing_trials_are_counted_and_the_others_used() -> None:
    scores = cell(20)
    scores[3:6, 0] = np.nan
    (won,) = winner_sets([scores])
    assert (won.dropped, won.counts) == (3, (17, 20, 20, 20))
    assert 3 not in won.winners


def test_refusals_hold_the_value() -> None:
    with pytest.raises(ShapeError, match=r"\(2, 2\)"):
        winner_sets([[0.1, 0.2], [0.1, 0.2]])
    with pytest.raises(NotFiniteError, match="1 of 2"):
        winner_sets([[[0.1, np.inf]]])

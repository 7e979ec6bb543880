"""What it costs to follow an advice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.stats import always, highest_score, learned_choice, regret, regrets

from .data import Array, numbers, real, tables

RNG = np.random.default_rng(11)


def study(gaps: Array, n: int = 20, noise: float = 0.01) -> Array:
    """(cells, strategies, seeds) around given means, with what a seed has in common."""
    return gaps[:, :, None] + 0.03 * RNG.standard_normal(n) + noise * RNG.standard_normal((*gaps.shape, n))


def test_always_taking_the_best_has_no_regret_and_the_others_have_their_gap() -> None:
    x = study(np.array([[0.9, 0.85], [0.8, 0.7]]))
    assert abs(real(regret(x, always(0, 2)).mean)) < 1e-12
    second = regret(x, always(1, 2))
    assert real(second.low) < 0.075 < real(second.high)
    np.testing.assert_allclose(numbers(second.by_cell), [0.05, 0.1], atol=0.01)


def test_by_hand() -> None:
    # Seed 1 puts strategy 0 first (0.8 > 0.7), and so the best of seeds 0 and 2 is that one; they put strategy 1 first
    # (0.7 < 0.8), so that is the best of seed 1.
    x = [[[0.8, 0.8, 0.6], [0.8, 0.7, 0.8]]]
    r = regret(x, [0])  # 0.8 - 0.8, 0.7 - 0.8, 0.6 - 0.6
    assert real(r.mean) == pytest.approx(-0.1 / 3)
    assert (r.n, r.cells, r.dropped) == (3, 1, 0)


@pytest.mark.parametrize("by", ["place", "place of each seed", "share", "chance"])
def test_cells_looked_at_one_by_one_give_the_same_regret(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = study(np.array([[0.9, 0.85], [0.8, 0.7], [0.7, 0.7]]))
    choices: dict[str, ArrayLike | None] = {
        "place": [0, 1, -1],
        "place of each seed": np.tile([[0], [1], [0]], 20),
        "share": x > 0.8,
        "chance": None,
    }
    together = regret(x, choices[by])
    monkeypatch.setattr(regrets, "PART", 1)
    assert regret(x, choices[by]) == together


def test_equal_strategies_make_no_regret_out_of_luck() -> None:
    # Twenty equals: the highest of their means lies 0.004 above a typical one, and that is luck
    x = study(np.full((50, 20), 0.9))
    assert real((x.mean(axis=2).max(axis=1) - x.mean(axis=2)[:, 0]).mean()) > 0.003
    assert abs(real(regret(x, always(0, 50)).mean)) < 0.001


def test_chance_lies_between_the_best_and_the_worst_choice() -> None:
    x = study(np.array([[0.9, 0.85, 0.8]]))
    best, chance, worst = (real(regret(x, c).mean) for c in ([0], None, [2]))
    assert best < chance < worst
    assert chance == pytest.approx((best + real(regret(x, [1]).mean) + worst) / 3)


def test_a_rule_learned_elsewhere_takes_what_won_on_the_nearest_problem() -> None:
    # Problems near 1 favour strategy 0, those near 0 strategy 1; the last one has no similarity
    gaps = np.array([[[0.9, 0.8]], [[0.9, 0.8]], [[0.8, 0.9]], [[0.8, 0.9]], [[0.9, 0.8]]])
    x = study(gaps.reshape(5, 2)).reshape(5, 1, 2, 20)
    choice = learned_choice(x, [1.0, 0.8, 0.2, 0.0, np.nan])
    assert choice.shape == (5, 2, 20)
    assert places(choice) == [{0}, {0}, {1}, {1}, {-1}]
    assert places(learned_choice(x, [1.0, 0.4, 0.5, 0.0, np.nan]))[1] == {1}  # misled by its neighbour
    r = regret(x.reshape(5, 2, 20), choice)
    assert (r.cells, r.by_cell[4]) == (4, None)


def places(shares: Array) -> list[set[int]]:
    """The strategies that are chosen alone in a cell, whatever the seed; -1 where none is."""
    assert set(shares.ravel()) <= {0.0, 1.0}
    return [set(np.where(cell.any(axis=0), cell.argmax(axis=0), -1).tolist()) for cell in shares]


def test_a_rule_learns_nothing_from_problems_with_its_own_target() -> None:
    # The nearest problem has the same target and favours strategy 1; the nearest of another target favours strategy 0
    gaps = np.array([[0.8, 0.9], [0.8, 0.9], [0.9, 0.8]])
    x, near = study(gaps).reshape(3, 1, 2, 20), [1.0, 0.9, 0.2]
    assert places(learned_choice(x, near))[0] == {1}
    assert places(learned_choice(x, near, ["digits", "digits", "fashion"])) == [{0}, {0}, {1}]
    assert places(learned_choice(x, near, ["digits"] * 3)) == [{-1}] * 3


def test_ties_are_shared_and_the_order_of_problems_and_sources_does_not_matter() -> None:
    # As three sources of which two have the same inputs, so that a distance of inputs cannot tell them apart
    x = study(np.array([[0.9, 0.6, 0.8]]))
    scores = np.array([1.0, 1.0, 0.5])
    shares = highest_score(scores, 1)
    assert shares[0, :, 0].tolist() == [0.5, 0.5, 0.0]
    costs = [real(regret(x[:, order], highest_score(scores[order], 1)).mean) for order in ([0, 1, 2], [1, 0, 2])]
    assert costs[0] == pytest.approx(costs[1])
    assert costs[0] == pytest.approx(0.15, abs=0.02)
    # Two problems that are as near as each other, and favour different strategies
    y = study(np.array([[0.9, 0.8], [0.9, 0.8], [0.8, 0.9]])).reshape(3, 1, 2, 20)
    there, back = (learned_choice(y[order], np.array([0.5, 0.6, 0.4])[order]) for order in ([0, 1, 2], [0, 2, 1]))
    np.testing.assert_allclose(there[0], 0.5)
    np.testing.assert_allclose(back[0], 0.5)


def test_strategies_that_tie_for_the_best_share_it() -> None:
    # As good in the mean of each half of the seeds, and not on each seed
    x = np.array([[[0.92, 0.88, 0.9, 0.92, 0.88, 0.9], [0.9] * 6, [0.5] * 6]])
    assert real(regret(x, [2]).mean) == pytest.approx(0.4)
    one, other = (regret(x[:, order], [2]) for order in ([0, 1, 2], [1, 0, 2]))
    np.testing.assert_allclose(numbers(one), numbers(other))


def test_a_rule_never_sees_its_own_problem_or_half_of_the_seeds() -> None:
    x = study(np.array([[0.9, 0.8], [0.8, 0.9]]), noise=0.05).reshape(2, 1, 2, 20)
    before = learned_choice(x, [0.0, 1.0])
    changed = x.copy()
    changed[0] += RNG.standard_normal(changed[0].shape)
    changed[1, :, :, 1::2] += RNG.standard_normal((1, 2, 10))
    after = learned_choice(changed, [0.0, 1.0])
    assert after[0, :, 1::2].tolist() == before[0, :, 1::2].tolist()


def test_a_score_chooses_a_source_and_pays_for_it() -> None:
    x = study(np.array([[0.9, 0.8, 0.7]]))  # one cell, three sources
    right, wrong = highest_score([3.0, 2.0, 1.0], 1), highest_score([np.nan, 2.0, 3.0], 1)
    assert (places(right), places(wrong)) == ([{0}], [{2}])
    assert abs(real(regret(x, right).mean)) < 0.01 < real(regret(x, wrong).mean)
    by_seed = highest_score(np.tile([[3.0], [2.0], [1.0]], 20), 2)
    assert by_seed.shape == (2, 3, 20)
    assert places(highest_score([np.nan, np.nan], 1)) == [{-1}]
    assert highest_score([], 2).shape == (2, 0, 1)


def test_missing_trials_are_counted() -> None:
    x = study(np.array([[0.9, 0.8], [0.9, 0.8]]))
    x[0, 1, :5] = np.nan
    r = regret(x, always(1, 2))
    assert (r.n, r.cells, r.dropped) == (20, 2, 5)
    x[1, 1] = np.nan
    r = regret(x, always(1, 2))
    assert (r.n, r.cells, r.dropped, r.by_cell[1]) == (15, 1, 5, None)


@given(tables(3, 3, 6), st.integers(-1, 0), st.integers(0, 3))
@settings(max_examples=60)
def test_nothing_is_ever_nan_and_order_within_the_halves_does_not_matter(x: Array, choice: int, seed: int) -> None:
    r = regret(x, always(choice, len(x)))
    assert np.isfinite(numbers(r)).all()
    assert (r.low is None) == (r.reason is not None)
    shuffled = x.copy()
    for half in (0, 1):
        shuffled[:, :, half::2] = np.random.default_rng(seed).permutation(x[:, :, half::2], axis=2)
    again = regret(shuffled, always(choice, len(x)))
    np.testing.assert_allclose(numbers(again), numbers(r), atol=1e-12)


@given(tables(3, 3, 5), st.floats(-0.5, 0.5), st.sampled_from([0.5, 4.0]))
@settings(max_examples=40)
def test_regret_scales_and_does_not_shift(x: Array, shift: float, scale: float) -> None:
    there, moved = regret(x, None), regret(scale * x + shift, None)
    if there.mean is not None:
        assert real(moved.mean) == pytest.approx(scale * there.mean, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "choice", "reason"),
    [
        (np.empty((0, 2, 3)), np.empty(0, dtype=int), "no data"),
        (np.full((1, 2, 3), np.nan), [0], "no data"),
        (np.empty((2, 0, 3)), [-1, -1], "no data"),
        (np.empty((1, 2, 0)), [0], "no data"),
        (np.full((1, 2, 1), 0.9), [0], "no data"),  # no other seed says which is the best
        (np.full((1, 2, 3), 0.9), [-1], "no data"),
        (np.full((1, 2, 3), 0.9), [0], "no spread"),
        (np.full((1, 1, 3), 0.9), [0], "no spread"),
    ],
)
def test_what_cannot_be_estimated_says_why(x: Array, choice: list[int], reason: str) -> None:
    r = regret(x, choice)
    assert (r.reason, r.low) == (reason, None)


def test_refusals_hold_the_value() -> None:
    x = np.full((2, 2, 3), 0.9)
    with pytest.raises(ShapeError, match=r"\(1,\), expected \(2,\), \(2, 3\) or \(2, 2, 3\)"):
        regret(x, [0])
    with pytest.raises(InvalidInput, match="to 2; there are 2"):
        regret(x, [0, 2])
    with pytest.raises(ShapeError, match="1 similarities for 2"):
        learned_choice(x[:, None], [0.5])
    with pytest.raises(ShapeError, match="3 targets for 2"):
        learned_choice(x[:, None], [0.5, 0.2], ["digits"] * 3)
    with pytest.raises(ShapeError, match="expected"):
        highest_score([[[0.1]]], 1)

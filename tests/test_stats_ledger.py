"""The variance ledger, and what a study could have seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as oracle

from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.stats import (
    fewest_seeds,
    negative_transfer,
    paired_difference,
    seeds_to_decide,
    sign_flip_test,
    smallest_difference,
    variance_ledger,
    winner_sets,
)

from .stats_data import Array, numbers, real, trials

RNG = np.random.default_rng(17)

# --- the ledger


def replicated(
    seeds: int = 10, replicates: int = 10, *, order: float = 0.01, weights: float = 0.02
) -> tuple[Array, dict[str, Array]]:
    base = 0.9 + 0.03 * RNG.standard_normal(seeds)
    total = base + order * RNG.standard_normal(seeds) + weights * RNG.standard_normal(seeds)
    parts = {"order": order, "weights": weights}
    shape = (seeds, replicates)
    return total, {name: base[:, None] + sd * RNG.standard_normal(shape) for name, sd in parts.items()}


def test_each_part_is_the_mean_variance_between_its_replicates() -> None:
    total, parts = replicated()
    ledger = variance_ledger(total, parts)
    assert real(ledger.total.variance) == pytest.approx(total.var(ddof=1))
    assert [c.name for c in ledger.parts] == ["order", "weights"]
    for c in ledger.parts:
        assert real(c.variance) == pytest.approx(parts[c.name].var(axis=1, ddof=1).mean())
        assert real(c.low) < real(c.variance) < real(c.high)
        assert real(c.share) == pytest.approx(real(c.variance) / real(ledger.total.variance))
        assert (c.seeds, c.replicates) == (10, 100)
    assert ledger.rest.variance == pytest.approx(total.var(ddof=1) - sum(real(c.variance) for c in ledger.parts))


def test_the_error_of_the_total_is_the_jackknifes() -> None:
    total, _ = replicated(12)
    c = variance_ledger(total, {}).total
    left = np.log([np.delete(total, k).var(ddof=1) for k in range(12)])
    error = (left.var() * 11) ** 0.5
    np.testing.assert_allclose(np.log(real(c.high) / real(c.variance)), oracle.t.ppf(0.975, 11) * error)


def test_parts_that_exceed_the_total_are_said_to() -> None:
    noisy = 0.9 + 0.1 * RNG.standard_normal((10, 10))
    ledger = variance_ledger(0.9 + 0.001 * RNG.standard_normal(10), {"order": noisy})
    assert (ledger.rest.variance, ledger.rest.reason) == (None, "parts exceed the total")


@given(
    st.integers(0, 6).flatmap(lambda n: arrays(np.float64, n, elements=trials)),
    st.tuples(st.integers(0, 5), st.integers(1, 4)).flatmap(lambda s: arrays(np.float64, s, elements=trials)),
)
@settings(max_examples=80)
def test_nothing_in_a_ledger_is_nan(total: Array, part: Array) -> None:
    ledger = variance_ledger(total, {"order": part, "none": np.empty((0, 3))})
    assert np.isfinite(numbers([ledger.total, ledger.parts, ledger.rest])).all()
    for c in (ledger.total, *ledger.parts, ledger.rest):
        assert (c.low is None) == (c.reason is not None)
    assert ledger.parts[0].dropped == np.isnan(part).sum()


@given(st.floats(-0.5, 0.5), st.sampled_from([0.5, 2.0]), st.integers(0, 3))
@settings(max_examples=20)
def test_a_ledger_scales_with_the_square_and_forgets_shift_and_order(shift: float, scale: float, seed: int) -> None:
    total, parts = np.linspace(0.8, 0.9, 8) ** 2, {"order": np.sin(np.arange(24.0)).reshape(8, 3) / 20}
    shuffled = np.random.default_rng(seed).permutation(8)
    there = variance_ledger(total, parts)
    moved = variance_ledger(
        shift + scale * total[shuffled], {"order": shift + scale * parts["order"][shuffled][:, ::-1]}
    )
    assert real(moved.total.variance) == pytest.approx(scale**2 * real(there.total.variance))
    assert real(moved.parts[0].high) == pytest.approx(scale**2 * real(there.parts[0].high))
    assert real(moved.parts[0].share) == pytest.approx(real(there.parts[0].share))


@pytest.mark.parametrize(
    ("total", "reason"),
    [([], "no data"), ([0.9], "too few seeds"), ([0.9, 0.8], "too few seeds"), ([0.9] * 5, "no spread")],
)
def test_a_total_that_cannot_be_estimated_says_why(total: list[float], reason: str) -> None:
    assert variance_ledger(total, {}).total.reason == reason


# --- power


@pytest.mark.parametrize("n", [3, 10, 20])
def test_the_smallest_difference_is_found_with_the_power_asked_for(n: int) -> None:
    a = 0.9 + 0.02 * RNG.standard_normal(n)
    d = smallest_difference(a, np.full(n, 0.8))
    nc = real(d.difference) * n**0.5 / real(d.sd)
    power = oracle.nct.sf(oracle.t.ppf(0.975, n - 1), n - 1, nc)
    assert power == pytest.approx(0.8, abs=1e-4)


def test_more_comparisons_see_less() -> None:
    a = 0.9 + 0.02 * RNG.standard_normal(20)
    seen = [real(smallest_difference(a, a[::-1], comparisons=m).difference) for m in (1, 10, 1000)]
    assert seen == sorted(seen)


def test_the_seeds_it_would_take_do_decide() -> None:
    # Twice the margin with a spread of four margins: simulate as many seeds as are said to be needed
    d = np.tile([0.06, -0.02], 10)
    needed = seeds_to_decide(d, np.zeros(20), margin=0.01)
    assert needed.towards == "better"
    assert needed.more == max(0, real(needed.needed) - 20)
    draws = d.mean() + d.std(ddof=1) * RNG.standard_normal((400, int(real(needed.needed))))
    decided = np.mean([paired_difference(x, np.zeros(len(x)), margin=0.0).verdict == "better" for x in draws])
    assert 0.74 < decided < 0.86


def test_equivalence_needs_seeds_too() -> None:
    d = np.tile([0.03, -0.03], 10) + 0.001
    needed = seeds_to_decide(d, np.zeros(20), margin=0.01)
    assert needed.towards == "tied"
    draws = d.mean() + d.std(ddof=1) * RNG.standard_normal((400, int(real(needed.needed))))
    decided = np.mean([paired_difference(x, np.zeros(len(x)), margin=0.01).verdict == "tied" for x in draws])
    assert 0.74 < decided < 0.88


def test_what_no_number_of_seeds_decides_is_said() -> None:
    d = np.tile([1.0, -1.0], 10)
    d[0] += 1e-6
    needed = seeds_to_decide(d, np.zeros(20), margin=1e-9)
    assert (needed.needed, needed.more, needed.towards, needed.reason) == (None, None, None, None)


def test_swapping_the_two_swaps_the_verdict_it_would_bring() -> None:
    d = np.tile([0.06, -0.02], 10)
    there, back = (seeds_to_decide(*pair, margin=0.01) for pair in ((d, 0 * d), (0 * d, d)))
    assert (there.needed, there.towards, back.towards) == (back.needed, "better", "worse")


@pytest.mark.parametrize(("n", "reason"), [(0, "no data"), (1, "one seed"), (4, "no spread")])
def test_power_that_cannot_be_estimated_says_why(n: int, reason: str) -> None:
    a, b = np.full(n, 0.9), np.full(n, 0.8)
    assert smallest_difference(a, b).reason == reason
    assert seeds_to_decide(a, b, margin=0.01).reason == reason
    assert smallest_difference([*a, np.nan], [*b, 0.8]).dropped == 1


@pytest.mark.parametrize("n", [5, 6, 7, 13, 14])
def test_the_fewest_seeds_are_those_at_which_the_surest_data_have_a_verdict(n: int) -> None:
    surest = real(sign_flip_test(np.full(n, 0.9), np.full(n, 0.1)).p)
    for m in (1, 2, 75, 300):
        fewest = fewest_seeds(m, test="sign flip")
        assert (surest * m <= 0.05) == (fewest is not None and fewest <= n)


def test_the_fewest_seeds_of_winners_are_six() -> None:
    assert fewest_seeds(100, test="maximum") == 6
    sure = np.tile([0.1, 0.9], (6, 1))
    assert [winner_sets([sure[:n]])[0].winners for n in (5, 6)] == [(0, 1), (1,)]


def test_so_many_comparisons_can_be_beyond_any_number_of_seeds() -> None:
    assert fewest_seeds(1000, test="sign flip") is None


# --- negative transfer


def test_negative_transfer_is_found_worst_first_and_not_elsewhere() -> None:
    scratch = 0.8 + 0.02 * RNG.standard_normal((4, 20))
    gaps = np.array([[0.05], [-0.03], [0.0], [-0.1]])
    search = negative_transfer(scratch + gaps + 0.01 * RNG.standard_normal((4, 20)), scratch, margin=0.01)
    assert (search.found, search.tested, search.dropped) == ((3, 1), 4, 0)


def test_what_cannot_be_tested_is_not_found() -> None:
    search = negative_transfer([[0.1, np.nan], [np.nan, np.nan]], [[0.9, 0.9], [0.9, 0.9]], margin=0.01)
    assert (search.found, search.tested, search.dropped) == ((), 0, 3)


def test_refusals_hold_the_value() -> None:
    with pytest.raises(ShapeError, match=r"\(1, 2\) cannot be paired with \(1, 1\)"):
        negative_transfer([[0.1, 0.2]], [[0.1]], margin=0.01)
    with pytest.raises(InvalidInput, match=r"1\.5"):
        smallest_difference([0.1], [0.2], power=1.5)
    with pytest.raises(InvalidInput, match="comparisons is 0"):
        fewest_seeds(0)

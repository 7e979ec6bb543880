"""The test by flipping signs, against SciPy and against its own meaning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as oracle

from fastmlp.stats import paired_difference, paired_family, sign_flip_test
from fastmlp.stats.sign_flip import flipped, signs

from .data import Array, accuracies, accuracy_like, numbers, real, trials

pairs = st.integers(1, 18).flatmap(lambda n: arrays(np.float64, (2, n), elements=trials))
whole_pairs = st.integers(2, 9).flatmap(lambda n: arrays(np.float64, (2, n), elements=accuracies))


@given(whole_pairs)
@settings(max_examples=30)
def test_p_is_scipys_exact_permutation_test(pair: Array) -> None:
    expected = oracle.permutation_test(
        tuple(np.rint(pair * 500)),  # whole numbers, so that equal sums are equal for SciPy too
        lambda a, b, axis: (a - b).sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    np.testing.assert_allclose(real(sign_flip_test(*pair).p), min(expected.pvalue, 1), rtol=1e-12)


def test_drawn_p_is_near_the_exact_one() -> None:
    rng = np.random.default_rng(4)
    a, b = accuracy_like(rng, (2, 14))
    b -= 0.01
    sums = (1 - 2 * ((np.arange(2**14)[:, None] >> np.arange(14)) & 1)) @ (a - b)
    exact = (np.abs(sums) >= abs((a - b).sum()) - 1e-12).mean()
    drawn = sign_flip_test(a, b)
    assert not drawn.exact
    assert abs(real(drawn.p) - exact) < 4 * (exact * (1 - exact) / 9999) ** 0.5


@pytest.mark.parametrize(("n", "draws", "resolution"), [(6, 99, 2 / 64), (13, 99, 2 / 8192), (14, 99, 0.01)])
def test_p_is_never_below_its_resolution(n: int, draws: int, resolution: float) -> None:
    test = sign_flip_test(np.full(n, 0.9) + np.arange(n) / 1000, np.full(n, 0.1), draws=draws)
    assert (test.p, test.resolution) == (resolution, resolution)


@given(pairs, st.integers(0, 3))
@settings(max_examples=50)
def test_order_and_swapping_and_shift_do_not_matter(pair: Array, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(pair, axis=1)
    p = sign_flip_test(*pair, draws=199).p
    assert sign_flip_test(*shuffled, draws=199).p == p
    assert sign_flip_test(*shuffled[::-1], draws=199).p == p
    shifted = sign_flip_test(*(pair + 0.125), draws=199).p
    assert shifted == p or np.isclose(real(shifted), real(p), atol=0.02)  # ties that rounding parts


@given(pairs, st.sampled_from([0.0, 0.01, 0.1]))
@settings(max_examples=30)
def test_verdicts_by_flipping_signs_swap_with_the_pair(pair: Array, margin: float) -> None:
    opposite = {"better": "worse", "worse": "better", "tied": "tied", "undecided": "undecided"}
    there = paired_difference(*pair, margin=margin, test="sign flip")
    back = paired_difference(*pair[::-1], margin=margin, test="sign flip")
    assert back.verdict == opposite[there.verdict]
    assert back.p_equivalent == there.p_equivalent
    assert np.isfinite(numbers(there)).all()


def test_signs_of_many_seeds_take_a_byte_each_and_are_summed_in_parts() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.903, 0.02, 300), rng.normal(0.9, 0.02, 300)
    flips, certain = signs(300)
    assert (flips.itemsize, certain) == (1, False)
    assert set(np.unique(flips)) == {-1, 1}
    assert len(list(flipped(flips, a - b))) > 1
    np.testing.assert_allclose(np.concatenate(list(flipped(flips, a - b))), flips.astype(float) @ (a - b), atol=1e-12)
    assert sign_flip_test(a, b).p == pytest.approx(oracle.ttest_rel(a, b).pvalue, abs=0.01)


def test_differences_without_spread_can_be_judged() -> None:
    nine, eight = np.full(20, 0.9), np.full(20, 0.8)
    assert paired_difference(nine, eight, margin=0.01).verdict == "undecided"
    assert paired_difference(nine, eight, margin=0.01, test="sign flip").verdict == "better"
    assert paired_difference(nine, nine, margin=0.01, test="sign flip").verdict == "tied"
    assert paired_difference(nine, nine, margin=0.0, test="sign flip").verdict == "undecided"


def test_with_five_seeds_no_difference_can_be_shown() -> None:
    rng = np.random.default_rng(5)
    high, low = 0.9 + 0.001 * rng.standard_normal(6), np.full(6, 0.1)
    assert paired_difference(high[:5], low[:5], margin=0.01, test="sign flip").verdict == "undecided"
    assert paired_difference(high, low, margin=0.01, test="sign flip").verdict == "better"
    two = paired_family([(high, low)] * 2, margin=0.01, test="sign flip")
    assert {d.verdict for d in two} == {"undecided"}  # in a family, not even with six


def test_what_has_no_pairs_says_so() -> None:
    test = sign_flip_test([0.9, np.nan], [np.nan, 0.8])
    assert (test.n, test.dropped, test.p, test.reason) == (0, 2, None, "no data")
    d = paired_difference([0.9, np.nan], [0.8, 0.8], margin=0.01, test="sign flip")
    assert (d.n, d.dropped, d.reason, d.verdict) == (1, 1, "one seed", "undecided")

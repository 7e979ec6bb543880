"""Random signs: all of them where they are few, drawn and reproducible where they are many."""

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.stats.sign_flip import flipped, resolution, signs


@pytest.mark.parametrize("n", [1, 2, 6, 13])
def test_all_choices_of_signs_are_there_once_the_data_first(n: int) -> None:
    flips, certain = signs(n)
    assert certain
    assert len(np.unique(flips, axis=0)) == len(flips) == 2**n
    assert (flips[0] == 1).all()


def test_drawn_signs_are_fair_and_the_same_again() -> None:
    flips, certain = signs(20, 999, 1)
    assert not certain
    assert abs(flips.mean()) < 4 / (999 * 20) ** 0.5
    signs.cache_clear()
    np.testing.assert_array_equal(signs(20, 999, 1)[0], flips)
    assert (signs(20, 999, 2)[0] != flips).any()


def test_signs_of_many_seeds_take_a_byte_each_and_are_summed_in_parts() -> None:
    d = np.random.default_rng(0).normal(0.003, 0.02, 300)
    flips, certain = signs(300)
    assert (flips.itemsize, certain) == (1, False)
    assert set(np.unique(flips)) == {-1, 1}
    assert len(list(flipped(flips, d))) > 1
    np.testing.assert_allclose(np.concatenate(list(flipped(flips, d))), flips.astype(float) @ d, atol=1e-12)


@pytest.mark.parametrize(("n", "draws", "expected"), [(6, 99, 2 / 64), (13, 99, 2 / 8192), (14, 99, 0.01)])
def test_the_resolution_is_the_p_of_the_surest_data(n: int, draws: int, expected: float) -> None:
    """Of 2^n signs, two give the largest sum; of those drawn, the data are one more."""
    assert resolution(n, draws) == expected
    flips, certain = signs(n, draws)
    d = np.arange(1.0, n + 1)
    as_far = np.count_nonzero(np.abs(flips @ d) >= d.sum()) + (not certain)
    assert as_far / (len(flips) + (not certain)) == expected

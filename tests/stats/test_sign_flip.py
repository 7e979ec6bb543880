"""Random signs: all of them where they are few, drawn and reproducible where they are many."""

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.seeds import rng_for
from fastmlp.stats import sign_flip
from fastmlp.stats.sign_flip import Signs, resolution, signs, unflipped


def numbers(flips: Signs) -> np.ndarray:
    return np.concatenate(list(flips.parts()))


@pytest.mark.parametrize("n", [1, 2, 6, 13])
def test_all_choices_of_signs_are_there_once_the_data_first(n: int) -> None:
    flips, certain = signs(n)
    assert certain
    assert len(np.unique(numbers(flips), axis=0)) == len(flips) == 2**n
    assert (numbers(flips)[0] == 1).all()


def test_drawn_signs_are_fair_and_the_same_again() -> None:
    flips, certain = signs(20, 999, 1)
    assert not certain
    assert abs(numbers(flips).mean()) < 4 / (999 * 20) ** 0.5
    sign_flip._kept.cache_clear()
    np.testing.assert_array_equal(signs(20, 999, 1)[0].bits, flips.bits)
    assert (signs(20, 999, 2)[0].bits != flips.bits).any()


@pytest.mark.parametrize(("n", "kind"), [(20, np.int64), (1051, np.int8)])
def test_signs_of_many_seeds_are_a_bit_each_drawn_and_summed_in_parts_that_change_nothing(
    n: int, kind: type[np.integer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_flip, "PART", 10_000)
    flips, _ = signs(n, 999, 7)
    whole = 1.0 - 2.0 * rng_for("signs", n=n, draws=999, seed=7).integers(2, size=(999, n), dtype=kind)
    np.testing.assert_array_equal(numbers(flips), whole)
    assert flips.bits.nbytes <= 999 * (n + 7) / 8
    d = np.random.default_rng(0).normal(0.003, 0.02, n)
    assert len(list(flips.flipped(d))) > 1
    np.testing.assert_allclose(np.concatenate(list(flips.flipped(d))), whole @ d, atol=1e-12)
    np.testing.assert_array_equal(numbers(flips.after(unflipped(n))), np.vstack([np.ones(n), whole]))


@pytest.mark.parametrize(
    ("n", "draws", "expected"), [(6, 99, 2 / 64), (13, 99, 2 / 8192), (14, 99, 0.01), (64, 99, 0.01)]
)
def test_the_resolution_is_the_p_of_the_surest_data(n: int, draws: int, expected: float) -> None:
    """Of 2^n signs, two give the largest sum; of those drawn, the data are one more."""
    assert resolution(n, draws) == expected
    flips, certain = signs(n, draws)
    d = np.arange(1.0, n + 1)
    as_far = np.count_nonzero(np.abs(numbers(flips) @ d) >= d.sum()) + (not certain)
    assert as_far / (len(flips) + (not certain)) == expected

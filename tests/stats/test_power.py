"""What a study could have seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as oracle

from fastmlp.errors import InvalidInput
from fastmlp.stats import smallest_difference

from .data import real

RNG = np.random.default_rng(18)


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


@pytest.mark.parametrize(("n", "reason"), [(0, "no data"), (1, "one seed"), (4, "no spread")])
def test_power_that_cannot_be_estimated_says_why(n: int, reason: str) -> None:
    a, b = np.full(n, 0.9), np.full(n, 0.8)
    assert smallest_difference(a, b).reason == reason
    assert smallest_difference([*a, np.nan], [*b, 0.8]).dropped == 1


def test_refusals_hold_the_value() -> None:
    with pytest.raises(InvalidInput, match=r"1\.5"):
        smallest_difference([0.1], [0.2], power=1.5)
    with pytest.raises(InvalidInput, match="comparisons is 0"):
        smallest_difference([0.1], [0.2], comparisons=0)

"""What a study could have seen, and what a larger one would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as oracle

from fastmlp.errors import InvalidInput
from fastmlp.stats import (
    paired_difference,
    seeds_to_decide,
    smallest_difference,
)

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


def test_refusals_hold_the_value() -> None:
    with pytest.raises(InvalidInput, match=r"1\.5"):
        smallest_difference([0.1], [0.2], power=1.5)
    with pytest.raises(InvalidInput, match="comparisons is 0"):
        smallest_difference([0.1], [0.2], comparisons=0)

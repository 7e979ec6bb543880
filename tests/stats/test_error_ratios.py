from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.stats import error_ratio


@given(st.integers(3, 25), st.integers(0, 999), st.floats(0.2, 3.0))
def test_the_ends_of_the_interval_are_where_the_paired_test_begins_to_reject(n: int, seed: int, times: float) -> None:
    rng = np.random.default_rng(seed)
    b = rng.uniform(0.05, 0.15, n)
    a = np.clip(times * b + rng.normal(0, 0.02, n), 0, 1)
    found = error_ratio(1 - a, 1 - b)
    assert found.ratio == pytest.approx(a.mean() / b.mean())
    if found.low is None or found.high is None:
        assert ttest_1samp(b, 0).pvalue > 0.05  # the errors of the second cannot be told from zero
        return
    assert found.low <= a.mean() / b.mean() <= found.high
    for end in (found.low, found.high):
        if end > 0:
            assert ttest_1samp(a - end * b, 0).pvalue == pytest.approx(0.05, abs=1e-6)


def test_a_point_near_the_ceiling_is_a_fifth_of_the_errors() -> None:
    seeds = np.linspace(-0.002, 0.002, 9)
    high, low = error_ratio(0.96 + seeds, 0.95 + seeds), error_ratio(0.56 + seeds, 0.55 + seeds)
    assert high.ratio == pytest.approx(0.8)
    assert high.high is not None
    assert high.high < 0.81
    assert low.ratio == pytest.approx(0.44 / 0.45)


def test_what_has_no_interval_says_why() -> None:
    assert error_ratio([], []).reason == "no data"
    assert error_ratio([0.9], [0.8]).reason == "one seed"
    assert error_ratio([0.9, 0.9], [0.8, 0.8]).reason == "no spread"
    none = error_ratio([0.99, 0.98, np.nan], [1.0, 1.0, 0.9])
    assert (none.n, none.ratio, none.low, none.high) == (2, None, None, None)


def test_what_is_no_accuracy_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"accuracies are from 0\.9 to 96"):
        error_ratio([0.9, 96.0], [0.8, 0.9])
    with pytest.raises(ShapeError):
        error_ratio([0.9, 0.8], [0.8])

"""The variance ledger."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as oracle

from fastmlp.stats import variance_components

from .data import Array, numbers, real, trials

RNG = np.random.default_rng(17)


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
    ledger = variance_components(total, parts)
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
    c = variance_components(total, {}).total
    left = np.log([np.delete(total, k).var(ddof=1) for k in range(12)])
    error = (left.var() * 11) ** 0.5
    np.testing.assert_allclose(np.log(real(c.high) / real(c.variance)), oracle.t.ppf(0.975, 11) * error)


def test_parts_that_exceed_the_total_are_said_to() -> None:
    noisy = 0.9 + 0.1 * RNG.standard_normal((10, 10))
    ledger = variance_components(0.9 + 0.001 * RNG.standard_normal(10), {"order": noisy})
    assert (ledger.rest.variance, ledger.rest.reason) == (None, "parts exceed the total")


@given(
    st.integers(0, 6).flatmap(lambda n: arrays(np.float64, n, elements=trials)),
    st.tuples(st.integers(0, 5), st.integers(1, 4)).flatmap(lambda s: arrays(np.float64, s, elements=trials)),
)
@settings(max_examples=80)
def test_nothing_in_a_ledger_is_nan(total: Array, part: Array) -> None:
    ledger = variance_components(total, {"order": part, "none": np.empty((0, 3))})
    assert np.isfinite(numbers([ledger.total, ledger.parts, ledger.rest])).all()
    for c in (ledger.total, *ledger.parts, ledger.rest):
        assert (c.low is None) == (c.reason is not None)
    assert ledger.parts[0].dropped == np.isnan(part).sum()


@given(st.floats(-0.5, 0.5), st.sampled_from([0.5, 2.0]), st.integers(0, 3))
@settings(max_examples=20)
def test_a_ledger_scales_with_the_square_and_forgets_shift_and_order(shift: float, scale: float, seed: int) -> None:
    total, parts = np.linspace(0.8, 0.9, 8) ** 2, {"order": np.sin(np.arange(24.0)).reshape(8, 3) / 20}
    shuffled = np.random.default_rng(seed).permutation(8)
    there = variance_components(total, parts)
    moved = variance_components(
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
    assert variance_components(total, {}).total.reason == reason

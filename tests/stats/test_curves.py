"""Learning curves, and what is read from them: label equivalence and crossovers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import least_squares

from fastmlp.errors import InvalidInput, ShapeError
from fastmlp.stats import Verdict, crossover, curves, fit_curve, label_equivalence
from fastmlp.stats.curves import percentiles

from .data import Array, accuracies, numbers, real, trials

SIZES = np.array([10.0, 20, 50, 100, 200, 500])


def law(n: Array, ceiling: float = 0.95, lack: float = 0.3, rate: float = 0.7) -> Array:
    return np.asarray(ceiling - lack * (n / 10) ** -rate)


def study(curve: Array, seeds: int = 20, seed: int = 0, sd: float = 0.02) -> Array:
    """(seeds, sizes) around a curve; the second draw with one seed shares what a seed has in common."""
    rng = np.random.default_rng(seed)
    common = 0.02 * np.random.default_rng(99).standard_normal((seeds, 1))
    return curve + common + sd * rng.standard_normal((seeds, len(curve)))


tables = st.tuples(st.integers(1, 6), st.integers(0, 5)).flatmap(lambda s: arrays(np.float64, s, elements=trials))
whole = st.tuples(st.integers(2, 6), st.integers(3, 6)).flatmap(lambda s: arrays(np.float64, s, elements=accuracies))

# --- the fit


@pytest.mark.parametrize("parameters", [(0.95, 0.3, 0.7), (0.99, 0.8, 0.15), (0.8, 0.1, 3.0), (1.0, 0.4, 0.3)])
def test_a_law_without_noise_is_found_again(parameters: tuple[float, float, float]) -> None:
    curve = fit_curve(SIZES, law(SIZES, *parameters)[None])
    np.testing.assert_allclose([real(curve.ceiling), real(curve.lack), real(curve.rate)], parameters, rtol=0.02)
    assert real(curve.misfit) < 1e-4


@pytest.mark.parametrize("seed", range(12))
def test_it_is_scipys_robust_least_squares(seed: int) -> None:
    x = study(law(SIZES), seed=seed)
    means, errors = x.mean(axis=0), x.std(axis=0, ddof=1) / 20**0.5

    def fit(start: list[float], steps: int) -> tuple[Array, float]:
        found = least_squares(
            lambda p: (law(SIZES, *p) - means) / errors,
            start,
            bounds=([0, 0, 0.02], [1, 2, 8]),
            loss="huber",
            f_scale=1.345,
            max_nfev=steps,
        )
        return law(SIZES, *found.x), found.cost

    curve = fit_curve(SIZES, x)
    peer, least = fit([0.9, 0.3, 0.5], 1000)
    _, ours = fit([real(curve.ceiling), real(curve.lack), real(curve.rate)], 1)
    assert ours <= 1.01 * least
    np.testing.assert_allclose(np.asarray(curve.at(SIZES)), peer, atol=2e-3)


def test_one_size_that_went_wrong_does_not_drag_the_curve_along() -> None:
    x = study(law(SIZES))
    x[:, 3] -= 0.1
    fitted = fit_curve(SIZES, x).at(SIZES)
    assert fitted is not None
    assert abs(fitted - law(SIZES))[[0, 1, 2, 4, 5]].max() < 0.02


@given(whole)
@settings(max_examples=60)
def test_a_curve_never_falls_and_never_exceeds_one(x: Array) -> None:
    fitted = fit_curve(SIZES[: x.shape[1]], x).at(np.geomspace(10, 500, 50))
    assert fitted is not None
    assert (np.diff(fitted) >= -1e-12).all()
    assert fitted.max() <= 1 + 1e-12


@given(tables)
@settings(max_examples=60)
def test_whatever_is_missing_the_fit_is_finite_or_says_why(x: Array) -> None:
    curve = fit_curve(SIZES[: x.shape[1]], x)
    assert np.isfinite(numbers(curve)).all()
    assert (curve.ceiling is None) == (curve.at([10.0]) is None) == (curve.reason is not None)
    assert curve.dropped == np.isnan(x).sum()


# --- label equivalence


def test_pretraining_worth_twice_the_labels() -> None:
    overall, each = label_equivalence(SIZES, study(law(2 * SIZES), seed=1), study(law(SIZES), seed=2))
    assert real(overall.low) < 2 < real(overall.high)
    assert real(overall.high) - real(overall.low) < 1.5
    assert overall.case == "read"
    assert [e.case for e in each][:4] == ["read"] * 4


def test_the_same_strategy_is_worth_its_own_labels() -> None:
    x = study(law(SIZES))
    overall, each = label_equivalence(SIZES, x, x)
    assert [real(e.times) for e in (overall, *each)] == pytest.approx([1.0] * 7)


def test_what_scratch_never_reaches_is_out_of_range() -> None:
    overall, each = label_equivalence(SIZES, study(law(SIZES, ceiling=0.99), seed=1), study(law(SIZES, ceiling=0.9)))
    top = each[-1]
    assert (top.case, top.times, top.high) == ("above range", None, None)
    assert top.low == top.most == 1.0  # surely more than the one times that can be read at the largest size
    assert overall.most == 50.0


def test_what_scratch_beats_with_its_fewest_labels_is_out_of_range() -> None:
    _, each = label_equivalence(SIZES, study(law(SIZES) - 0.3, seed=1), study(law(SIZES)))
    assert (each[0].case, each[0].times, each[0].low) == ("below range", None, None)
    assert each[0].high == each[0].least == 1.0


def test_a_flat_reference_is_never_reached_or_always_there() -> None:
    flat = np.full((4, 6), 0.8)
    overall, _ = label_equivalence(SIZES, study(law(SIZES) + 0.2, seeds=4), flat)
    assert overall.case == "above range"
    overall, _ = label_equivalence(SIZES, flat - 0.1, flat)
    assert overall.case == "below range"


# --- crossovers


def test_a_crossover_is_found_where_it_is() -> None:
    slow, steep = law(SIZES, 0.85, 0.1, 0.5), law(SIZES, 0.95, 0.35, 0.8)
    grid = np.geomspace(10, 500, 5001)
    true = grid[np.argmax(law(grid, 0.95, 0.35, 0.8) > law(grid, 0.85, 0.1, 0.5))]
    c = crossover(SIZES, study(slow, seed=1), study(steep, seed=2))
    assert (c.case, c.before, c.after) == ("crosses", "first", "second")
    assert real(c.low) < true < real(c.high)
    assert c.share == 1.0


def test_swapping_the_two_swaps_who_leads() -> None:
    slow, steep = study(law(SIZES, 0.85, 0.1, 0.5), seed=1), study(law(SIZES, 0.95, 0.35, 0.8), seed=2)
    there, back = crossover(SIZES, slow, steep), crossover(SIZES, steep, slow)
    assert (back.before, back.after) == (there.after, there.before)[::-1] or back.before == "second"
    np.testing.assert_allclose(numbers(back), numbers(there), rtol=1e-9)


def test_no_crossover_in_range_is_an_answer() -> None:
    c = crossover(SIZES, study(law(SIZES) - 0.1, seed=1), study(law(SIZES), seed=2))
    assert (c.case, c.before, c.after, c.n_target, c.share) == ("no crossover in range", "second", "second", None, 0.0)
    x = study(law(SIZES))
    c = crossover(SIZES, x, x)
    assert (c.case, c.before, c.n_target) == ("no crossover in range", None, None)


def test_curves_that_cross_though_neither_ever_led_give_no_number() -> None:
    slow, steep = study(law(SIZES, 0.85, 0.1, 0.5), seed=1), study(law(SIZES, 0.95, 0.35, 0.8), seed=2)
    found = crossover(SIZES, slow, steep)
    below = real(found.n_target) > SIZES
    before: list[Verdict] = ["better" if first else "undecided" for first in below]
    after: list[Verdict] = ["undecided" if first else "worse" for first in below]
    nothing: list[list[Verdict]] = [["undecided"] * 6, ["tied"] * 6]
    for verdicts in (before, after, *nothing):
        c = crossover(SIZES, slow, steep, verdicts=verdicts)
        assert (c.case, c.n_target, c.low, c.high) == ("no lead on both sides", None, None, None)
        assert (c.before, c.after, c.share) == (found.before, found.after, found.share)
    led: list[Verdict] = ["better" if first else "worse" for first in below]
    assert crossover(SIZES, slow, steep, verdicts=led) == found
    noise = study(law(SIZES) + 0.001 * (SIZES < 50), seed=3, sd=0.05), study(law(SIZES), seed=4, sd=0.05)
    assert crossover(SIZES, *noise).case in {"no lead on both sides", "no crossover in range"}
    with pytest.raises(ShapeError, match="1 verdicts for 6 sizes"):
        crossover(SIZES, slow, steep, verdicts=["better"])


# --- what holds whatever the numbers


@given(st.tuples(st.integers(1, 5), st.integers(0, 5)).flatmap(lambda s: arrays(np.float64, (2, *s), elements=trials)))
@settings(max_examples=40)
def test_nothing_is_ever_nan(pair: Array) -> None:
    n = SIZES[: pair.shape[2]]
    overall, each = label_equivalence(n, *pair, draws=49)
    c = crossover(n, *pair, draws=49)
    assert np.isfinite(numbers([overall, each, c])).all()
    for e in each:
        assert (e.times is None) == (e.case != "read")
        if e.times is not None and e.low is not None and e.high is not None:
            assert real(e.least) * (1 - 1e-9) <= e.low <= e.high <= real(e.most) * (1 + 1e-9)


@given(st.integers(0, 5))
@settings(max_examples=5)
def test_the_order_of_the_seeds_does_not_matter(seed: int) -> None:
    a, b = study(law(2 * SIZES), seed=1), study(law(SIZES), seed=2)
    order = np.random.default_rng(seed).permutation(20)
    there, shuffled = (label_equivalence(SIZES, *pair, draws=99) for pair in ((a, b), (a[order], b[order])))
    np.testing.assert_allclose(numbers(shuffled[0]), numbers(there[0]), rtol=1e-9)


@pytest.mark.parametrize(
    ("sizes", "seeds", "reason"),
    [([10, 20], 5, "too few sizes"), ([10, 20, 50], 1, "one seed"), ([], 5, "too few sizes")],
)
def test_what_cannot_be_estimated_says_why(sizes: list[float], seeds: int, reason: str) -> None:
    a = np.full((seeds, len(sizes)), 0.9) * np.linspace(0.9, 1, len(sizes))
    overall, _ = label_equivalence(sizes, a, a - 0.01)
    c = crossover(sizes, a, a - 0.01)
    assert (overall.reason, c.reason) == (reason, reason)
    assert (overall.low, c.low) == (None, None)


def test_seeds_that_are_all_alike_give_no_interval() -> None:
    a = np.tile(law(SIZES), (5, 1))
    overall, _ = label_equivalence(SIZES, a, a - 0.05)
    assert (overall.reason, overall.low, overall.high) == ("no spread", None, None)


def test_percentiles_reach_further_where_seeds_are_few() -> None:
    values = np.random.default_rng(1).standard_normal(9999)
    few, many = percentiles(values, 5, 0.95), percentiles(values, 10_000, 0.95)
    assert few[0] < many[0] < -1.9 < 1.9 < many[1] < few[1]
    np.testing.assert_allclose(many, np.percentile(values, [2.5, 97.5]), atol=0.02)


def test_refusals_hold_the_value() -> None:
    with pytest.raises(ShapeError, match=r"\(2, 2\), expected \(seeds, 3\)"):
        fit_curve([10, 20, 50], [[0.1, 0.2], [0.1, 0.2]])
    with pytest.raises(InvalidInput, match="rising"):
        fit_curve([20, 10], [[0.1, 0.2]])
    with pytest.raises(ShapeError, match="cannot be paired"):
        crossover([10, 20], [[0.1, 0.2]], [[0.1, 0.2], [0.1, 0.2]])


def test_many_seeds_are_resampled_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = study(law(SIZES), seed=1), study(law(SIZES, rate=0.5), seed=2)
    whole = label_equivalence(SIZES, *pair, draws=99)
    monkeypatch.setattr(curves, "PART", 50)
    assert label_equivalence(SIZES, *pair, draws=99) == whole

"""Standardised inputs: scikit-learn's, whatever the scale, and the same bits as by the plain formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.preprocessing import StandardScaler

from fastmlp.problems import Scaler, get_problem
from fastmlp.problems.scaler import SMALLEST

from ..conftest import SeededRng

BOTH = pytest.mark.parametrize("one_unit", [True, False])


def plainly(x: np.ndarray, *, one_unit: bool) -> Scaler:
    """The formula as one would write it for ordinary inputs."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    if not one_unit:
        return Scaler(mean, np.where((np.ptp(x, axis=0) > 0) & (spread > 0), spread, np.inf))
    common = float(np.sqrt((spread**2).mean())) or 1.0
    return Scaler(mean, np.where(spread > 0, np.maximum(spread, SMALLEST * common), common))


@BOTH
@pytest.mark.parametrize("name", ["same", "noisy-1", "teacher-0.5", "inverted", "rotated-30"])
def test_ordinary_inputs_give_the_bits_of_the_plain_formula(name: str, *, one_unit: bool) -> None:
    problem = get_problem(name, 2)
    split = problem.split(2)
    for x in (problem.source.X, problem.source.X[split.source], problem.target.X[split.subset(20)]):
        for ordered in (x, np.asfortranarray(x)):
            ours, theirs = Scaler.fit(ordered, one_unit=one_unit), plainly(ordered, one_unit=one_unit)
            assert ours.mean.tobytes() == theirs.mean.tobytes()
            assert ours.scale.tobytes() == theirs.scale.tobytes()


@BOTH
@given(seed=st.integers(0, 99), n=st.integers(1, 40), powers=st.lists(st.integers(-12, 12), min_size=1, max_size=6))
def test_inputs_of_many_units_give_the_bits_of_the_plain_formula(
    *, one_unit: bool, seed: int, n: int, powers: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, len(powers))) + rng.normal(size=len(powers)) * 3) * 10.0 ** np.array(powers)
    ours, theirs = Scaler.fit(x, one_unit=one_unit), plainly(x, one_unit=one_unit)
    assert ours.mean.tobytes() == theirs.mean.tobytes()
    assert ours.scale.tobytes() == theirs.scale.tobytes()


scales = st.floats(-300, 300).map(lambda power: 10.0**power)


@BOTH
@given(seed=st.integers(0, 99), scale=scales)
def test_a_common_scale_does_not_change_standardised_inputs(*, one_unit: bool, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 4)) + np.array([0, 1, -5, 3])
    x[:, 3] = 0.5  # constant
    seen = Scaler.fit(x, one_unit=one_unit).transform(x)
    assert_allclose(Scaler.fit(x * scale, one_unit=one_unit).transform(x * scale), seen, rtol=1e-6, atol=1e-6)


@given(st.integers(0, 99), st.lists(scales, min_size=4, max_size=4))
def test_a_scale_of_each_features_own_does_not_change_them_either(seed: int, units: list[float]) -> None:
    x = np.random.default_rng(seed).normal(size=(20, 4))
    seen = Scaler.fit(x, one_unit=False).transform(x)
    assert_allclose(Scaler.fit(x * units, one_unit=False).transform(x * units), seen, rtol=1e-6, atol=1e-6)


@BOTH
@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9))
def test_any_finite_inputs_have_a_scaler_without_a_warning(*, one_unit: bool, values: list[float]) -> None:
    x = np.array(values)[:, np.newaxis]
    scaler = Scaler.fit(x, one_unit=one_unit)  # a warning of NumPy's would be an error
    assert np.isfinite(scaler.mean).all()
    assert (scaler.scale > 0).all()
    assert np.abs(scaler.transform(x)).max() < 4  # nine values are within sqrt(8) of their mean


def test_the_scaler_is_scikit_learns(rng: SeededRng) -> None:
    x = rng.normal(30, 5) * [1, 2, 3, 2, 4] + 7
    scaler, theirs = Scaler.fit(x), StandardScaler().fit(x)
    assert_allclose(scaler.transform(x), theirs.transform(x), rtol=1e-12, atol=1e-12)
    assert scaler.transform(x, "float32").dtype == np.float32


def test_the_scaler_does_not_blow_up_what_hardly_varied(rng: SeededRng) -> None:
    x = rng.normal(30, 5) * [1, 2, 1e-9, 0, 2] + 7  # the third feature hardly varies, the fourth is constant
    common = np.sqrt((x.std(axis=0) ** 2).mean())
    scaler = Scaler.fit(x)
    assert_allclose(scaler.scale[[0, 1, 4]], x.std(axis=0)[[0, 1, 4]])
    assert_allclose(scaler.scale[[2, 3]], [common / 4, common])
    assert_allclose(Scaler.fit(1000 * x).transform(1000 * x), scaler.transform(x), atol=1e-9)  # whatever the unit
    assert Scaler.fit(np.ones((3, 2))).scale.tolist() == [1, 1]


def test_features_of_different_units_are_standardised_each_by_itself(rng: SeededRng) -> None:
    x = rng.normal(30, 4) * [1e-3, 1, 1e5, 0] + [0, 7, 1e6, 0.1]  # the last is constant, but for rounding
    scaler, theirs = Scaler.fit(x, one_unit=False), StandardScaler().fit(x[:, :3])
    assert_allclose(scaler.transform(x)[:, :3], theirs.transform(x[:, :3]), rtol=1e-9, atol=1e-9)
    assert scaler.transform(x + 5)[:, 3].tolist() == [0] * 30  # of whose spread nothing is known
    assert np.abs(Scaler.fit(x).transform(x)[:, 0]).max() < 1e-6  # in one unit it would be lost

"""Compiled code computes what NumPy does, to the last bit; `tests/test_measures.py` compares that with scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from fastmlp.backends import Backend, get_backend

numba: Any = pytest.importorskip("numba")

COMPILED, REFERENCE = get_backend("numba"), get_backend("numpy")
BACKENDS = [pytest.param(COMPILED, id="compiled"), pytest.param(REFERENCE, id="reference")]


@st.composite
def predictions(draw: st.DrawFn) -> tuple[Any, Any]:
    """Probabilities (n, classes), with ties where scores are few, and labels, of which some classes may have none."""
    n, n_classes, seed = draw(st.integers(1, 200)), draw(st.integers(1, 12)), draw(st.integers(0, 999))
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, draw(st.sampled_from([2, 5, 10**6])), (n, n_classes)) + 1e-9
    return scores / scores.sum(axis=1, keepdims=True), generator.integers(0, draw(st.integers(1, n_classes)), n)


@given(predictions())
def test_compiled_counts_are_those_of_numpy(case: tuple[Any, Any]) -> None:
    for ours, reference in zip(COMPILED.count(*case), REFERENCE.count(*case), strict=True):
        assert_array_equal(ours, reference, strict=True)


@given(predictions())
def test_half_of_the_ranks_are_the_examples_below_where_ties_count_half(case: tuple[Any, Any]) -> None:
    p, y = case
    below = np.array([[(p[:, k] < p[i, k]).sum() + (p[:, k] == p[i, k]).sum() / 2 for i, k in enumerate(y)]]).T
    expected = [below[y == k].sum() for k in range(p.shape[1])]
    assert_array_equal(COMPILED.count(p, y).ranks / 2, expected)


def test_arrays_of_any_kind_of_memory_are_counted_over() -> None:
    generator = np.random.default_rng(0)
    p, y = generator.dirichlet(np.ones(4), 50), generator.integers(0, 4, 50)
    wide = np.repeat(np.repeat(p, 2, axis=1), 2, axis=0)[::2, ::2]
    p.flags.writeable = y.flags.writeable = False
    assert_array_equal(COMPILED.count(p, y).ranks, COMPILED.count(wide, y).ranks)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("value", "label"), [(np.nan, 0), (np.inf, 0), (0.5, 2), (0.5, -1)])
def test_what_is_no_probability_or_no_class_is_refused(backend: Backend, value: float, label: int) -> None:
    with pytest.raises((ValueError, IndexError)), np.errstate(invalid="ignore"):
        backend.count(np.array([[0.5, 0.5], [value, 0.5]]), np.array([1, label]))


@given(st.integers(0, 999), st.sampled_from(["float32", "float64"]), st.sampled_from(["float32", "float64"]))
def test_compiled_standardisation_is_that_of_numpy(seed: int, given_as: str, dtype: str) -> None:
    generator = np.random.default_rng(seed)
    n, features = generator.integers(1, 300), generator.integers(1, 70)
    X = (generator.normal(size=(n, features)) * 10.0 ** generator.integers(-30, 30)).astype(given_as)
    scale = np.where(generator.random(features) < 0.1, np.inf, generator.exponential(size=features))
    X.flags.writeable = bool(generator.integers(2))
    ours, reference = (b.standardise(X, X[0].astype(float), scale, dtype) for b in (COMPILED, REFERENCE))
    assert_array_equal(ours, reference, strict=True)


@given(st.integers(0, 999), st.sampled_from(["float32", "float64"]))
def test_compiled_counts_of_right_predictions_are_those_of_numpy(seed: int, dtype: str) -> None:
    generator = np.random.default_rng(seed)
    views, n, classes = generator.integers(1, (4, 50, 7))
    few = [-np.inf, -1.0, 0.0, 2.0, np.inf, *[np.nan] * int(generator.integers(2))]
    logits, y = generator.choice(few, (views, n, classes)).astype(dtype), generator.integers(0, classes, n)
    assert_array_equal(COMPILED.count_right(logits, y), REFERENCE.count_right(logits, y), strict=True)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score

from fastmlp.errors import InvalidInput
from fastmlp.estimators.held_back import hold_back_alike, r_squared, split_rows
from fastmlp.registry import SQUARED_ERROR
from fastmlp.training import Examples

from ..conftest import SeededRng


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_r_squared_is_scikit_learns(outputs: int, rng: SeededRng, *, weighted: bool) -> None:
    y = rng.normal(20, outputs)
    weights = rng.generator.uniform(0, 2, 20) if weighted else None
    for predicted in (y + 0.3 * rng.normal(20, outputs), y):
        assert_allclose(r_squared(y, predicted, weights), r2_score(y, predicted, sample_weight=weights))
    y[:, 0] = 2.0  # an output that does not vary
    assert_allclose(r_squared(y, predicted, weights), r2_score(y, predicted, sample_weight=weights))
    assert_allclose(r_squared(y, y, weights), 1.0)


def test_one_example_is_too_few_to_hold_back(rng: SeededRng) -> None:
    examples = Examples(rng.normal(5, 2), rng.normal(5, 1))
    with pytest.raises(InvalidInput, match=r"validation set is too small.*0.1 of 5 examples are 1"):
        split_rows(examples, SQUARED_ERROR, 0.1, np.random.RandomState(0))


def test_copies_and_weights_are_held_back_alike() -> None:
    draw = np.random.default_rng(0)
    X, labels, weights = draw.normal(size=(40, 3)), np.arange(40) % 4, draw.integers(1, 4, 40)
    mask = hold_back_alike(X, labels, weights.astype(float), 0.25, 4, np.random.default_rng(1))
    assert mask is not None
    assert 0.15 < weights[mask].sum() / weights.sum() <= 0.25
    assert len(set(labels[mask])) == 4, "of each class alike"
    rows = draw.permutation(np.repeat(np.arange(40), weights))
    copies = hold_back_alike(X[rows], labels[rows], None, 0.25, 4, np.random.default_rng(1))
    assert_array_equal(copies, mask[rows])
    assert hold_back_alike(X, labels, None, 0.25, 4, np.random.default_rng(1)) is None
    assert hold_back_alike(X, labels, np.full(40, 2.0), 0.25, 4, np.random.default_rng(1)) is None
    few = hold_back_alike(X[[0, 0, 1, 2, 3]], labels[[0, 0, 1, 2, 3]], None, 0.9, 4, np.random.default_rng(1))
    assert few is not None
    assert not few.any(), "one of each class is left"

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import r2_score

from fastmlp.errors import InvalidInput
from fastmlp.estimators.held_back import r_squared, split_rows
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

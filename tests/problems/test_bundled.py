from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import datasets

from fastmlp.problems import bundled, get_problem


@pytest.mark.parametrize("name", bundled.FILES)
@pytest.mark.parametrize("by", ["its file", "scikit-learn"])
def test_tables_are_those_of_scikit_learn(name: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "scikit-learn":
        monkeypatch.setattr(bundled, "find_spec", lambda _: None)
    X, y = bundled.table_of_sklearn(name)
    expected = getattr(datasets, f"load_{name}")(return_X_y=True)
    assert_array_equal(X, expected[0])
    assert_array_equal(y, expected[1])


def test_the_two_ways_to_measure_share_no_column() -> None:
    problem = get_problem("breast-cancer")
    assert problem.source.X.shape == problem.target.X.shape == (569, 10)
    assert (problem.source.X <= problem.target.X).all()  # a mean is not above the largest
    assert not problem.target.one_unit


def test_the_label_of_the_source_is_no_input() -> None:
    problem = get_problem("wine")
    strong = problem.source.y == 1
    assert problem.source.X is problem.target.X
    assert abs(strong.mean() - 0.5) < 0.03
    alcohol = datasets.load_wine().data[:, 0]
    assert not any(np.array_equal(column, alcohol) for column in problem.target.X.T)

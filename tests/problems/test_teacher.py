"""Teachers: their weights overlap as much as asked for, and all their classes occur."""

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.problems import teacher


@pytest.mark.parametrize(("overlap", "expected"), [(0.0, 0.0), (0.6, 0.6), (1.0, 1.0)])
def test_teachers_overlap_as_much_as_they_are_told(overlap: float, expected: float) -> None:
    seen = []
    for seed in range(30):
        problem = teacher("t", seed, overlap, n=600)
        # With one hidden unit in common the labels of both tasks depend on the same direction of the inputs
        means = [
            np.array([task.X[task.y == label].mean(axis=0) for label in range(10)])
            for task in (problem.source, problem.target)
        ]
        basis = [np.linalg.svd(m - m.mean(axis=0))[2][:4] for m in means]  # the four directions that the labels know
        seen.append(np.linalg.norm(basis[0] @ basis[1].T) ** 2 / 4)
    chance = 4 / 16  # of two random four-dimensional subspaces of sixteen dimensions
    assert (np.mean(seen) - chance) / (1 - chance) == pytest.approx(expected**2, abs=0.2)


def test_a_teacher_is_of_any_size_and_all_its_classes_occur() -> None:
    problem = teacher("t", 0, 0.5, n=3000, n_features=30, width=7, n_classes=6)
    assert problem.target.X.shape == (3000, 30)
    assert np.bincount(problem.target.y, minlength=6).min() > 100
    assert np.bincount(problem.source.y, minlength=6).min() > 100


def test_a_large_teacher_has_other_source_examples_and_the_same_target() -> None:
    small, large = teacher("t", 3, 0.5), teacher("t", 3, 0.5, n_source=5000)
    assert large.target.fingerprint == small.target.fingerprint
    assert large.source.X.shape == (5000, 16)
    assert not large.shared
    assert not np.isin(large.source.X[:, 0], large.target.X[:, 0]).any()
    assert large.source_pool == len(large.split(3).source) == 4000

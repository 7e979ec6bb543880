"""Splits: every part has its share of every class, and subsets are nested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from fastmlp.errors import LabelError, ShapeError
from fastmlp.problems import get_problem, group_folds, interleave


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 99))
def test_every_prefix_holds_each_class_within_one_of_its_share(counts: list[int], seed: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    rows = interleave(y, np.random.default_rng(seed))
    assert_array_equal(np.sort(rows), np.arange(len(y)))
    seen = np.cumsum(np.eye(len(counts))[y[rows]], axis=0)  # (prefix, class)
    share = np.arange(1, len(y) + 1)[:, None] * np.array(counts) / len(y)
    assert np.abs(seen - share).max() <= 1


def test_examples_within_a_class_come_in_random_order() -> None:
    y = np.repeat([0, 1], 50)
    orders = {tuple(interleave(y, np.random.default_rng(seed))) for seed in range(20)}
    assert len(orders) == 20
    first = [int(interleave(y, np.random.default_rng(seed))[0]) for seed in range(400)]
    assert abs(np.mean(np.array(first) < 50) - 0.5) < 0.1  # four standard errors: no class is favoured
    assert len(set(first)) > 90


@pytest.mark.parametrize("seed", [0, 1, 19])
def test_the_four_parts_are_disjoint_stratified_and_of_the_protocols_sizes(seed: int) -> None:
    problem = get_problem("parity")
    split = problem.split(seed)
    parts = [split.heldout, split.pool, split.probe, split.source]
    assert [len(part) for part in parts] == [500, 500, 100, 697]
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1797))
    share = np.bincount(problem.target.y) / 1797
    for part in parts:  # a stretch between two prefixes, each within one
        assert np.abs(np.bincount(problem.target.y[part]) - share * len(part)).max() <= 2


def test_subsets_are_nested_and_proportional() -> None:
    problem = get_problem("parity")
    split = problem.split(3)
    share = np.bincount(problem.target.y[split.pool]) / 500
    for small, large in [(20, 50), (50, 100), (100, 200), (200, 500)]:
        assert_array_equal(split.subset(large)[:small], split.subset(small))
        counts = np.bincount(problem.target.y[split.subset(small)], minlength=10)
        assert np.abs(counts - small * share).max() <= 1


def test_splits_are_drawn_anew_for_each_seed_and_the_same_for_one() -> None:
    problem = get_problem("parity")
    assert_array_equal(problem.split(4).heldout, problem.split(4).heldout)
    overlap = len(np.intersect1d(problem.split(4).heldout, problem.split(5).heldout))
    assert 90 < overlap < 190  # 500 * 500 / 1797 = 139 by chance


def test_subsets_that_the_pool_cannot_give_are_refused() -> None:
    split = get_problem("parity").split(0)
    with pytest.raises(ShapeError, match="n_target is 501; the target pool holds 500"):
        split.subset(501)
    with pytest.raises(ShapeError, match="n_target is 0"):
        split.subset(0)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=2, max_size=14), st.integers(2, 5))
def test_folds_of_groups_divide_none_and_leave_each_class_to_train_on(sizes: list[tuple[int, int]], folds: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), [size for size, _ in sizes])
    y = np.concatenate([(np.arange(size) % 2) * kind for size, kind in sizes])
    parts = None
    try:
        parts = group_folds(y, groups, folds, np.random.default_rng(0))
    except LabelError:
        alone = any(len(set(groups[y == label])) == 1 for label in set(y))
        assert alone or folds > len(sizes) or len(sizes) < 3 * folds, "groups are few"
    if parts is not None:
        assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
        of_parts = [set(groups[part]) for part in parts]
        assert sum(map(len, of_parts)) == len(sizes)
        assert all(set(np.delete(y, part)) == set(y) for part in parts)


def test_groups_that_cannot_be_divided_are_refused_by_name() -> None:
    y, rng = np.arange(12) % 2, np.random.default_rng(0)
    with pytest.raises(LabelError, match="folds is 5, and there are 3 groups; from 2 to 3 are possible"):
        group_folds(y, np.arange(12) // 4, 5, rng)
    with pytest.raises(LabelError, match="class 1 is in one group alone; two are needed, of which one can be held out"):
        group_folds((np.arange(12) < 4).astype(int), np.arange(12) // 4, 2, rng)
    with pytest.raises(LabelError, match="3 groups cannot be divided into 2 folds of at most 7 examples"):
        group_folds(y, np.arange(12) // 4, 2, rng, most=7)

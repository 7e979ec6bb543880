"""Problems of digits: the source differs from the target as the name says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits

from fastmlp.problems import get_problem
from fastmlp.problems.digits import SHIFTS, inverted, noisy, rotated, shuffled_blocks

from ..conftest import SeededRng


def test_parity_is_the_digits_by_parity_and_by_digit() -> None:
    problem = get_problem("parity")
    x, y = load_digits(return_X_y=True)
    assert_array_equal(problem.target.X, x)
    assert_array_equal(problem.target.y, y)
    assert_array_equal(problem.source.y, y % 2)
    assert (problem.source.n_classes, problem.target.n_classes) == (2, 10)


def test_halves_share_no_class_and_no_example() -> None:
    problem = get_problem("halves", 2)
    names = [set(task.name.removeprefix("digits-")) for task in (problem.source, problem.target)]
    assert names[0] | names[1] == set("0123456789")
    assert not names[0] & names[1]
    assert (problem.source.n_classes, problem.target.n_classes) == (5, 5)
    assert len(problem.source.y) + len(problem.target.y) == 1797
    assert [len(part) for part in (problem.split(2).heldout, problem.split(2).probe)] == [300, 80]


def test_halves_self_pretrains_on_its_own_sample() -> None:
    problem = get_problem("halves-self", 2)
    assert problem.on_subset
    assert problem.source is problem.target
    assert problem.target.name == get_problem("halves", 2).target.name


def test_images_are_rotated_inverted_shuffled_and_blurred_as_the_names_say(rng: SeededRng) -> None:
    image = np.zeros((1, 64))
    image[0, 3 * 8 + 0] = 5  # row 3, column 0
    turned = rotated(image, 90).reshape(8, 8)
    assert turned[7, 3] == pytest.approx(5) or turned[0, 4] == pytest.approx(5) or turned[7, 4] == pytest.approx(5)
    assert_array_equal(inverted(inverted(image)), image)
    assert inverted(image).max() == 16
    many = rng.normal(4000, 64)
    blocks = shuffled_blocks(many, np.random.default_rng(1))
    assert_array_equal(np.sort(blocks, axis=1), np.sort(many, axis=1))
    top_left = many[0].reshape(8, 8)[:4, :4]
    found = [np.array_equal(blocks[0].reshape(8, 8)[r : r + 4, c : c + 4], top_left) for r in (0, 4) for c in (0, 4)]
    assert sum(found) == 1  # a block moves whole
    assert not np.array_equal(blocks, many)
    assert (noisy(many, np.random.default_rng(1), 0.5) - many).std() == pytest.approx(3, rel=0.02)


def test_a_shift_changes_the_inputs_and_not_their_shape(rng: SeededRng) -> None:
    x = get_problem("parity").target.X[:50]
    for shift in SHIFTS.values():
        moved = shift(x, np.random.default_rng(0))
        assert moved.shape == x.shape
        assert np.abs(moved - x).mean() > 1

from __future__ import annotations

import numpy as np
import pytest

from fastmlp.problems.mnist import like_digits, naive


def image(rows: slice, columns: slice) -> np.ndarray:
    found = np.zeros((28, 28))
    found[rows, columns] = 1.0
    return found


def test_the_ink_fills_the_height_as_it_does_in_scikit_learns_digits() -> None:
    small, large = image(slice(10, 14), slice(12, 14)), image(slice(4, 24), slice(9, 19))
    seen = like_digits(np.stack([small, large])).reshape(2, 8, 8)
    assert (seen.sum(axis=2) > 0).all()
    assert np.array_equal(seen[0], seen[1])  # both are twice as high as wide
    assert set(np.unique(seen)) == {0.0, 16.0}
    assert (seen[0].sum(axis=0) > 0).tolist() == [False, False, True, True, True, True, False, False]


def test_ink_that_is_wider_than_high_is_not_cut() -> None:
    bar = like_digits(image(slice(12, 14), slice(2, 26))[None]).reshape(8, 8)
    assert (bar == 16).all()


def test_an_empty_image_stays_empty() -> None:
    assert not like_digits(np.zeros((1, 28, 28))).any()


def test_the_naive_way_only_makes_images_small() -> None:
    ink = image(slice(6, 14), slice(2, 10))
    seen = naive(ink[None]).reshape(8, 8)
    assert seen.sum() == pytest.approx(ink.sum())
    assert seen[2, 1] == 16
    assert seen[0, 0] == 0

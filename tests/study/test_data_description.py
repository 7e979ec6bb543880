"""Pictures travel with the facts of a problem: of its own examples, small, and none that is held out."""

from dataclasses import replace

import numpy as np
import pytest

from fastmlp.problems import get_problem
from fastmlp.study.data_description import pictures


@pytest.mark.parametrize("name", ["parity", "halves", "noisy-1"])
def test_pictures_are_examples_of_the_pools(name: str) -> None:
    problem = get_problem(name)
    split = problem.split(0)
    shown = pictures(problem, split)
    assert sorted(shown) == ["source", "target"]
    for label, pixels in shown["target"]:
        image = np.array([int(grey, 16) for grey in pixels])
        rows = split.pool[problem.target.y[split.pool] == int(label)]
        assert image.shape == (64,)
        assert np.abs(problem.target.X[rows] * 15 / 16 - image).max(axis=1).min() <= 0.5


def test_every_class_of_the_target_is_shown_in_order() -> None:
    problem = get_problem("parity")
    assert [label for label, _ in pictures(problem, problem.split(0))["target"]] == list("0123456789")


def test_inputs_that_are_no_images_have_none() -> None:
    problem = get_problem("teacher-0.5")
    assert pictures(problem, problem.split(0)) == {}


def test_sixty_four_features_are_no_image_yet() -> None:
    problem = replace(get_problem("parity"), images=False)
    assert pictures(problem, problem.split(0)) == {}

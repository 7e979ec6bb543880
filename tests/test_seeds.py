from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.seeds import rng_for

names = st.dictionaries(
    st.sampled_from(["task", "seed", "n_target", "replicate"]), st.integers(0, 99) | st.text(max_size=5)
)


@given(names)
def test_the_order_of_names_does_not_matter(given_names: dict[str, int | str]) -> None:
    backwards = dict(reversed(given_names.items()))
    assert rng_for("order", **given_names).random() == rng_for("order", **backwards).random()


@given(names, names)
def test_other_names_give_another_draw(one: dict[str, int | str], other: dict[str, int | str]) -> None:
    same = rng_for("order", **one).random() == rng_for("order", **other).random()
    assert same == (one == other)


def test_other_purposes_give_another_draw() -> None:
    assert rng_for("weights", seed=1).random() != rng_for("order", seed=1).random()


def test_a_number_is_not_its_text() -> None:
    assert rng_for("order", seed=1).random() != rng_for("order", seed="1").random()


def test_draws_of_neighbouring_seeds_are_not_correlated() -> None:
    draws = np.array([rng_for("order", seed=seed).normal(size=2000) for seed in range(20)])
    correlation = np.corrcoef(draws) - np.eye(20)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)  # five standard errors

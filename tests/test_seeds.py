from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.seeds import generator_of, rng_for, seed_for

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


LOOKALIKES: Any = st.sampled_from([True, 1, 1.0, np.int64(1), np.uint8(1), False, 0, 0.0, "1", "True"])


@given(st.lists(LOOKALIKES, min_size=2, max_size=6))
def test_a_seed_does_not_depend_on_what_was_asked_before(values: list[Any]) -> None:
    """Python holds True, 1 and 1.0 to be equal, and so would a cache; as names they are three."""
    for value in values:
        assert seed_for("order", seed=value) == seed_for.__wrapped__("order", seed=value)


@given(st.integers(0, 200), st.sampled_from([np.uint8, np.int32, np.uint64, np.intp]))
def test_a_seed_that_numpy_typed_is_the_number(seed: int, kind: Any) -> None:
    assert generator_of(kind(seed)).random() == generator_of(seed).random()
    assert seed_for("order", seed=kind(seed)) == seed_for("order", seed=seed)

"""Facts about data: counted by hand here, and none of them looks at what is held out."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.problems import Problem, Sizes, Task, describe_inputs, get_problem, in_both, repeated, warnings_about

from ..conftest import SeededRng

SIZES = Sizes(heldout=60, pool=100, probe=20)


def own(source: np.ndarray, target: np.ndarray, *, one_unit: bool = False) -> Problem:
    """A problem of two tasks whose labels do not matter."""
    known, wanted = (Task(name, x, np.arange(len(x)) % 2, one_unit) for name, x in (("s", source), ("t", target)))
    return Problem("mine", known, wanted, SIZES, shared=False)


def facts(problem: Problem) -> Any:
    return describe_inputs(problem, problem.split(0))


def test_inputs_that_are_distributed_alike_say_so(rng: SeededRng) -> None:
    found = facts(own(rng.normal(400, 3) * 5 + 2, rng.normal(400, 3) * 5 + 2))
    assert found.largest_mean_shift < 0.4
    assert 0.8 < found.largest_spread_ratio < 1.3
    assert found.outside_source_range < 0.03
    assert [found.constant_in_source, found.constant_in_source_only, found.ignored, found.sentinels] == [0, 0, 0, []]
    assert list(warnings_about("mine", found)) == []


def test_shifts_and_spreads_are_in_units_of_the_source(rng: SeededRng) -> None:
    x = rng.normal(400, 3) * [1, 10, 100]
    found = facts(own(x, (rng.normal(400, 3) * [1, 1, 3] - [0, 7, 0]) * [1, 10, 100]))
    assert found.largest_mean_shift == pytest.approx(7, rel=0.1)
    assert (found.largest_mean_shift_feature, found.largest_spread_ratio_feature) == (1, 2)
    assert found.largest_spread_ratio == pytest.approx(3, rel=0.2)
    assert 9 < found.largest_input < 13
    assert found.outside_source_range == pytest.approx((1 + 0.33) / 3, abs=0.05)


@pytest.mark.parametrize("one_unit", [True, False])
@given(features=st.sets(st.integers(0, 9), max_size=6), varying=st.sets(st.integers(0, 9), max_size=6))
def test_features_that_are_constant_in_the_source_are_counted_and_named(
    *, one_unit: bool, features: set[int], varying: set[int]
) -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(200, 10)), rng.normal(size=(200, 10))
    source[:, sorted(features)] = 3.7
    target[:, sorted(features - varying)] = 3.7
    found = facts(own(source, target, one_unit=one_unit))
    assert found.constant_in_source_features == sorted(features)
    assert found.constant_in_source_only_features == sorted(features & varying)
    assert (found.constant_in_source, found.constant_in_source_only) == (len(features), len(features & varying))
    assert found.ignored == (0 if one_unit else len(features & varying))
    assert len(list(warnings_about("mine", found))) == (found.ignored > 0)


def test_the_warning_names_features_and_their_number(rng: SeededRng) -> None:
    source, target = rng.normal(200, 40), rng.normal(200, 40)
    source[:, 3] = 0
    (one,) = warnings_about("mine", facts(own(source, target)))
    assert one.startswith("problem 'mine': feature 3 is constant in the source and not in the target: every pretrained")
    source[:, 5:35] = 0
    found = facts(own(source, target))
    (many,) = warnings_about("mine", found)
    assert many.startswith("problem 'mine': 31 features (3, 5, 6, 7, 8 and 26 more) are constant in the source and not")
    assert found.constant_in_source_features == [3, *range(5, 24)]
    source[:] = 0
    nothing = facts(own(source, target))
    assert (nothing.ignored, nothing.largest_mean_shift, nothing.largest_input_feature) == (40, None, None)


def test_sentinels_are_named_with_their_task(rng: SeededRng) -> None:
    source, target = rng.normal(200, 4), rng.normal(200, 4)
    target[:, 2] = np.where(np.arange(200) % 2, target[:, 2], -9999)
    found = facts(own(source, target))
    ((role, feature, value, n),) = found.sentinels
    assert (role, feature, value) == ("target", 2, -9999)
    assert 40 < n < 60, "half of the pool"
    (line,) = warnings_about("mine", found)
    assert line.startswith(f"problem 'mine': feature 2 of the target is -9999 in {n} of its examples, far from all")


def test_what_is_held_out_is_not_looked_at(rng: SeededRng) -> None:
    problem = own(rng.normal(400, 3), rng.normal(400, 3))
    split = problem.split(0)
    x = problem.target.X.copy()
    x[split.heldout] = 1e9
    x[split.probe] = -1e9
    other = replace(problem, target=Task("t", x, problem.target.y, one_unit=False))
    seen, before = (describe_inputs(each, split) for each in (other, problem))
    assert seen is not None
    assert before is not None
    assert asdict(seen) == asdict(before)


@pytest.mark.parametrize("name", ["same", "parity", "halves", "blocks", "noisy-1", "teacher-0.5", "inverted"])
def test_the_built_in_problems_need_no_warning(name: str) -> None:
    found = facts(get_problem(name))
    assert list(warnings_about(name, found)) == []
    assert found.one_unit
    assert all(value is None or np.isfinite(value) for value in vars(found).values() if not isinstance(value, list))


def test_inputs_of_any_scale_have_facts() -> None:
    x = np.random.default_rng(0).normal(size=(400, 2))
    for scale in (1e-300, 1e-170, 1e170, 1e299):
        found = facts(own(x * scale, x * scale + scale))
        assert found.largest_mean_shift == pytest.approx(1, rel=0.3)
    found = facts(own(x * 1e-300, x))  # farther than float64 can say, in units of the source
    assert found.largest_input_feature in {0, 1}


def test_examples_that_both_tasks_have_are_counted(rng: SeededRng) -> None:
    problem = own(rng.normal(600, 3), rng.normal(600, 3))
    mixed = np.concatenate([problem.source.X[:500], problem.target.X[::6]])
    assert in_both(replace(problem.source, X=mixed), problem.target) == 100
    assert in_both(problem.source, problem.target) == 0
    twice = replace(problem.target, X=np.concatenate([problem.target.X[:400], problem.target.X[:200]]))
    assert [repeated(problem.target), repeated(twice)] == [0, 200]


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0]), min_size=4, max_size=24))
def test_examples_are_the_same_if_their_numbers_are_equal(values: list[float]) -> None:
    x = np.array(values[: len(values) // 2 * 2]).reshape(-1, 2)
    task, other = (Task("t", inputs, np.arange(len(x)) % 2) for inputs in (x, np.where(x == 0, -x, x)))
    different = len({tuple(row) for row in x.tolist()})  # for Python 0.0 and -0.0 are equal
    assert repeated(task) == len(x) - different
    assert in_both(task, other) == in_both(other, task) == len(x)

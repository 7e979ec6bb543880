"""Every built-in problem by name: it repeats itself, keeps its parts apart, and only its source changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastmlp.errors import UnknownName
from fastmlp.problems import NEEDS, PROBLEMS, Scaler, Task, get_problem
from fastmlp.problems.registry import make_problem

from ..conftest import SeededRng

TABLES = ["breast-cancer", "wine"]
TEACHERS = ["teacher-0.5", "large-teacher-0.5"]
EVERY = [*(name for name in PROBLEMS if name not in NEEDS), "rotated-15", "noisy-0.5", *TEACHERS]
ON_DIGITS = [name for name in EVERY if not name.startswith("halves") and name not in (*TABLES, *TEACHERS)]


@pytest.mark.parametrize("name", EVERY)
def test_every_problem_keeps_its_parts_apart_and_repeats_itself(name: str) -> None:
    problem, again, other = (make_problem(name, seed) for seed in (3, 3, 4))
    split = problem.split(3)
    for one, same in ((problem.source, again.source), (problem.target, again.target)):
        assert one.fingerprint == same.fingerprint
    assert_array_equal(split.pool, again.split(3).pool)
    assert not np.array_equal(split.pool, other.split(4).pool)
    parts = [split.heldout, split.pool, split.probe] + [split.source] * problem.shared
    assert len(np.unique(np.concatenate(parts))) == sum(len(part) for part in parts)
    assert len(split.pool) == (problem.sizes.pool if name in TABLES else 500)
    assert len(split.source) == problem.source_pool
    assert problem.shared or len(np.intersect1d(split.source, split.source_heldout)) == 0
    assert not problem.shared or not np.isin(split.ceiling, np.concatenate(parts[:3])).any()
    assert name in TEACHERS or set(problem.target.y[split.subset(20)]) == set(range(problem.target.n_classes))


@pytest.mark.parametrize("name", ON_DIGITS)
def test_on_the_axis_only_the_source_changes(name: str) -> None:
    problem, parity = get_problem(name, 5), get_problem("parity", 5)
    assert problem.target is parity.target
    for part in ("heldout", "pool", "probe", "source"):
        assert_array_equal(getattr(problem.split(5), part), getattr(parity.split(5), part))


def test_what_a_seed_draws_of_a_problem_is_drawn_anew_for_the_next() -> None:
    for name in ("halves", "blocks", "permuted", "random-labels", "noisy-1", *TEACHERS):
        assert get_problem(name, 0).source.fingerprint != get_problem(name, 1).source.fingerprint


@pytest.mark.parametrize(
    "name", ["rotated-181", "rotated-", "rotated-x", "noisy--1", "teacher-1.5", "teacher-nan", "teacher-r"]
)
def test_a_number_that_a_family_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="unknown problem"):
        get_problem(name)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("rotated-1_0", "rotated-10"),
        ("rotated- 5", "rotated-5"),
        ("rotated-30.0", "rotated-30"),
        ("rotated--0", "rotated-0"),
        ("noisy-1e0", "noisy-1"),
        ("teacher-.5", "teacher-0.5"),
    ],
)
def test_a_number_has_one_spelling(name: str, canonical: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown problem '{name}'; did you mean '{canonical}'?"):
        get_problem(name)
    assert get_problem(canonical).name == canonical


def test_an_unknown_problem_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown problem 'party'; did you mean 'parity'"):
        get_problem("party")


def test_a_task_says_in_which_units_its_features_are(rng: SeededRng) -> None:
    x, y, rows = rng.normal(30, 2) * [1, 1e4], rng.labels(30, 2), np.arange(20)
    for one_unit in (True, False):
        scaler = Task("mine", x, y, one_unit=one_unit).scaler(rows)
        assert scaler.scale.tolist() == Scaler.fit(x[rows], one_unit=one_unit).scale.tolist()
    assert {name for name in EVERY if not get_problem(name).target.one_unit} == {*TABLES}


@pytest.mark.parametrize("name", [*EVERY, "teacher-1"])
def test_classes_are_said_to_be_the_same_where_labels_mean_the_same(name: str) -> None:
    problem = get_problem(name, 3)
    means_the_same = problem.source.n_classes == problem.target.n_classes and (
        np.array_equal(problem.source.y, problem.target.y)
    )
    assert problem.same_classes == means_the_same


def test_controls_are_those_whose_source_is_useless_or_made_up() -> None:
    assert {name for name in EVERY if get_problem(name, 3).control} == {"random-labels", "halves-self", *TEACHERS}

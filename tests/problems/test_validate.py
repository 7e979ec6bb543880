"""Two tasks of a user's own: which make a problem, and splits that have every class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmlp.errors import InvalidInput, LabelError, ShapeError
from fastmlp.problems import Problem, Sizes, Task, check_own, sizes_for, sizes_of_folds
from fastmlp.study.settings.sizes import sizes_that_fit

from ..conftest import SeededRng

counts = st.lists(st.integers(1, 300), min_size=2, max_size=6)
said = st.dictionaries(st.sampled_from(["heldout", "pool", "probe"]), st.integers(20, 99), max_size=2)


@given(counts, counts, st.sampled_from([True, False]), st.integers(0, 9), said)
def test_every_part_of_a_split_that_is_allowed_has_every_class(
    target: list[int], source: list[int], shared: Any, seed: int, said: dict[str, int]
) -> None:
    y = np.repeat(np.arange(len(target)), target)
    theirs = np.arange(len(y)) % len(source) if shared else np.repeat(np.arange(len(source)), source)
    known, wanted = Task("s", np.zeros((len(theirs), 1)), theirs), Task("t", np.ones((len(y), 1)), y)
    problem = Problem("mine", known, wanted, sizes_for(wanted, shared=shared, **said), shared=shared)
    assert {part: getattr(problem.sizes, part) for part in said} == said
    try:
        check_own(problem)
    except InvalidInput:
        return
    split = problem.split(seed)
    assert [len(split.heldout), len(split.pool), len(split.probe)] == [*vars(problem.sizes).values()]
    for part in (split.heldout, split.pool, *([split.probe] if problem.sizes.probe else [])):
        assert len(set(y[part])) == len(target)
    if shared:
        assert len(split.source) >= len(source)
    else:
        assert len(set(theirs[split.source])) == len(set(theirs[split.source_heldout])) == len(source)


@given(st.lists(st.integers(2, 40), min_size=2, max_size=12), st.integers(0, 9))
def test_a_small_target_makes_a_problem_without_a_setting(target: list[int], seed: int) -> None:
    y = np.repeat(np.arange(len(target)), target)
    known, wanted = Task("s", np.zeros((50, 1)), np.arange(50) % 2), Task("t", np.ones((len(y), 1)), y)
    problem = Problem("mine", known, wanted, sizes_for(wanted, shared=False), shared=False)
    check_own(problem)
    split = problem.split(seed)
    assert len(set(y[split.heldout])) == len(set(y[split.pool])) == len(target)
    assert {*sizes_that_fit([problem])} >= {len(split.pool)}


@given(st.lists(st.integers(2, 40), min_size=2, max_size=12), st.integers(2, 6), st.integers(0, 99))
def test_each_example_is_held_out_once_by_the_seeds_of_a_division(target: list[int], folds: int, seed: int) -> None:
    y = np.repeat(np.arange(len(target)), target)
    known, wanted = Task("s", np.zeros((50, 1)), np.arange(50) % 2), Task("t", np.ones((len(y), 1)), y)
    problem = Problem("mine", known, wanted, sizes_of_folds(wanted, folds), shared=False, folds=folds)
    try:
        check_own(problem)
    except InvalidInput:
        assert len(y) < 2 * len(target) + folds, "it is too small"
        return
    first = seed // folds * folds
    splits = [problem.split(first + fold) for fold in range(folds)]
    held_out = np.concatenate([split.heldout for split in splits])
    assert len(set(held_out)) == len(held_out) >= len(y) - folds + 1
    for split in splits:
        assert not set(split.heldout) & {*split.pool, *split.probe}
        assert len(set(y[split.pool])) == len(target)
        counts = np.bincount(y[split.heldout], minlength=len(target))
        assert (abs(counts - np.divide(target, folds)) < 2).all(), "one row more or less, and one that is spare"
    assert (len(y) < 20) or set(problem.split(first + folds).heldout) != set(splits[0].heldout)


def problem_of(rng: SeededRng, n: int = 600, **changes: Any) -> Problem:
    """A problem that is allowed, and then changed."""
    source, target = (Task(name, rng.normal(n, 3), np.arange(n) % k) for name, k in (("s", 2), ("t", 4)))
    problem = Problem("mine", source, target, Sizes(200, 200, 40))
    return replace(problem, **{name: change(problem) for name, change in changes.items()})


MISFITS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "classes": (
        {"same_classes": lambda _: True},
        LabelError,
        "same_classes is true, but the source has 2 classes and the target 4",
    ),
    "features": (
        {"source": lambda p: Task("s", p.source.X[:, :2], p.source.y)},
        ShapeError,
        "has 2 features, the target has 3",
    ),
    "shared": (
        {"source": lambda p: Task("s", p.source.X[1:], p.source.y[1:])},
        ShapeError,
        "has 599 examples, the target 600; with shared = true row i",
    ),
    "sizes": (
        {"sizes": lambda _: Sizes(300, 200, 99)},
        ShapeError,
        "asks for 601 examples, heldout 300, pool 200, probe 99 and at least 2 for the source pool; the target has 600",
    ),
    "unshared": (
        {"sizes": lambda _: Sizes(300, 200, 101), "shared": lambda _: False},
        ShapeError,
        "asks for 601 examples, heldout 300, pool 200, probe 101; the target has 600",
    ),
    "rare": (
        {"sizes": lambda _: Sizes(200, 200, 7)},
        LabelError,
        r"class 0 has 150 of 600 target examples; with probe = 7 its share is 1\.8, and 2 are needed",
    ),
    "a single one": (
        {"target": lambda p: Task("t", p.target.X, np.minimum(np.arange(600), 1))},
        LabelError,
        "class 0 has 1 of 600 target examples; .* needed; leave that class out, or join it with another",
    ),
    "rare source": (
        {"source": lambda p: Task("s", p.source.X, (np.arange(600) < 4).astype(np.int64))},
        LabelError,
        "class 1 has 4 of 600 source examples; 5 are needed",
    ),
    "leak": (
        {"source": lambda p: p.target, "shared": lambda _: False},
        InvalidInput,
        "all 600 target examples are in the source, so none is held out; leave them out, or say shared = true",
    ),
}


def test_a_refusal_of_sizes_names_some_that_would_do(rng: SeededRng) -> None:
    problem = problem_of(rng, sizes=lambda _: Sizes(200, 200, 7))
    with pytest.raises(LabelError, match=r"these would do: heldout = 168, pool = 168, probe = 36$"):
        check_own(problem)
    check_own(replace(problem, sizes=Sizes(168, 168, 36)))


@pytest.mark.parametrize("case", MISFITS)
def test_tasks_that_make_no_problem_are_refused(rng: SeededRng, case: str) -> None:
    check_own(problem_of(rng))
    changes, kind, message = MISFITS[case]
    with pytest.raises(kind, match=message):
        check_own(problem_of(rng, **changes))


def test_sizes_are_the_labs_where_there_is_enough_and_more_where_a_class_is_rare() -> None:
    def sizes(n: int, classes: int, *, shared: bool) -> list[int]:
        return list(vars(sizes_for(Task("t", np.zeros((n, 1)), np.arange(n) % classes), shared=shared)).values())

    assert sizes(1797, 10, shared=True) == [500, 500, 100]
    assert sizes(9000, 10, shared=False) == [500, 500, 100]
    assert sizes(9000, 100, shared=False) == [500, 500, 200]
    assert sizes(1000, 2, shared=True) == [280, 280, 60]
    assert sizes(1000, 2, shared=False) == [450, 450, 100]
    assert sizes(40, 2, shared=True) == [11, 11, 0]
    assert sizes(41, 20, shared=False) == [20, 21, 0]

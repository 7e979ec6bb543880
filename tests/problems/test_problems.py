from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits

from fastmlp.errors import ShapeError, UnknownName
from fastmlp.problems import PROBLEMS, Scaler, Task, get_problem, interleave, teacher
from fastmlp.problems.digits import SHIFTS, inverted, noisy, rotated, shuffled_blocks

from ..conftest import SeededRng


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


def test_parity_is_the_digits_by_parity_and_by_digit() -> None:
    problem = get_problem("parity")
    x, y = load_digits(return_X_y=True)
    assert_array_equal(problem.target.X, x)
    assert_array_equal(problem.target.y, y)
    assert_array_equal(problem.source.y, y % 2)
    assert (problem.source.n_classes, problem.target.n_classes) == (2, 10)


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


def test_the_fingerprint_changes_with_a_single_pixel() -> None:
    task = get_problem("parity").target
    copied, changed = task.X.copy(), task.X.copy()
    changed[0, 0] += 1
    one, other, third = (Task("digits", X, y) for X, y in ((copied, task.y), (changed, task.y), (copied, 9 - task.y)))
    assert one.fingerprint == task.fingerprint
    assert len({task.fingerprint, other.fingerprint, third.fingerprint}) == 3


EVERY = [*PROBLEMS, "rotated-15", "noisy-0.5", "teacher-0.5"]
ON_DIGITS = [name for name in EVERY if not name.startswith(("halves", "teacher"))]


@pytest.mark.parametrize("name", EVERY)
def test_every_problem_keeps_its_parts_apart_and_repeats_itself(name: str) -> None:
    problem, again, other = (get_problem.__wrapped__(name, seed) for seed in (3, 3, 4))
    split = problem.split(3)
    for one, same in ((problem.source, again.source), (problem.target, again.target)):
        assert one.fingerprint == same.fingerprint
    assert_array_equal(split.pool, again.split(3).pool)
    assert not np.array_equal(split.pool, other.split(4).pool)
    parts = [split.heldout, split.pool, split.probe] + [split.source] * problem.shared
    assert len(np.unique(np.concatenate(parts))) == sum(len(part) for part in parts)
    assert len(split.pool) == 500
    assert problem.shared or len(np.intersect1d(split.source, split.source_heldout)) == 0
    assert not problem.shared or not np.isin(split.ceiling, np.concatenate(parts[:3])).any()
    assert name.startswith("teacher") or set(problem.target.y[split.subset(20)]) == set(range(problem.target.n_classes))


@pytest.mark.parametrize("name", ON_DIGITS)
def test_on_the_axis_only_the_source_changes(name: str) -> None:
    problem, parity = get_problem(name, 5), get_problem("parity", 5)
    assert problem.target is parity.target
    for part in ("heldout", "pool", "probe", "source"):
        assert_array_equal(getattr(problem.split(5), part), getattr(parity.split(5), part))


def test_what_a_seed_draws_of_a_problem_is_drawn_anew_for_the_next() -> None:
    for name in ("halves", "blocks", "permuted", "random-labels", "noisy-1", "teacher-0.5"):
        assert get_problem(name, 0).source.fingerprint != get_problem(name, 1).source.fingerprint


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
    assert all(get_problem(name).target.one_unit for name in EVERY)

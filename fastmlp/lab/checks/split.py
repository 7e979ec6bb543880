"""Checks of `split`: four parts that share nothing, hold every class, and depend on the generator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..student import Mistake, Student
from ..texts import at

Ints = NDArray[np.int64]
SIZES = (500, 400, 100)
N, N_CLASSES = 1500, 6
FIRST = 100  # examples of the pool, in which chance leaves no class out
OFF = 3  # examples by which a class may miss its share: rounding, not chance


def check_split(student: Student, rng: np.random.Generator) -> None:
    """Check `split`."""
    y = np.sort(rng.permutation(np.arange(N) % N_CLASSES))  # sorted, so that a split that forgets to shuffle shows
    seed = int(rng.integers(2**31))
    parts = _parts(student.call("split", y, SIZES, np.random.default_rng(seed)), len(y))
    _check_sizes(parts)
    _check_disjoint(parts)
    _check_classes(parts, y)
    _check_order(parts[1], y)
    again = _parts(student.call("split", y, SIZES, np.random.default_rng(seed)), len(y))
    if any(not np.array_equal(a, b) for a, b in zip(parts, again, strict=True)):
        raise Mistake("split_not_repeatable", at("first_rows"), again[0], parts[0])
    other = _parts(student.call("split", y, SIZES, np.random.default_rng(seed + 1)), len(y))
    if np.array_equal(np.sort(parts[0]), np.sort(other[0])):
        raise Mistake("split_ignores_rng", at("first_rows_with_another_generator"), other[0])
    labels = rng.permutation(y)
    if np.array_equal(
        np.sort(_parts(student.call("split", labels, SIZES, np.random.default_rng(seed)), N)[0]), np.arange(500)
    ):
        raise Mistake("split_not_shuffled")


def _parts(value: Any, n: int) -> list[Ints]:
    """Return the row numbers of four parts; a mask stands for its rows."""
    if isinstance(value, dict):
        value = list(value.values())
    try:
        parts = [np.asarray(part) for part in value]
    except (TypeError, ValueError):
        raise Mistake("split_parts", at("returned"), type(value).__name__, at("four_arrays")) from None
    if len(parts) != len(SIZES) + 1:
        raise Mistake("split_parts", at("number_of_parts"), len(parts), len(SIZES) + 1)
    parts = [np.flatnonzero(part) if part.dtype == bool and part.shape == (n,) else part for part in parts]
    for part in parts:
        if part.ndim != 1 or part.dtype.kind not in "iuf" or (part != part.astype(np.int64)).any():
            raise Mistake("split_not_rows", at("an_element"), part.ravel()[:3], at("row_numbers"))
        if part.size and not 0 <= part.min() <= part.max() < n:
            raise Mistake("split_outside", at("row_number"), int(part.max()), at("0_to_v1", v1=n - 1))
    return [part.astype(np.int64) for part in parts]


def _check_sizes(parts: list[Ints]) -> None:
    wanted = [*SIZES, N - sum(SIZES)]
    found = [len(part) for part in parts]
    if found == wanted:
        return
    values = np.concatenate(parts)
    if found[:-1] == wanted[:-1] and found[-1] < wanted[-1]:
        raise Mistake("split_rest_dropped", at("examples_in_the_last_part"), found[-1], wanted[-1])
    if found[-1] == N or found[0] == N:
        raise Mistake("split_part_is_everything", at("examples_in_a_part"), N, str(wanted))
    if len(np.unique(values)) <= N_CLASSES:
        raise Mistake("split_labels", at("values"), np.unique(values), at("row_numbers"))
    raise Mistake("split_sizes", at("sizes"), str(found), str(wanted))


def _check_disjoint(parts: list[Ints]) -> None:
    if max(int(part.max()) for part in parts) < N_CLASSES:
        raise Mistake("split_labels", at("values"), np.unique(np.concatenate(parts)), at("row_numbers"))
    for part in parts:
        rows, counts = np.unique(part, return_counts=True)
        if counts.max() > 1:
            row = int(rows[counts.argmax()])
            raise Mistake("split_replacement", at("times_that_row_row_is_in_one_part", row=row), int(counts.max()), 1)
    for first, part in enumerate(parts):
        for other in range(first + 1, len(parts)):
            shared = np.intersect1d(part, parts[other])
            if shared.size:
                raise Mistake(
                    "split_overlap",
                    at("rows_both_in_part_v1_and_in_part_v2", v1=first + 1, v2=other + 1),
                    len(shared),
                    0,
                )


def _check_order(pool: Ints, y: Ints) -> None:
    """The first examples of the pool hold every class; with sorted labels, neighbours do not."""
    counts = np.bincount(y[pool[:FIRST]], minlength=N_CLASSES)
    if not counts.all():
        share = FIRST / N_CLASSES
        where = at("examples_of_each_class_among_the_first_of_part_2", n=FIRST)
        raise Mistake("split_pool_in_order", where, str(counts.tolist()), at("about_share_0f_each", share=share))


def _check_classes(parts: list[Ints], y: Ints) -> None:
    for number, part in enumerate(parts):
        counts = np.bincount(y[part], minlength=N_CLASSES)
        share = len(part) / N_CLASSES
        if np.abs(counts - share).max() <= OFF:
            continue
        where = at("examples_of_each_class_in_part_v1", v1=number + 1)
        one_class = np.count_nonzero(counts) < N_CLASSES
        key = "split_not_shuffled" if one_class and len(part) >= 100 else "split_not_stratified"
        raise Mistake(key, where, str(counts.tolist()), at("about_share_0f_each", share=share))

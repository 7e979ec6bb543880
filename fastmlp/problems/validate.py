"""Whether two tasks of a user's own make a problem: sizes of the split, classes that are too rare, nothing held out."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput, LabelError, ShapeError
from .facts import in_both
from .split import Sizes

if TYPE_CHECKING:
    from .task import Problem, Task

LAB = Sizes()
# Largest share of the target examples that each part may take: if the source pool is one of the parts, and if it is not
SHARES = {True: {"heldout": 0.28, "pool": 0.28, "probe": 0.06}, False: {"heldout": 0.45, "pool": 0.45, "probe": 0.1}}
IN_EACH = 2  # expected examples of a class in each part: a part is within two of its share, so every class is in it
SOURCE_EACH = 5  # examples of a class in the source: one of them is for evaluating the pretrained network


def sizes_for(target: Task, *, shared: bool, **given: int | None) -> Sizes:
    """Return the sizes of a split: those that are given; else the lab's, or as much as the examples allow.

    A part is larger than the lab's if the rarest class needs it.

    Parameters
    ----------
    target
        The task that is divided.
    shared
        Whether the source pool is one of the parts.
    given
        Sizes that are fixed, by the names of `Sizes`.

    Examples
    --------
    >>> from fastmlp.problems import Task
    >>> task = Task("small", np.zeros((1000, 2)), np.arange(1000) % 4)
    >>> sizes_for(task, shared=True, heldout=400)
    Sizes(heldout=400, pool=280, probe=60)
    """
    n = len(target.y)
    due = ceil(IN_EACH * n / np.bincount(target.y).min())
    most = {part: int(share * n) for part, share in SHARES[shared].items()}
    parts = {part: given.get(part) or min(most[part], max(getattr(LAB, part), due)) for part in most}
    return Sizes(**parts)


def check_own(problem: Problem) -> None:
    """Check that two tasks make a problem, and that each part of its split has every class.

    Raises
    ------
    ShapeError
        If the tasks have different features, are shared and not of one length, or are too small for the split.
    LabelError
        If a class is too rare, or classes that are said to be the same are not as many.
    InvalidInput
        If all target examples are among the source's without being shared, so that nothing is held out.
    """
    source, target, sizes = problem.source, problem.target, problem.sizes
    if source.X.shape[1] != target.X.shape[1]:
        raise ShapeError(f"the source has {source.X.shape[1]} features, the target {target.X.shape[1]}")
    if problem.shared and len(source.y) != len(target.y):
        lengths = f"the source has {len(source.y)} examples, the target {len(target.y)}"
        raise ShapeError(f"{lengths}; with shared = true row i of both is one example")
    if not problem.shared and in_both(source, target) == len(target.y):
        remedy = "leave them out, or say shared = true if row i of both is one example"
        raise InvalidInput(f"all {len(target.y)} target examples are in the source, so none is held out; {remedy}")
    if problem.same_classes and source.n_classes != target.n_classes:
        raise LabelError(
            f"same_classes is true, but the source has {source.n_classes} classes and the target {target.n_classes}"
        )
    needed = sizes.heldout + sizes.pool + sizes.probe + problem.shared * source.n_classes
    if needed > len(target.y):
        rest = f" and at least {source.n_classes} for the source pool" if problem.shared else ""
        parts = f"heldout {sizes.heldout}, pool {sizes.pool}, probe {sizes.probe}{rest}"
        raise ShapeError(f"the split asks for {needed} examples, {parts}; the target has {len(target.y)}")
    _check_classes(source, target, sizes)


def _check_classes(source: Task, target: Task, sizes: Sizes) -> None:
    """Refuse classes that are too rare."""
    for part in SHARES[True]:
        counts, size = np.bincount(target.y), getattr(sizes, part)
        share = counts.min() * size / len(target.y)
        if share < IN_EACH:
            due = f"with {part} = {size} its share is {share:.2g}, and {IN_EACH} are needed"
            raise LabelError(f"class {counts.argmin()} has {counts.min()} of {len(target.y)} target examples; {due}")
    counts = np.bincount(source.y)
    if counts.min() < SOURCE_EACH:
        raise LabelError(
            f"class {counts.argmin()} has {counts.min()} of {len(source.y)} source examples; {SOURCE_EACH} are needed"
        )

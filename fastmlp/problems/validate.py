"""Whether two tasks of a user's own make a problem: sizes of the split, classes that are too rare, nothing held out."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput, LabelError, ShapeError
from ..seeds import rng_for
from .facts import in_both
from .split import Sizes, group_folds, slack_of

if TYPE_CHECKING:
    from .task import Problem, Task

LAB = Sizes()
# Largest share of the target examples that each part may take: if the source pool is one of the parts, and if it is not
SHARES = {True: {"heldout": 0.28, "pool": 0.28, "probe": 0.06}, False: {"heldout": 0.45, "pool": 0.45, "probe": 0.1}}
WITHIN = 2  # expected examples of a class in each part: a part is within two of its share, so every class is in it
FEWEST_EACH = 2  # examples of a class: one to train on, and one to hold out
TOO_RARE = "leave that class out, or join it with another"
FOLDS = 5  # of a cross-validation
DIVISIONS = 3  # of groups into folds, which say how many rows a fold may have
SOURCE_EACH = 5  # examples of a class in the source: one of them is for evaluating the pretrained network


def folds_for(target: Task, *, shared: bool) -> int:
    """Return in how many folds a target is cross-validated unless it is said: 0, a held-out set, where it is large.

    A target that shares its examples with the source has none: what is held out of one must be held out of the other.
    """
    if shared or len(target.y) >= LAB.heldout + LAB.pool:
        return 0
    return FOLDS if target.groups is None else max(2, min(FOLDS, int(target.groups.max()) + 1))


def sizes_of_folds(target: Task, folds: int, probe: int | None = None) -> Sizes:
    """Return the sizes of a split in which one of some folds is held out, and all others may be trained on.

    Folds that divide no group differ in size: the largest of a few divisions says how many rows all may have.

    Examples
    --------
    >>> from fastmlp.problems import Task
    >>> sizes_of_folds(Task("small", np.zeros((104, 2)), np.arange(104) % 2), 5)
    Sizes(heldout=20, pool=73, probe=10)
    """
    n = len(target.y)
    if probe is None:
        most = int(SHARES[False]["probe"] * n)
        probe = most if most >= ceil(WITHIN * n / np.bincount(target.y).min()) else 0
    return Sizes(n // folds, n - _largest_fold(target, folds) - probe, probe)


def _largest_fold(target: Task, folds: int) -> int:
    """Return how many rows a fold may have."""
    n, groups = len(target.y), target.groups
    if groups is None:
        return ceil(n / folds)
    draws = (rng_for("folds", task=target.name, seed=seed) for seed in range(DIVISIONS))
    return max(len(part) for rng in draws for part in group_folds(target.y, groups, folds, rng))


def sizes_for(target: Task, *, shared: bool, **given: int | None) -> Sizes:
    """Return the sizes of a split: those that are given; else the lab's, or as much as the examples allow.

    A part is larger than the lab's if the rarest class needs it. Where the examples are so few that a class would be
    missing from the probe set, there is none; the others then share its examples.

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
    >>> sizes_for(Task("smaller", np.zeros((40, 2)), np.arange(40) % 4), shared=False)
    Sizes(heldout=20, pool=20, probe=0)
    """
    n = len(target.y) - target.largest_group  # a held-out set of whole groups may be larger by one of them
    due = ceil(WITHIN * n / np.bincount(target.y).min())
    most = {part: int(share * n) for part, share in SHARES[shared].items()}
    probe = given.get("probe")
    if probe is None and most["probe"] < due:
        probe = 0
        if not shared:
            most |= {"heldout": n // 2, "pool": n - n // 2}
    parts = {part: given.get(part) or min(most[part], max(getattr(LAB, part), due)) for part in ("heldout", "pool")}
    return Sizes(**parts, probe=min(most["probe"], max(LAB.probe, due)) if probe is None else probe)


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
    source, target = problem.source, problem.target
    if source.X.shape[1] != target.X.shape[1]:
        what = "source has" if problem.pretrained is None else "pretrained network takes"
        raise ShapeError(f"the {what} {source.X.shape[1]} features, the target has {target.X.shape[1]}")
    if problem.shared and len(source.y) != len(target.y):
        lengths = f"the source has {len(source.y)} examples, the target {len(target.y)}"
        raise ShapeError(f"{lengths}; with shared = true row i of both is one example")
    if problem.pretrained is None and not problem.shared and in_both(source, target) == len(target.y):
        remedy = "leave them out, or say shared = true if row i of both is one example"
        raise InvalidInput(f"all {len(target.y)} target examples are in the source, so none is held out; {remedy}")
    if problem.same_classes and source.n_classes != target.n_classes:
        raise LabelError(
            f"same_classes is true, but the source has {source.n_classes} classes and the target {target.n_classes}"
        )
    check_target(problem)
    if problem.pretrained is None:
        _check_source(source)


def check_target(problem: Problem) -> None:
    """Check that each part of a problem's split has every class.

    Raises
    ------
    ShapeError, LabelError, InvalidInput
        If there are too few examples, or a class is too rare.
    """
    target, sizes = problem.target, problem.sizes
    if problem.folds:
        _check_folds(problem)
    spare = 0 if problem.folds else target.largest_group
    least = problem.source.n_classes if problem.shared else 0  # of the source pool
    needed = sizes.heldout + sizes.pool + sizes.probe + least + spare
    if needed > len(target.y):
        rest = f" and at least {least} for the source pool" if problem.shared else ""
        rest += f", and {spare} more for the largest group" if spare else ""
        parts = f"heldout {sizes.heldout}, pool {sizes.pool}, probe {sizes.probe}{rest}"
        remedy = "" if problem.folds else f"; {_remedy(target, shared=problem.shared)}"
        raise ShapeError(f"the split asks for {needed} examples, {parts}; the target has {len(target.y)}{remedy}")
    if not problem.folds and (misfit := _misfit(target, sizes, shared=problem.shared)):
        raise LabelError(f"{misfit}; {_remedy(target, shared=problem.shared)}")
    if target.groups is not None:
        problem.split(0)  # which refuses groups that cannot be divided


def _check_folds(problem: Problem) -> None:
    """Refuse a cross-validation in which a class may be missing from what is trained on."""
    target, folds, sizes = problem.target, problem.folds, problem.sizes
    counts, n = np.bincount(target.y), len(target.y)
    if problem.shared:
        raise InvalidInput(f"folds is {folds}, and shared is true; examples that are shared have a held-out set")
    most = n if target.groups is None else len(np.unique(target.groups))
    if not 2 <= folds <= most:
        raise InvalidInput(f"folds is {folds}; from 2 to {most} are possible, or 0 for a held-out set")
    if counts.min() < FEWEST_EACH:
        raise LabelError(f"{_rarest(target)}; {TOO_RARE}")
    least = sizes_of_folds(target, folds, sizes.probe)
    if sizes != least or least.pool < len(counts):
        raise ShapeError(f"probe is {sizes.probe}; of {n} target examples {folds} folds leave {least.pool} to train on")


def _misfit(target: Task, sizes: Sizes, *, shared: bool) -> str | None:
    """Say which part of a split may lack a class, and why; None if every class is in each."""
    counts, n = np.bincount(target.y), len(target.y)
    rest = shared or sizes.heldout + sizes.pool + sizes.probe < n
    at_an_end = {"heldout"} if rest else {"heldout", "probe" if sizes.probe else "pool"}
    for part, size in vars(sizes).items():
        share = counts.min() * size / n
        # The first and the last part of the ordered examples are within one of it, and by the slack even nearer
        enough = share > 1 - slack_of(len(counts)) if part in at_an_end else share >= WITHIN
        if not enough and (size or part != "probe"):
            needed = "1 is" if part in at_an_end else f"{WITHIN} are"
            due = f"with {part} = {size} its share is {share:.2g}, and {needed} needed"
            return f"{_rarest(target)}; {due}"
    return None


def _rarest(target: Task) -> str:
    """Say which class has the fewest examples, by its name."""
    counts = np.bincount(target.y)
    return f"class {target.class_name(int(counts.argmin()))} has {counts.min()} of {len(target.y)} target examples"


def _remedy(target: Task, *, shared: bool) -> str:
    """Return sizes that would work, or what to do about the class."""
    sizes = sizes_for(target, shared=shared)
    if _misfit(target, sizes, shared=shared):
        return TOO_RARE
    return f"these would do: {', '.join(f'{part} = {size}' for part, size in vars(sizes).items())}"


def _check_source(source: Task) -> None:
    """Refuse classes of the source that are too rare."""
    counts = np.bincount(source.y)
    if counts.min() < SOURCE_EACH:
        raise LabelError(
            f"class {source.class_name(int(counts.argmin()))} has {counts.min()} of {len(source.y)} source examples; "
            f"{SOURCE_EACH} are needed"
        )

"""Splits: four disjoint parts of a problem's examples, stratified by target class.

For each seed the examples are divided into held-out set, target pool, probe and source pool. The target pool is ordered
once so that classes interleave. The subset of n_target examples is its prefix, so the subset of 50 is contained in the
subset of 100.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from ..errors import LabelError, ShapeError

if TYPE_CHECKING:
    from ..layout import Ints


_filters = Lock()  # of warnings are one list, which all threads share
TRIES = 100  # divisions of groups, of which one has to do


@dataclass(frozen=True)
class Sizes:
    """How many examples each part of a split holds; the source pool takes the rest."""

    heldout: int = 500
    pool: int = 500
    probe: int = 100


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a problem's tasks; the four parts are disjoint.

    Parameters
    ----------
    heldout
        Evaluation set; read once, at the end of a trial.
    pool
        Target pool, ordered so that every prefix is stratified.
    probe
        Labelled target examples used for measuring similarity and for nothing else.
    source
        Examples that the network is pretrained on.
    source_heldout
        Examples that the pretrained network is evaluated on, on its own task.
    ceiling
        Examples for pretraining on the target task itself, which defines a similarity of 1.
    """

    heldout: Ints
    pool: Ints
    probe: Ints
    source: Ints
    source_heldout: Ints
    ceiling: Ints

    def subset(self, n_target: int) -> Ints:
        """Return the first n_target rows of the target pool.

        Raises
        ------
        ShapeError
            If the pool is smaller, or n_target is below 1.
        """
        if not 1 <= n_target <= len(self.pool):
            raise ShapeError(f"n_target is {n_target}; the target pool holds {len(self.pool)} examples")
        return self.pool[:n_target]


def interleave(y: Ints, rng: np.random.Generator) -> Ints:
    """Order examples at random, but so that in every prefix each class is within one of its proportional share.

    This is the chairman assignment problem: Tijdeman (1980), *Discrete Mathematics* 32, 323-330. A class may come next
    if that does not put it ahead of its share; of those classes, the one with the earliest deadline comes next.

    Parameters
    ----------
    y : (n,)
        Labels.
    rng
        Draws the order of the examples within a class, and the order of classes that are equal.

    Returns
    -------
    (n,) a permutation of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.repeat([0, 1], [2, 4])
    >>> y[interleave(y, np.random.default_rng(0))].tolist()
    [1, 0, 1, 1, 0, 1]
    """
    shuffled = rng.permutation(len(y))
    counts = np.bincount(y)
    present = np.flatnonzero(counts)
    labels, counts = np.searchsorted(present, y[shuffled]), counts[present]
    schedule = _schedule(counts[lottery := rng.permutation(len(counts))])
    by_class = shuffled[np.argsort(labels, kind="stable")]
    rows = np.empty(len(y), dtype=np.int64)
    rows[np.argsort(lottery[schedule], kind="stable")] = by_class
    return rows


def fold_rows(y: Ints, folds: int, fold: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the rows of one fold of a stratified cross-validation, and all others.

    Each row is in one fold; folds differ by one row at most, and so do the numbers of rows that they have of a class.

    Parameters
    ----------
    y : (n,)
        Labels.
    folds, fold
        How many, and which, from 0.
    rng
        Draws which rows come together: the same for all folds.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.repeat([0, 1], [2, 4])
    >>> [y[fold_rows(y, 2, fold, np.random.default_rng(0))[0]].tolist() for fold in (0, 1)]
    [[0, 1, 1], [0, 1, 1]]
    """
    shuffled = rng.permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    return by_class[fold::folds], np.delete(by_class, np.s_[fold::folds])


def group_folds(y: Ints, groups: Ints, folds: int, rng: np.random.Generator, most: int | None = None) -> list[Ints]:
    """Return the rows of each fold of a stratified cross-validation that divides no group.

    Parameters
    ----------
    y, folds, rng
        As for `fold_rows`.
    groups : (n,)
        Examples of one group are in one fold; scikit-learn's `StratifiedGroupKFold` divides them.
    most
        Rows that a fold may have; None: any number.

    Raises
    ------
    LabelError
        If there are too few groups, or in no division that is tried every class is outside of each fold.
    """
    n_groups = len(np.unique(groups))
    if folds > n_groups:
        raise LabelError(f"folds is {folds}, and there are {n_groups} groups; from 2 to {n_groups} are possible")
    for label in np.unique(y):
        if len(set(groups[y == label])) == 1:
            raise LabelError(f"class {label} is in one group alone; two are needed, of which one can be held out")
    for _ in range(TRIES):
        parts = _divided(y, groups, folds, rng)
        if parts is not None and max(map(len, parts)) <= (most or len(y)):
            return parts
    limit = "" if most is None else f" of at most {most} examples"
    raise LabelError(f"{n_groups} groups cannot be divided into {folds} folds{limit} with every class outside of each")


def _divided(y: Ints, groups: Ints, folds: int, rng: np.random.Generator) -> list[Ints] | None:
    """Return one division; None if a fold is empty, or has all examples of a class."""
    from sklearn.model_selection import StratifiedGroupKFold

    counts = np.bincount(y)
    divided = StratifiedGroupKFold(min(folds, counts.max()), shuffle=True, random_state=int(rng.integers(2**32)))
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer examples than folds
        parts = [left_out for _, left_out in divided.split(y, y, groups)]
    there = np.array([np.bincount(y[part], minlength=len(counts)) for part in parts])
    whole = bool(((there == counts) & (counts > 0)).any())
    return None if whole or len(parts) < folds or not all(map(len, parts)) else parts


def slack_of(n_classes: int) -> float:
    """Return by how much less than one each class is at most away from its share, in every prefix."""
    return 1 / max(2, 2 * n_classes - 2)


def _schedule(counts: Ints) -> Ints:
    """Return the class of each of sum(counts) places; ties go to the first class.

    The k-th example of a class (from 0) may come as soon as the class's share reaches k + slack, and must come before
    it passes k + 1 - slack: jobs with a release time and a deadline, scheduled by earliest deadline first.
    """
    n, n_classes = int(counts.sum()), len(counts)
    slack = slack_of(n_classes)
    k = np.concatenate([np.arange(count) for count in counts])
    classes = np.repeat(np.arange(n_classes), counts)
    places_per_share = n / counts[classes]
    release = np.ceil((k + slack) * places_per_share - 1e-9).astype(int)  # exact but for rounding
    by_deadline = np.lexsort((classes, (k + 1 - slack) * places_per_share))
    if (release[by_deadline] <= np.arange(1, n + 1)).all():
        return classes[by_deadline]  # no job has to wait
    urgency = np.argsort(by_deadline)  # of each job its place among all deadlines
    released = np.searchsorted(np.sort(release), np.arange(1, n + 1), side="right")  # jobs, by each place
    jobs = iter(urgency[np.argsort(release, kind="stable")].tolist())
    waiting: list[int] = []
    done = []
    for new in np.diff(released, prepend=0).tolist():
        for job in islice(jobs, new):
            heappush(waiting, job)
        done.append(heappop(waiting))
    return classes[by_deadline[done]]

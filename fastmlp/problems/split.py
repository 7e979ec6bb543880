"""Splits: four disjoint parts of a problem's examples, stratified by target class.

For each seed the examples are divided into held-out set, target pool, probe and source pool. The target pool is ordered
once so that classes interleave. The subset of n_target examples is its prefix, so the subset of 50 is contained in the
subset of 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ShapeError

if TYPE_CHECKING:
    from ..layout import Ints


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
        Read once, at the end of a trial.
    pool
        Target pool, ordered so that every prefix is stratified.
    probe
        Labelled target examples used for measuring similarity and for nothing else.
    source
        What the network is pretrained on.
    source_heldout
        Where the pretrained network is judged on its own task.
    ceiling
        What a network is pretrained on that knows the target task itself: the measure of a similarity of 1.
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

    Whose turn it is, is the chairman assignment problem: Tijdeman (1980), *Discrete Mathematics* 32, 323-330. A class
    may take a turn if that would not put it ahead of its share; of those, the one that would have to come soonest does.

    Parameters
    ----------
    y : (n,)
        Labels.
    rng
        Draws the examples within a class, and who is first among equals.

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
    turns = _turns(counts[lottery := rng.permutation(len(counts))])
    by_class = shuffled[np.argsort(labels, kind="stable")]
    rows = np.empty(len(y), dtype=np.int64)
    rows[np.argsort(lottery[turns], kind="stable")] = by_class
    return rows


def _turns(counts: Ints) -> Ints:
    """Which class each of sum(counts) turns belongs to; ties go to the first.

    A class's k-th example (from 0) may come from the turn on when its share reaches k + slack, and must come before it
    passes k + 1 - slack: jobs with a release and a deadline, and the earliest deadline goes first.
    """
    n, n_classes = int(counts.sum()), len(counts)
    slack = 1 / max(2, 2 * n_classes - 2)
    k = np.concatenate([np.arange(count) for count in counts])
    classes = np.repeat(np.arange(n_classes), counts)
    turns_a_share = n / counts[classes]
    release = np.ceil((k + slack) * turns_a_share - 1e-9).astype(int)  # exact but for rounding
    by_deadline = np.lexsort((classes, (k + 1 - slack) * turns_a_share))
    if (release[by_deadline] <= np.arange(1, n + 1)).all():
        return classes[by_deadline]  # nobody has to wait
    urgency = np.argsort(by_deadline)  # of each job its place among all deadlines
    released = np.searchsorted(np.sort(release), np.arange(1, n + 1), side="right")  # jobs, by each turn
    jobs = iter(urgency[np.argsort(release, kind="stable")].tolist())
    waiting: list[int] = []
    taken = []
    for new in np.diff(released, prepend=0).tolist():
        for job in islice(jobs, new):
            heappush(waiting, job)
        taken.append(heappop(waiting))
    return classes[by_deadline[taken]]

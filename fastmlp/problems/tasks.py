"""Tasks, problems and splits: a source to pretrain on, a target that is wanted, and what keeps them apart.

The lab's protocol: for each seed the examples are divided, stratified by target class, into four disjoint parts:
held-out set, target pool, probe and source pool. The target pool is ordered once so that classes interleave; the subset
of n_target examples is its prefix, so the subset of 50 is contained in the subset of 100.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ShapeError
from ..seeds import rng_for

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..layout import Floats, Ints

AT_A_TIME = 128  # rows that a scaler transforms
SMALLEST = 0.25  # spread of a feature that a scaler divides by, in units of the features' root mean square

Shift = Callable[["NDArray[np.float64]", np.random.Generator], "NDArray[np.float64]"]


@dataclass(frozen=True, eq=False)
class Task:
    """Inputs and integer labels.

    Parameters
    ----------
    name
        Names the draws that depend on the task: see `fastmlp.seeds`.
    X : (n, features)
        Raw inputs, not scaled.
    y : (n,)
        Labels from 0 to n_classes - 1.
    one_unit
        Whether all features are in one unit, as pixels are and as activations are: see `Scaler.fit`.
    """

    name: str
    X: NDArray[np.float64]
    y: Ints
    one_unit: bool = True

    @cached_property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.y.max()) + 1

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the inputs and the labels."""
        return sha256(np.ascontiguousarray(self.X).tobytes() + np.ascontiguousarray(self.y).tobytes()).hexdigest()[:32]

    def scaler(self, rows: Ints) -> Scaler:
        """Return the scaler that is fitted on some rows."""
        return Scaler.fit(self.X[rows], one_unit=self.one_unit)


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


@dataclass(frozen=True, eq=False)
class Problem:
    """A source task and a target task, as one seed sees them.

    Parameters
    ----------
    name
        The user's name for it.
    source, target
        The two tasks.
    sizes
        Of the parts of a split.
    shared
        Whether the tasks ask about the same rows, row i of both being one example. If not, all of the source is for
        pretraining but what its own held-out set takes.
    on_subset
        Whether the network is pretrained on the n_target examples themselves, as a control.
    shifts
        Other conditions under which held-out inputs are seen, by name: functions of the inputs and a generator.
    images
        Whether inputs are images of 8 x 8 pixels, which a report may show.
    """

    name: str
    source: Task
    target: Task
    sizes: Sizes = Sizes()
    shared: bool = True
    on_subset: bool = False
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    images: bool = False

    def split(self, seed: int) -> Split:
        """Divide the rows for a seed. It depends on the target task alone, so problems with one target share it."""
        sizes = self.sizes
        y = self.target.y
        rows = interleave(y, rng_for("split", task=self.target.name, seed=seed))
        ends = np.cumsum([sizes.heldout, sizes.pool, sizes.probe])
        heldout, pool, probe, rest = np.split(rows, ends)
        pool = pool[interleave(y[pool], rng_for("subset", task=self.target.name, seed=seed))]
        if self.shared:
            return Split(heldout, pool, probe, source=rest, source_heldout=heldout, ceiling=rest)
        others = interleave(self.source.y, rng_for("split", task=self.source.name, seed=seed))
        mine, theirs = np.split(others, [len(others) // 5])
        return Split(heldout, pool, probe, source=theirs, source_heldout=mine, ceiling=pool)


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


@dataclass(frozen=True, eq=False)
class Scaler:
    """Standardisation, fitted on training data only: fitted by `Scaler.fit`.

    Parameters
    ----------
    mean, scale : (features,)
        What is taken off each feature, and what it is divided by then.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, X: NDArray[np.float64], *, one_unit: bool = True) -> Scaler:
        """Take the mean and the standard deviation of each feature from training inputs, but for what hardly varied.

        A pixel that is inked in one source image of a hundred may be inked in every target image; divided by its
        spread, it would drown all others. Where all features are in one unit, the spread that they have on the whole
        says what is small. Where each has a unit of its own, as age, income and weight have, nothing does.

        Parameters
        ----------
        X : (n, features)
            Training inputs.
        one_unit
            If so, no feature is divided by less than a quarter of the root mean square of all spreads, and a constant
            one, of whose spread nothing is known, by the root mean square itself. If not, each is divided by its own
            spread, and a constant one by infinity: whatever it is elsewhere, it is 0 for the network.
        """
        mean, spread = X.mean(axis=0), X.std(axis=0)
        if not one_unit:
            varies = np.ptp(X, axis=0) > 0  # the spread of a constant may be a little above 0, by rounding
            return cls(mean, np.where(varies & (spread > 0), spread, np.inf))
        common = float(np.sqrt((spread**2).mean())) or 1.0
        return cls(mean, np.where(spread > 0, np.maximum(spread, SMALLEST * common), common))

    def transform(self, X: NDArray[np.float64], dtype: DTypeLike = "float64") -> Floats:
        """Return the standardised inputs, (n, features), in the network's dtype."""
        seen: Floats = np.empty(X.shape, dtype)
        # Computed in float64 and rounded once; a few rows at a time, since memory costs more than the arithmetic
        for start in range(0, len(X), AT_A_TIME):
            rows = slice(start, start + AT_A_TIME)
            np.divide(X[rows] - self.mean, self.scale, out=seen[rows], casting="same_kind")
        return seen

"""Tasks and problems: a source task to pretrain on, and a target task that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..seeds import rng_for
from .scaler import Scaler
from .split import Sizes, Split, fold_rows, group_folds, interleave

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints
    from .pretrained import Pretrained

HELD_OUT = 5  # one in so many examples of a source that is not shared is for evaluating the pretrained network

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
    groups : (n,)
        Whole numbers from 0: examples of one group, such as a patient's, are never on both sides of a held-out set.
    classes
        What the user calls the classes, in the order of their numbers; () if they are called by those.
    features
        What the user calls the features; None if they have no names.
    """

    name: str
    X: NDArray[np.float64]
    y: Ints
    one_unit: bool = True
    groups: Ints | None = None
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None

    @cached_property
    def largest_group(self) -> int:
        """Examples of the largest group; 0 without groups."""
        return 0 if self.groups is None else int(np.bincount(self.groups).max())

    @cached_property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes) or int(self.y.max()) + 1

    @classmethod
    def absent(cls, given: Pretrained) -> Task:
        """Return what stands where a source would: a task with a network's features and classes, and no examples."""
        n_features, n_classes = given.network.sizes[0], given.network.n_classes
        names = range(n_classes) if given.classes is None else given.classes.tolist()
        return cls(given.name, np.empty((0, n_features)), np.empty(0, np.int64), classes=tuple(map(str, names)))

    def class_name(self, number: int) -> str:
        """Return what the user calls a class."""
        return self.classes[number] if self.classes else str(number)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the inputs and the labels."""
        seen = sha256(np.ascontiguousarray(self.X).data)
        seen.update(np.ascontiguousarray(self.y).data)
        return seen.hexdigest()[:32]

    @cached_property
    def inputs_fingerprint(self) -> str:
        """Hash of the inputs alone."""
        return sha256(np.ascontiguousarray(self.X).data).hexdigest()[:32]

    def scaler(self, rows: Ints) -> Scaler:
        """Return the scaler that is fitted on some rows."""
        return Scaler.fit(self.X[rows], one_unit=self.one_unit)


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
        Sizes of the parts of a split.
    shared
        Whether row i of both tasks is one example. If not, pretraining uses all of the source but its held-out set.
    on_subset
        Whether the network is pretrained on the n_target examples themselves, as a control.
    shifts
        Other conditions under which held-out inputs are seen, by name: functions of the inputs and a generator.
    images
        Whether inputs are images of 8 x 8 pixels, which a report may show.
    same_classes
        Whether label k means the same in both tasks, so that the source's head may be used on the target.
    control
        Whether the problem is there to explain others, because its source was made to be of no use or prepared in
        another way, is the target examples themselves, or its data were made up: reports count it apart.
    folds
        Of a repeated, stratified cross-validation, in place of a held-out set that is drawn for each seed: 0 for none.
        Seeds 0 to ``folds - 1`` hold out one fold each, the next seeds those of another division.
    pretrained
        The network that is transferred, where there are no source data: the source then has no examples.
    """

    name: str
    source: Task
    target: Task
    sizes: Sizes = field(default_factory=Sizes)
    shared: bool = True
    on_subset: bool = False
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    images: bool = False
    same_classes: bool = False
    control: bool = False
    folds: int = 0
    pretrained: Pretrained | None = None

    @property
    def conditions(self) -> list[str]:
        """What all trials depend on beside the target's data, those that know no source too."""
        return []

    @property
    def source_pool(self) -> int:
        """How many examples pretraining has."""
        if self.shared:
            return len(self.target.y) - self.sizes.heldout - self.sizes.pool - self.sizes.probe
        return len(self.source.y) - len(self.source.y) // HELD_OUT

    def refusal_of_size(self, size: int) -> str | None:
        """Return why there cannot be so many labelled target examples; None if there can."""
        counts = np.bincount(self.target.y)
        common, others = counts.argmax(), 1 - counts.max() / counts.sum()
        if size > self.sizes.pool:
            return f"the target pool of {self.name!r} holds {self.sizes.pool} examples"
        if size < len(counts):
            return f"{self.name!r} has {len(counts)} classes, each needs an example"
        if size * others < 1:
            rest = f"that leaves {size * others:.2g} examples of others, and 1 is needed"
            return f"{1 - others:.1%} of {self.name!r} are of class {common}: {rest}"
        return None

    def split(self, seed: int) -> Split:
        """Return the split for a seed. It depends on the target task alone, so problems with one target share it."""
        sizes = self.sizes
        y = self.target.y
        heldout, others = self._divided(seed)
        pool, probe, rest = np.split(others, np.cumsum([sizes.pool, sizes.probe]))
        pool = pool[interleave(y[pool], rng_for("subset", task=self.target.name, seed=seed))]
        if self.shared:
            return Split(heldout, pool, probe, source=rest, source_heldout=heldout, ceiling=rest)
        if self.pretrained is not None:
            return Split(heldout, pool, probe, source=pool[:0], source_heldout=pool[:0], ceiling=pool)
        others = interleave(self.source.y, rng_for("split", task=self.source.name, seed=seed))
        source_heldout, source = np.split(others, [len(others) // HELD_OUT])
        return Split(heldout, pool, probe, source=source, source_heldout=source_heldout, ceiling=pool)

    def _divided(self, seed: int) -> tuple[Ints, Ints]:
        """Return the target's held-out rows, and all others in an order of which the other parts are pieces."""
        y, groups, sizes, folds = self.target.y, self.target.groups, self.sizes, self.folds
        rng = rng_for("split", task=self.target.name, seed=seed)
        if not folds and groups is None:
            rows = interleave(y, rng)
            return rows[: sizes.heldout], rows[sizes.heldout :]
        repeat, fold = divmod(seed, folds) if folds else (seed, 0)
        draw = rng_for("folds", task=self.target.name, seed=repeat)
        if groups is not None:
            most = len(y) - sizes.pool - sizes.probe if folds else sizes.heldout + self.target.largest_group
            left_out = group_folds(y, groups, folds or ceil(len(y) / sizes.heldout), draw, most)[fold]
            others = np.setdiff1d(np.arange(len(y)), left_out)
            return left_out, others[interleave(y[others], rng)]
        left_out, others = fold_rows(y, folds, fold, draw)
        held_out, spare = np.split(left_out, [sizes.heldout])  # a fold may have one row more than another
        return held_out, np.concatenate([others[interleave(y[others], rng)], spare])


def are_numbers(classes: tuple[str, ...]) -> bool:
    """Whether classes are called by their numbers, as digits are, so that a label is a number too."""
    return classes == tuple(map(str, range(len(classes))))

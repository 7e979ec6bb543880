"""What the trials of one problem and one seed stand on: a split, a held-out set, pretrained networks.

Each is made once, when first asked. What is held out is given to trained models alone: see `evaluation`.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property

from ...problems import Problem, Split, interleave
from ..settings.schema import Settings
from ..store.schema import Record
from .evaluation import HeldOut
from .pretraining import Conditions, Origin, measure
from .transferability import transferability


class Ground:
    """One problem as one seed sees it.

    Parameters
    ----------
    problem, seed
        Which.
    settings, backend
        As for `Worker`.
    """

    def __init__(self, problem: Problem, seed: int, settings: Settings, backend: str) -> None:
        self.problem = problem
        self.conditions = Conditions(settings, backend, problem.target.name, seed)
        self.origins: dict[int, Origin] = {}

    @cached_property
    def split(self) -> Split:
        """The disjoint parts of the data."""
        return self.problem.split(self.conditions.seed)

    @cached_property
    def heldout(self) -> HeldOut:
        """What trained models are judged on."""
        return HeldOut(self.problem, self.split.heldout, self.conditions.seed)

    def replicate(self, varied: str, number: int) -> Ground:
        """Return the same with other randomness of one purpose, and all that is not touched by that in common."""
        if not varied:
            return self
        split, _ = self.split, self.heldout  # made here, they are shared
        other = copy(self)
        other.conditions = replace(self.conditions, varied=varied, replicate=number)
        if varied == "subset":
            order = interleave(self.problem.target.y[split.pool], other.conditions.rng("subset"))
            other.split = replace(split, pool=split.pool[order])
        if varied == "pretraining" or (varied == "subset" and self.problem.on_subset):
            other.origins = {}
        return other

    def origin(self, n_target: int | None = None) -> Origin:
        """Return where transfer to n_target examples starts: the same place for all sizes, but in one control."""
        if not self.problem.on_subset:
            rows, name = self.split.source, 0
        else:
            rows = self.split.pool if n_target is None else self.split.subset(n_target)
            name = len(rows)
        if name not in self.origins:
            self.origins[name] = Origin(self.problem.source, rows, self.conditions)
        return self.origins[name]

    def pretraining(self) -> Record:
        """Measure the pretrained network."""
        return measure(self.origin(), self.problem, self.split)

    def scores(self, n_target: int) -> Record:
        """Measure how transferable the pretrained network looks."""
        return transferability(self.origin(n_target), self.problem, self.split, n_target)

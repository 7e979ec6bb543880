"""State shared by all trials of one problem and one seed: the split, the held-out set and pretrained networks.

Each is made when first asked for. Only trained models see the held-out set: see `evaluation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

from ...problems import Problem, Split, interleave
from ..settings.schema import SMALLER, Settings
from ..store.schema import Record
from .evaluation import HeldOut
from .own_measures import OwnMeasure
from .pretraining import GivenSource, PretrainedSource, Source, measure_pretraining
from .seed_context import SeedContext
from .transferability import transferability


class TrialContext:
    """One problem as one seed sees it.

    Parameters
    ----------
    problem, seed
        Which.
    settings, backend, own
        As for `GroupRunner`.
    """

    def __init__(
        self, problem: Problem, seed: int, settings: Settings, backend: str, own: Sequence[OwnMeasure] = ()
    ) -> None:
        self.problem = problem
        self._own = own
        self.shared = SeedContext(settings, backend, problem.target.name, seed)
        self._sources: dict[int, Source] = {}

    @property
    def settings(self) -> Settings:
        """The study's settings."""
        return self.shared.settings

    @cached_property
    def split(self) -> Split:
        """The disjoint parts of the data."""
        return self.problem.split(self.shared.seed)

    @cached_property
    def heldout(self) -> HeldOut:
        """The examples that trained models are evaluated on."""
        inside, shared = self.settings.measures.inside, self.shared
        return HeldOut(self.problem, self.split.heldout, shared.seed, shared.backend, self._own, confusion=inside)

    def replicate(self, varied: str, number: int) -> TrialContext:
        """Return the same context with other draws for one purpose; everything that does not depend on it is shared.

        A smaller source is not drawn: it is the beginning of the source pool, with as many examples as `number` says.
        """
        if not varied:
            return self
        split, _ = self.split, self.heldout  # computed here, so that replicates share them
        other = copy(self)
        other.shared = self.shared.replicate(varied, number)
        if varied == SMALLER:
            other.split = replace(split, source=split.source[:number])
        if varied == "subset":
            order = interleave(self.problem.target.y[split.pool], other.shared.rng("subset"))
            other.split = replace(split, pool=split.pool[order])
        if varied == "pretraining" or (varied == "subset" and self.problem.on_subset):
            other._sources = {}  # noqa: SLF001 - a copy of our own
        return other

    def source(self, n_target: int | None = None) -> Source:
        """Return the source of transfer to n_target examples: one for all sizes, except in one control.

        It is kept by its number of examples, for smaller sources are beginnings of larger ones.
        """
        if not self.problem.on_subset:
            rows = self.split.source
        else:
            rows = self.split.pool if n_target is None else self.split.subset(n_target)
        if len(rows) not in self._sources:
            held_out, given = self.split.source_heldout, self.problem.pretrained
            self._sources[len(rows)] = (
                PretrainedSource(self.problem.source, rows, held_out, self.shared)
                if given is None
                else GivenSource(given, self.shared)
            )
        return self._sources[len(rows)]

    def pretraining(self) -> Record:
        """Measure the pretrained network."""
        return measure_pretraining(self.source(), self.problem, self.split)

    def scores(self, n_target: int) -> Record:
        """Measure how transferable the pretrained network looks."""
        return transferability(self.source(n_target), self.problem, self.split, n_target)

"""One phase of a backbone's training: stages that move, on the values of those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import GroupedOptimizer, StageTraining, Visits, freeze, import_torch, moving_cells, tensor
from ..registry import OPTIMIZERS
from .lora import LowRank

if TYPE_CHECKING:
    from ..backends.watch import Watch
    from ..layout import Ints
    from ..training import ResolvedPhase, TrainingOptions
    from ..training.data import TrainingData
    from .cache import FeatureCache
    from .network import BackboneNetwork


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a training of a backbone needs beside options and phases.

    Parameters
    ----------
    inputs, digest
        Prepared inputs, and their hash.
    cache
        Keeps what frozen stages compute.
    batch_norm
        See `BackboneNetwork.set_modes`.
    seed
        Of what dropout draws in stages that move.
    """

    inputs: Any
    digest: str
    cache: FeatureCache
    batch_norm: str
    seed: int


class StageRunner:
    """Trains stages through the epochs of one phase, on the values of the stages below, which are computed once.

    Nothing watches it: phases of strategies have a patience of their own, for which the loop asks.

    Parameters
    ----------
    net
        Trained in place.
    start
        What pulls lead to.
    conditions, data, options
        As for `fit_backbone`.
    phase, order
        As for `fastmlp.training.phase_runner.PhaseRunner`.
    """

    def __init__(
        self,
        net: BackboneNetwork,
        start: BackboneNetwork,
        conditions: Conditions,
        data: TrainingData,
        phase: ResolvedPhase,
        order: Ints,
        options: TrainingOptions,
    ) -> None:
        self.losses, self.penalties = np.zeros(len(order)), np.zeros(len(order))
        self.steps: int = 0
        self.watch: Watch | None = None
        self._net, self._conditions = net, conditions
        self._moving = np.asarray(phase.trainable[:-1].any(axis=1))
        depth = int(np.flatnonzero(self._moving)[0])
        values = conditions.cache.values(net, conditions.inputs, conditions.digest, depth)
        batch_size = min(options.batch_size, order.shape[1])
        if options.short_batch == "drop":
            order = order[:, : order.shape[1] // batch_size * batch_size]
        row = slice(depth, None)
        parts, anchors = net.parts[row], start.parts[row]
        self._low_rank: LowRank | None = None
        if phase.adapters is not None:
            freeze(net.parts)
            self._low_rank = LowRank(net.stages[row], phase.adapters.factors[row], phase.adapters.rank)
            parts = anchors = [*self._low_rank.parts, net.parts[-1]]
        cells = moving_cells(parts, anchors, phase.rates[row], phase.decays[row], phase.pulls[row])
        optimizer = GroupedOptimizer(cells, OPTIMIZERS.index(options.optimizer), options.momentum)
        visits = Visits(values, tensor(data.examples.y), order, batch_size)
        self._n_batches = visits.n_batches
        self._random: Any = None  # the state of PyTorch's generator
        weighted = options.short_batch == "weighted"
        self._training = StageTraining(parts, optimizer, visits, self.losses, weighted=weighted)

    @property
    def epochs_run(self) -> int:
        """Whole epochs that were trained."""
        return self.steps // self._n_batches

    @property
    def stopped(self) -> bool:
        """Whether the watch has stopped the phase."""
        return False

    def keep_best(self) -> int | None:
        """Return None: the last parameters are kept, as those of every phase with a patience of its own."""
        return None

    def run(self, epochs: int) -> bool:
        """Train for this many more epochs; return whether all losses were finite."""
        last = self.steps + epochs * self._n_batches
        self._net.set_modes(self._moving, self._conditions.batch_norm)
        with self._own_randomness():
            self.steps = self._training.run(self.steps, last)
        return self.steps == last

    def finish(self) -> None:
        """Put what moved within a rank into the weights."""
        if self._low_rank is not None:
            self._low_rank.merge()

    @contextmanager
    def _own_randomness(self) -> Iterator[None]:
        """Let dropout draw what the seed says, and leave PyTorch's own generator as it is."""
        random = import_torch().random
        with random.fork_rng(devices=[]):
            if self._random is None:
                random.manual_seed(self._conditions.seed)
            else:
                random.set_rng_state(self._random)
            yield
            self._random = random.get_rng_state()

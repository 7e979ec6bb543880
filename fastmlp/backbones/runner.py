"""One phase of a backbone's training: stages that move, on the values of those that do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import GroupedOptimizer, StageTraining, Visits, freeze, moving_cells, tensor
from ..registry import OPTIMIZERS
from ..training.pieces import FLOP_PER_UPDATE, Pieces, WholeEpochs
from .devices import moved, own_randomness, placed
from .lora import LowRank

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..backends.torch import Stage
    from ..backends.watch import Watch
    from ..layout import Ints
    from ..training import ResolvedPhase, TrainingOptions
    from ..training.data import TrainingData
    from ..training.interrupt import Onlooker
    from .cache import FeatureCache
    from .network import BackboneNetwork
    from .prepared import Prepared


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a training of a backbone needs beside options and phases.

    Parameters
    ----------
    inputs
        Prepared inputs.
    cache
        Keeps what frozen stages compute.
    batch_norm
        See `BackboneNetwork.set_modes`.
    seed
        Of what dropout draws in stages that move.
    """

    inputs: Prepared
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
    phase, order, onlooker
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
        onlooker: Onlooker | None = None,
    ) -> None:
        self.losses, self.penalties = np.zeros(len(order)), np.zeros(len(order))
        self._onlooker = onlooker
        self.watch: Watch | None = None
        self._net, self._conditions = net, conditions
        self._moving = np.asarray(phase.trainable[:-1].any(axis=1))
        depth = int(np.flatnonzero(self._moving)[0])
        values = conditions.cache.values(net, conditions.inputs, depth)
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
        changes = [*net.tensors(depth, len(net.parts)), *of_parts(parts)]
        self._tensors = [*changes, *of_parts(anchors)]
        optimizer = GroupedOptimizer(cells, OPTIMIZERS.index(options.optimizer), options.momentum)
        examples = data.examples
        weights = None if examples.sample_weight is None else tensor(examples.sample_weight)
        device = net.device
        weights = None if weights is None else weights.to(device)
        visits = Visits(values, tensor(examples.y).to(device), order, batch_size, weights)
        self._n_batches = visits.n_batches
        keep, restore = partial(copies_of, changes), partial(copy_into, changes)
        whole = None if onlooker is None else WholeEpochs(onlooker, keep, restore, self._n_batches)
        self._pieces = Pieces(FLOP_PER_UPDATE * net.theta.size * batch_size, None, whole)
        self._random: list[Any] = []  # the state of PyTorch's generators
        weighted = options.short_batch == "weighted"
        lowest = replace(parts[0], call=partial(_brought, parts[0].call, device))
        self._training = StageTraining([lowest, *parts[1:]], optimizer, visits, self.losses, weighted=weighted)

    @property
    def steps(self) -> int:
        """Updates made."""
        return self._pieces.steps

    @property
    def epochs_run(self) -> int:
        """Whole epochs that were trained."""
        return self.steps // self._n_batches

    @property
    def stopped(self) -> bool:
        """Whether an interrupt has stopped the phase."""
        return self._onlooker is not None and self._onlooker.interrupted

    def keep_best(self) -> int | None:
        """Return None: the last parameters are kept, as those of every phase with a patience of its own."""
        return None

    def run(self, epochs: int) -> bool:
        """Train for this many more epochs; return whether all losses were finite."""
        last = self.steps + epochs * self._n_batches
        self._net.set_modes(self._moving, self._conditions.batch_norm)
        conditions, device = self._conditions, self._net.device
        with own_randomness(conditions.seed, self._random, device), placed(self._tensors, device):
            return self._pieces.run(self._training, last)

    def finish(self) -> None:
        """Put what moved within a rank into the weights."""
        if self._low_rank is not None:
            self._low_rank.merge()


def _brought(call: Callable[[Any], Any], device: str, value: Any) -> Any:
    """Return what a stage computes of a value, which is brought to its device."""
    return call(moved(value, device))


def of_parts(parts: Sequence[Stage]) -> list[Any]:
    """Return the parameters of stages."""
    return [one for part in parts for one in (*part.matrices, *part.others)]


def copies_of(tensors: Sequence[Any]) -> list[Any]:
    """Return copies of tensors, where they lie."""
    return [one.detach().clone() for one in tensors]


def copy_into(tensors: Sequence[Any], copies: Sequence[Any]) -> None:
    """Bring back what tensors were."""
    for one, copy in zip(tensors, copies, strict=True):
        one.data.copy_(copy)

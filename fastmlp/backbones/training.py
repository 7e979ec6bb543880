"""The training of a backbone through phases: what does not move is computed once, what moves is trained by PyTorch.

Where only the head moves, fastmlp's own kernels train it, on features that are computed once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ..backends import get_backend
from ..backends.torch import threads_of_torch
from ..network import Network, softmax
from ..training import ResolvedPhase, TrainingInterrupted, TrainingOptions
from ..training.data import TrainingData
from ..training.fit import diverged_in
from ..training.interrupt import Onlooker
from ..training.loop import TrainingLoop
from ..training.phase_runner import PhaseRunner
from .network import BackboneNetwork
from .runner import Conditions, StageRunner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from ..training import AfterEpoch
    from ..training.phase_runner import Runner
    from .prepared import Prepared


@dataclass(frozen=True, eq=False)
class BackboneFit:
    """A finished training of a backbone.

    Parameters
    ----------
    network, start
        The trained network, and the one that training started from.
    losses : (epochs,)
        Mean over each epoch of the losses seen before each update.
    steps, seconds
        Updates made, and the wall time of it all, cached stages included.
    free_by_stage
        Numbers of each stage that were free to move in the phase that freed the most of it; the head's come last.
    frozen_before, frozen_after
        Hashes of the bytes of all parameters and buffers that were to stay, before and after training; None if there
        are none.
    accuracies
        As in `fastmlp.Fit`.
    """

    network: BackboneNetwork = field(repr=False)
    start: BackboneNetwork = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    steps: int
    seconds: float
    free_by_stage: tuple[int, ...]
    frozen_before: str | None
    frozen_after: str | None
    accuracies: tuple[tuple[int, float], ...] = ()

    @property
    def parameters_trained(self) -> int:
        """How many numbers were free to move."""
        return sum(self.free_by_stage)

    @property
    def frozen_depth(self) -> int:
        """How many stages, from the inputs up, did not move in any phase."""
        return next((place for place, free in enumerate(self.free_by_stage) if free), len(self.network.stages))

    @cached_property
    def diverged_epoch(self) -> int | None:
        """The epoch, from 0, in which the training diverged, as `fastmlp.Fit` defines it; None if it did not."""
        return diverged_in(self.losses, math.log(self.network.n_classes), self.network.theta)

    @property
    def diverged(self) -> bool:
        """Whether the training diverged, so that the network means nothing."""
        return self.diverged_epoch is not None


def fit_backbone(
    start: BackboneNetwork,
    data: TrainingData,
    phases: Sequence[ResolvedPhase],
    options: TrainingOptions,
    conditions: Conditions,
    after_epoch: AfterEpoch | None = None,
) -> BackboneFit:
    """Train stages and head through phases, one after the other; each starts with a fresh state of the optimizer.

    Parameters
    ----------
    start
        It is not changed.
    data
        Labels, and the order in which examples are visited; the examples themselves are row numbers.
    phases, options
        As in `fastmlp.training.fit_phases`.
    conditions
        All else.
    after_epoch
        As in `fastmlp.training.fit_phases`.

    Raises
    ------
    InvalidInput
        If what frozen stages compute needs more memory than the cache may have, before anything is trained.
    TrainingInterrupted
        On Ctrl-C, once an update has been made.
    """
    for depth in {lowest_moving(phase, start) for phase in phases} - {0, len(start.stages)}:
        conditions.cache.check_room(start, conditions.inputs, depth)
    with Onlooker(len(data.order)) as onlooker, threads_of_torch(options.threads):
        loop = BackboneLoop(start, data, options, conditions, after_epoch, onlooker)
        loop.warm_up(phases)
        begun = perf_counter()
        loop.run(phases)
        seconds = perf_counter() - begun - loop.log.seconds
    fit = _fit_of(loop, start, conditions, seconds)
    if onlooker.interrupted:
        raise TrainingInterrupted(fit, len(data.order))
    return fit


def _fit_of(loop: BackboneLoop, start: BackboneNetwork, conditions: Conditions, seconds: float) -> BackboneFit:
    """Return what a loop has made of a network."""
    stays = np.ones((start.layout.n_layers, 2), dtype=bool)
    free = np.zeros(start.layout.n_layers, dtype=np.int64)
    for phase in loop.phases_run:
        stays &= ~phase.trainable
        free = np.maximum(free, freed_by(phase, start))
    return BackboneFit(
        network=loop.backbone,
        start=start,
        losses=loop.losses,
        steps=loop.steps,
        seconds=seconds,
        free_by_stage=tuple(free.tolist()),
        frozen_before=start.digest(stays, conditions.batch_norm),
        frozen_after=loop.backbone.digest(stays, conditions.batch_norm),
        accuracies=tuple(loop.log.accuracies.items()),
    )


def lowest_moving(phase: ResolvedPhase, net: BackboneNetwork) -> int:
    """Return the place of the first stage that a phase moves; as many as there are stages if none moves."""
    moving = np.flatnonzero(phase.trainable.any(axis=1))
    return int(moving[0]) if len(moving) else len(net.stages)


def freed_by(phase: ResolvedPhase, net: BackboneNetwork) -> Ints:
    """Count the numbers of each stage, and of the head, that a phase frees; within a rank, those of the factors."""
    counts: Ints = (net.layout.lengths * phase.trainable).sum(axis=1)
    if phase.adapters is not None:
        moving = np.asarray(phase.trainable[:-1].any(axis=1))
        counts[:-1] = moving * [part.size for part in phase.adapters.factors]
    return counts


class BackboneLoop(TrainingLoop):
    """The training loop, for a copy of a backbone's network.

    Parameters
    ----------
    start, data, options, conditions, after_epoch
        As for `fit_backbone`.
    onlooker
        As for `TrainingLoop`.
    """

    def __init__(
        self,
        start: BackboneNetwork,
        data: TrainingData,
        options: TrainingOptions,
        conditions: Conditions,
        after_epoch: AfterEpoch | None,
        onlooker: Onlooker,
    ) -> None:
        self.backbone, self._conditions, self._from = start.copy(), conditions, start
        self._depth = 0  # stages that the phase does not move
        super().__init__(head_network(self.backbone), data, options, after_epoch, onlooker)

    @property
    def shown(self) -> BackboneNetwork:
        """Stages and head, not the head alone."""
        return self.backbone

    def runner_of(self, phase: ResolvedPhase, watched: Ints, order: Ints) -> Runner:
        """Return what takes the network through the epochs of a phase."""
        net, conditions = self.backbone, self._conditions
        depth = self._depth = lowest_moving(phase, net)
        if depth < len(net.stages):
            conditions = replace(conditions, seed=conditions.seed + len(self.phases_run))
            return StageRunner(net, self._from, conditions, self._data, phase, order, self._options, self._onlooker)
        features = conditions.cache.values(net, conditions.inputs, depth, pooled=True).numpy()
        row = slice(depth, None)
        alone = replace(phase, rates=phase.rates[row], decays=phase.decays[row], pulls=phase.pulls[row], adapters=None)
        examples = replace(self._data.examples, x=features)
        head = head_network(net)
        return PhaseRunner(
            head, self._from.head, examples, watched, alone, order, self._options, onlooker=self._onlooker
        )

    def _run_phase(self, runner: Runner, phase: ResolvedPhase) -> int:
        """Run one phase; return how many epochs it took."""
        try:
            return super()._run_phase(runner, phase)
        finally:
            if isinstance(runner, StageRunner):
                runner.finish()

    def predictions(self) -> Ints:
        """Return the likeliest class of each example, (n,)."""
        labels: Ints = self._logits(self._conditions.inputs).argmax(axis=1)
        return labels

    def probabilities(self, rows: Ints) -> NDArray[np.float64]:
        """Return the probability of each class, (n, classes), for some of the examples."""
        return softmax(self._logits(self._conditions.inputs[rows]))

    def _logits(self, inputs: Prepared) -> Floats:
        return self._conditions.cache.logits(self.backbone, inputs, self._depth)

    def warm_up(self, phases: Sequence[ResolvedPhase]) -> None:
        """Compile the kernels that train a head alone, if a phase does."""
        if any(not phase.trainable[:-1].any() for phase in phases):
            get_backend(self._options.backend).warm_up(self.net.dtype, "train")


def head_network(net: BackboneNetwork) -> Network:
    """Return the head as a network of one layer, sharing its memory."""
    return Network((net.features, net.n_classes), net.head)

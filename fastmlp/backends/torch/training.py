"""A training of stages in pieces: the loop of `reference.train`, on tensors."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...registry import ADAM_DEFAULTS, CROSS_ENTROPY, Adam
from ..between import NO_VISIT
from ..reference import pace_of
from ..reference_optimizer import step_of
from ..watch import judge
from .library import import_torch
from .losses import mean_loss
from .optimizers import GroupedOptimizer
from .stages import Between, compose, mlp_stages, moving_cells, pick, tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ...layout import Floats, Ints
    from ..watch import Watch
    from .stages import Stage


@dataclass(frozen=True, eq=False)
class Visits:
    """The examples of a training, and the order in which they are visited.

    Parameters
    ----------
    x
        Inputs of the first stage: a tensor (n, ...), or a tuple of them.
    y
        Labels or targets: a tensor (n,) or (n, outputs).
    order : (epochs, m)
        The examples in the order in which they are visited.
    batch_size
        Examples in a batch.
    sample_weight : (n,)
        What each counts: a tensor, or None.
    """

    x: Any
    y: Any
    order: Ints
    batch_size: int
    sample_weight: Any = None

    @property
    def n_batches(self) -> int:
        """Batches of an epoch."""
        return math.ceil(self.order.shape[1] / self.batch_size)

    def rows(self, step: int) -> Ints:
        """Return the examples of an update, counted from 0."""
        epoch, batch = divmod(step, self.n_batches)
        return self.order[epoch, batch * self.batch_size : (batch + 1) * self.batch_size]


class StageTraining:
    """A training of stages, in place: a `fastmlp.backends.RunningTraining`.

    Parameters
    ----------
    stages
        From the inputs up, the head last. They compute on parameters of which the optimizer's cells move some.
    optimizer
        Moves them.
    visits
        The examples.
    losses, weighted, loss, paces, penalties, watch, adam
        As in `reference.train`.
    theta : (P,)
        The parameters as one vector, which the watch keeps a copy of; needed only with a watch.
    threads
        How many threads PyTorch may use; None leaves that to its own settings.
    between
        What lies between the layers of an MLP.
    """

    is_in_place = True

    def __init__(
        self,
        stages: Sequence[Stage],
        optimizer: GroupedOptimizer,
        visits: Visits,
        losses: NDArray[np.float64],
        *,
        weighted: bool = False,
        loss: int = CROSS_ENTROPY,
        paces: NDArray[np.float64] | None = None,
        penalties: NDArray[np.float64] | None = None,
        watch: Watch | None = None,
        theta: Floats | None = None,
        threads: int | None = None,
        adam: Adam = ADAM_DEFAULTS,
        between: Between | None = None,
    ) -> None:
        self._adam, self._between = adam, between
        self.stages, self.optimizer, self.visits, self.losses = stages, optimizer, visits, losses
        self._weighted, self._loss, self._paces, self._penalties = weighted, loss, paces, penalties
        self._watch, self._theta, self._threads = watch, theta, threads

    def run(self, first: int, last: int, *, ends: bool = True) -> int:  # noqa: ARG002  the network is always up to date
        """See `fastmlp.backends.RunningTraining`."""
        visits = self.visits
        with threads_of_torch(self._threads):
            for step in range(first, last):
                epoch, rows = step // visits.n_batches, visits.rows(step)
                self._before_batch(epoch * visits.order.shape[1] + step % visits.n_batches * visits.batch_size)
                mean, total = self._differentiate(rows)
                self.losses[epoch] += mean * len(rows) / visits.order.shape[1]
                if not math.isfinite(mean):
                    self.losses[epoch + 1 :] = math.nan
                    return step
                self._update(step + 1, epoch, len(rows), total)
                if self._watch is not None and (step + 1) % visits.n_batches == 0 and self._judge(epoch, self._watch):
                    return step + 1
        return last

    def _before_batch(self, visit: int) -> None:
        """Tell what lies between layers the number of the visit of a batch's first example, `NO_VISIT` for none."""
        if self._between is not None:
            self._between.visit = visit

    def _differentiate(self, rows: Ints) -> tuple[float, float]:
        """Put the gradient of a batch into the parameters; return its mean loss and the sum of its weights."""
        mean = self._mean_loss(rows)
        if self.optimizer.cells:
            mean.backward()
        weights = self.visits.sample_weight
        return mean.item(), float(len(rows) if weights is None else weights[rows].sum())

    def _mean_loss(self, rows: Ints) -> Any:
        visits = self.visits
        weights = None if visits.sample_weight is None else visits.sample_weight[rows]
        return mean_loss(self._loss, compose(self.stages, pick(visits.x, rows)), visits.y[rows], weights)

    def _update(self, t: int, epoch: int, n_rows: int, total: float) -> None:
        """Make update t, from 1, and note the penalty before it."""
        visits, decay_by = self.visits, 1.0
        n = visits.order.shape[1]
        if self._penalties is not None:
            decay_by = 1 / total if total > 0 else 0.0
            self._penalties[epoch] += self._penalty() * decay_by * n_rows / n
        step = step_of(t, n, visits.batch_size, weighted=self._weighted, adam=self._adam)
        self.optimizer.step(step, pace_of(epoch, self._paces, self._watch), decay_by)

    def _penalty(self) -> float:
        return sum(
            cell.decay / 2 * float((parameter.detach() ** 2).sum())
            for cell in self.optimizer.cells
            for parameter in cell.parameters
        )

    def _judge(self, epoch: int, watch: Watch) -> bool:
        """Let the watch see an epoch's loss; return whether it ends the training."""
        seen = self.losses[epoch] + (0.0 if self._penalties is None else self._penalties[epoch])
        if len(watch.held_back):
            self._before_batch(NO_VISIT)
            with import_torch().no_grad():
                seen = watch.losses[epoch] = self._mean_loss(watch.held_back).item()
        if judge(watch.state, epoch, seen):
            watch.best[:] = self._theta
        return watch.stopped


@contextmanager
def threads_of_torch(number: int | None) -> Iterator[None]:
    """Let PyTorch use so many threads, or those of its own settings."""
    if number is None:
        yield
        return
    torch = import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Training(StageTraining):
    """The training of an MLP; the arguments are those of `train`."""

    def __init__(
        self,
        theta: Floats,
        state: Floats,
        sizes: Ints,
        activation: int,
        optimizer: int,
        x: Floats,
        y: NDArray[Any],
        order: Ints,
        batch_size: int,
        rates: NDArray[np.float64],
        decays: NDArray[np.float64],
        pulls: NDArray[np.float64],
        anchor: Floats,
        momentum: float,
        losses: NDArray[np.float64],
        *,
        threads: int = 1,
        sample_weight: Floats | None = None,
        nesterov: bool = False,
        between: NDArray[np.float64] | None = None,
        **options: Any,
    ) -> None:
        lies = None if between is None else Between(between)
        stages, anchors = (mlp_stages(flat, sizes, activation, lies) for flat in (theta, anchor))
        cells = moving_cells(stages, anchors, rates, decays, pulls)
        self._moments = moments_of(state, *_by_parameter(stages, rates)) if state.size else None
        super().__init__(
            stages,
            GroupedOptimizer(cells, optimizer, momentum, nesterov=nesterov),
            visits_of(x, y, order, batch_size, sample_weight),
            losses,
            theta=theta,
            threads=threads,
            between=lies,
            **options,
        )
        self._next = -1  # update that it goes on with; before the first, the moments have to be loaded

    def run(self, first: int, last: int, *, ends: bool = True) -> int:
        """Make updates; their moments begin and end as those of the state, if it was given."""
        if self._moments is None:
            return super().run(first, last, ends=ends)
        if self._next != first:
            self.optimizer.load(self._moments, first)
        self._next = super().run(first, last, ends=ends)
        self.optimizer.store(self._moments)
        return self._next


def _by_parameter(stages: Sequence[Stage], rates: NDArray[np.float64]) -> tuple[list[int], NDArray[np.float64]]:
    """Return the size and the rate of each parameter."""
    both = [
        (parameter.numel(), rate)
        for stage, row in zip(stages, rates, strict=True)
        for parameters, rate in zip((stage.matrices, stage.others), row, strict=True)
        for parameter in parameters
    ]
    return [size for size, _ in both], np.array([rate for _, rate in both])


def visits_of(x: Floats, y: NDArray[Any], order: Ints, batch_size: int, sample_weight: Floats | None) -> Visits:
    """Return the examples of `train` as tensors."""
    weights = None if sample_weight is None else tensor(sample_weight)
    return Visits(tensor(x), tensor(y), order, batch_size, weights)


def moments_of(state: Floats, lengths: Sequence[int], rates: NDArray[np.float64]) -> list[tuple[Floats, Floats]]:
    """Return both moments of each part that moves, sharing the memory of the state."""
    stops = np.cumsum([0, *lengths]).tolist()
    parts = zip(pairwise(stops), rates.ravel().tolist(), strict=True)
    return [(state[0, start:stop], state[1, start:stop]) for (start, stop), rate in parts if rate != 0]


def train(
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
    order: Ints,
    batch_size: int,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    pulls: NDArray[np.float64],
    anchor: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    paces: NDArray[np.float64] | None = None,
    penalties: NDArray[np.float64] | None = None,
    watch: Watch | None = None,
    between: NDArray[np.float64] | None = None,
    adam: Adam = ADAM_DEFAULTS,
) -> int:
    """See `reference.train`."""
    training = Training(
        theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls, anchor, momentum,
        losses, weighted=weighted, loss=loss, sample_weight=sample_weight, nesterov=nesterov, paces=paces,
        penalties=penalties, watch=watch, between=between, adam=adam,
    )  # fmt: skip
    return training.run(first, last)

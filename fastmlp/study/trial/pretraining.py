"""The source of a transfer: a network pretrained on some rows of a task, and the scaler that goes with it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...network import Network, accuracy, features, inputs_for
from ...problems import Pretrained, Problem, Scaler, Split, Task
from ...similarity import h_score
from ...training import Fit, train_mlp
from ..store.schema import Record, all_finite, finite
from .diagnostics import hidden_features
from .seed_context import SeedContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


class Source:
    """What is transferred from: a network, the scaler through which it saw its inputs, and examples if there are any.

    Parameters
    ----------
    task, rows
        The examples it was trained on.
    held_out
        Rows of the task that the network is evaluated on.
    shared
        How networks are drawn and run.
    """

    def __init__(self, task: Task, rows: Ints, held_out: Ints, shared: SeedContext) -> None:
        self.task = task
        self.rows = rows
        self.held_out = held_out
        self.shared = shared
        self._features: tuple[Floats, list[Floats]] | None = None

    @property
    def network(self) -> Network:
        """The pretrained network."""
        raise NotImplementedError

    @property
    def diverged_epoch(self) -> int | None:
        """The epoch in which the pretraining diverged, so that the network means nothing; None if it did not."""
        raise NotImplementedError

    @property
    def scaler(self) -> Scaler:
        """Through which the network saw its inputs."""
        raise NotImplementedError

    @cached_property
    def random_network(self) -> Network:
        """The random network that pretraining starts from, or one like the pretrained network."""
        return self.shared.draw(self.task)

    def inputs(self, X: NDArray[np.float64]) -> Floats:
        """Return inputs as this network sees them."""
        return self.shared.scaled(X, self.scaler)

    @cached_property
    def held_out_inputs(self) -> Floats:
        """The held-out inputs of its own task, as this network sees them."""
        return inputs_for(self.network, self.inputs(self.task.X[self.held_out]))

    @property
    def held_out_labels(self) -> Ints:
        """Their labels."""
        return self.task.y[self.held_out]

    def features(self, inputs: Floats) -> list[Floats]:
        """Return the features of every hidden layer for inputs as this network sees them.

        The last answer is kept: strategies that share the scaler ask for the same array.
        """
        if self._features is None or self._features[0] is not inputs:
            self._features = inputs, hidden_features(self.network, inputs, self.shared.backend)
        return self._features[1]

    def h_score(self, net: Network, target: Task, probe: Ints) -> float | None:
        """Return the H-score of a network's last hidden features for the target, on the probe set."""
        if not np.isfinite(net.theta).all():
            return None
        depth = net.layout.n_layers - 1
        hidden = features(net, self.inputs(target.X[probe]), depth=depth, backend=self.shared.backend, threads=1)
        return finite(h_score(hidden, target.y[probe]))

    def record(self) -> Record:
        """Return what is measured of the pretraining itself."""
        raise NotImplementedError


class PretrainedSource(Source):
    """A scaler and a network fitted on some rows of a task, each when first asked for."""

    @cached_property
    def scaler(self) -> Scaler:
        """Fitted on these rows."""
        return self.task.scaler(self.rows)

    @cached_property
    def fit(self) -> Fit:
        """Trained on these rows."""
        settings = self.shared.settings
        return train_mlp(
            self.random_network,
            self.inputs(self.task.X[self.rows]),
            self.task.y[self.rows],
            epochs=settings.pretraining.epochs,
            lr=settings.pretraining.lr,
            weight_decay=settings.pretraining.weight_decay,
            batch_size=settings.training.batch_size,
            short_batch=settings.training.short_batch,
            momentum=settings.training.momentum,
            optimizer=settings.training.optimizer,
            rng=self.shared.rng("pretraining order"),
            backend=self.shared.backend,
        )

    @property
    def network(self) -> Network:
        """Trained on these rows."""
        return self.fit.network

    @property
    def diverged_epoch(self) -> int | None:
        """See `Source`."""
        return self.fit.diverged_epoch

    def record(self) -> Record:
        """Return seconds, losses, and the accuracy on held-out examples of its own task."""
        measured: Record = {
            "pretrain_seconds": self.fit.seconds,
            "pretrain_losses": all_finite(self.fit.losses.tolist()),
        }
        if self.fit.diverged:
            return measured
        X, y = self.held_out_inputs, self.held_out_labels
        return measured | {"source_accuracy": accuracy(self.network, X, y, backend=self.shared.backend, threads=1)}


class GivenSource(Source):
    """A network that was trained elsewhere, without its data: nothing can be measured on them.

    Parameters
    ----------
    given, shared
        The network, and how others are drawn and run.
    """

    def __init__(self, given: Pretrained, shared: SeedContext) -> None:
        none = np.empty(0, np.int64)
        super().__init__(Task.absent(given), none, none, shared)
        self.given = given

    @property
    def network(self) -> Network:
        """As it was given."""
        return self.given.network

    @property
    def diverged_epoch(self) -> int | None:
        """None: a file holds finite numbers."""
        return None

    @cached_property
    def scaler(self) -> Scaler:
        """The network's own; if it saw its inputs as they are, one that leaves them so."""
        n_features = self.network.sizes[0]
        return self.given.scaler or Scaler(np.zeros(n_features), np.ones(n_features))

    def record(self) -> Record:
        """Return nothing: the pretraining was elsewhere."""
        return {}


def measure_pretraining(source: Source, problem: Problem, split: Split) -> Record:
    """Return the record of a pretraining: its accuracy on its own task, and the H-scores of its features.

    Besides the pretrained network's H-score these are those of its random start and of a network pretrained on the
    target task itself: the problem's similarity is the position between the two. Without a probe set there are none,
    and without source data no accuracy on its own task.
    """
    measured, target = source.record(), problem.target
    if source.diverged_epoch is not None or not len(split.probe):
        return measured
    ceiling = PretrainedSource(target, split.ceiling, split.heldout[:0], source.shared)
    return measured | {
        "h_score": source.h_score(source.network, target, split.probe),
        "h_score_random": source.h_score(source.random_network, target, split.probe),
        "h_score_target": ceiling.h_score(ceiling.network, target, split.probe),
    }

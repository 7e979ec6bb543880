"""The source of a transfer: a network pretrained on some rows of a task, and the scaler that goes with it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...network import Network, accuracy, features
from ...problems import Problem, Scaler, Split, Task
from ...similarity import h_score
from ...training import Fit, train_mlp
from ..store.schema import Record, all_finite, finite
from .diagnostics import hidden_features
from .seed_context import SeedContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


class PretrainedSource:
    """A scaler and a network fitted on some rows of a task, each when first asked for.

    Parameters
    ----------
    task, rows
        The examples.
    held_out
        Rows of the task that the network is evaluated on.
    shared
        How the network is trained.
    """

    def __init__(self, task: Task, rows: Ints, held_out: Ints, shared: SeedContext) -> None:
        self.task = task
        self.rows = rows
        self.held_out = held_out
        self.shared = shared
        self._features: tuple[Floats, list[Floats]] | None = None

    @cached_property
    def scaler(self) -> Scaler:
        """Fitted on these rows."""
        return self.task.scaler(self.rows)

    @cached_property
    def random_network(self) -> Network:
        """The random network that pretraining starts from."""
        return self.shared.draw(self.task)

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

    def inputs(self, X: NDArray[np.float64]) -> Floats:
        """Return inputs as this network sees them."""
        return self.shared.scaled(X, self.scaler)

    @cached_property
    def held_out_inputs(self) -> Floats:
        """The held-out inputs of its own task, as this network sees them."""
        return self.inputs(self.task.X[self.held_out])

    @property
    def held_out_labels(self) -> Ints:
        """Their labels."""
        return self.task.y[self.held_out]

    def features(self, inputs: Floats) -> list[Floats]:
        """Return the features of every hidden layer for inputs as this network sees them.

        The last answer is kept: strategies that share the scaler ask for the same array.
        """
        if self._features is None or self._features[0] is not inputs:
            self._features = inputs, hidden_features(self.fit.network, inputs, self.shared.backend)
        return self._features[1]

    def h_score(self, net: Network, target: Task, probe: Ints) -> float | None:
        """Return the H-score of a network's last hidden features for the target, on the probe set."""
        if not np.isfinite(net.theta).all():
            return None
        depth = net.layout.n_layers - 1
        hidden = features(net, self.inputs(target.X[probe]), depth=depth, backend=self.shared.backend, threads=1)
        return finite(h_score(hidden, target.y[probe]))


def measure_pretraining(source: PretrainedSource, problem: Problem, split: Split) -> Record:
    """Return the record of a pretraining: its accuracy on its own task, and the H-scores of its features.

    Besides the pretrained network's H-score these are those of its random start and of a network pretrained on the
    target task itself: the problem's similarity is the position between the two. Without a probe set there are none.
    """
    fit, target = source.fit, problem.target
    measured: Record = {"pretrain_seconds": fit.seconds, "pretrain_losses": all_finite(fit.losses.tolist())}
    if fit.diverged:
        return measured
    X, y = source.held_out_inputs, source.held_out_labels
    measured["source_accuracy"] = accuracy(fit.network, X, y, backend=source.shared.backend, threads=1)
    if not len(split.probe):
        return measured
    ceiling = PretrainedSource(target, split.ceiling, split.heldout[:0], source.shared)
    return measured | {
        "h_score": source.h_score(fit.network, target, split.probe),
        "h_score_random": source.h_score(source.random_network, target, split.probe),
        "h_score_target": ceiling.h_score(ceiling.fit.network, target, split.probe),
    }

"""A trained model: a network or the baseline, with one interface for evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backends import get_backend
from ...backends.reference_losses import two_logits
from ...measures import log_loss
from ...network import Network, kernel_arguments, softmax
from ...problems import Scaler, Task
from ...strategies import Strategy, fit_baseline, train_from
from ...training import Examples, Fit, TrainingOptions
from ..settings.schema import TrainingSettings
from ..store.schema import Record, all_finite, finite
from .diagnostics import drift_by_layer
from .seed_context import SeedContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...backbones import BackboneFit
    from ...layout import Floats, Ints


@dataclass(frozen=True, eq=False)
class Model:
    """A model after training.

    Parameters
    ----------
    scaler, dtype
        Applied to inputs before the model.
    train_inputs
        The scaled inputs it was trained on, (n, features).
    logits
        From scaled inputs (n, features) to (n, classes); minus infinity for a class without training examples.
    record
        What its training adds to the record.
    fit
        The training itself, if it is a network.
    """

    scaler: Scaler
    dtype: str
    train_inputs: Floats = field(repr=False)
    logits: Callable[[Floats], Floats]
    record: Record = field(repr=False)
    fit: Fit | None = field(default=None, repr=False)

    @property
    def diverged(self) -> bool:
        """Whether its training diverged."""
        return self.fit is not None and self.fit.diverged

    def inputs(self, X: NDArray[np.float64]) -> Floats:
        """Return scaled inputs."""
        return self.scaler.transform(X, self.dtype)


def train_network(
    strategy: Strategy,
    start: Network,
    scaler: Scaler,
    task: Task,
    rows: Ints,
    options: TrainingOptions,
    shared: SeedContext,
) -> Model:
    """Train a network by a strategy on some rows of a task.

    Initial weights and order have a generator each, so that a replicate may vary one and keep the other.
    """
    dtype = shared.settings.network.dtype
    start = shared.start(strategy, start, task.n_classes)
    examples = shared.examples(start, task, rows, scaler)
    fit = fit_network(strategy, start, examples, options, shared)
    return Model(scaler, dtype, examples.x, logits_of(fit.network, shared.backend), _fit_record(fit), fit)


def logits_of(net: Network, backend: str) -> Callable[[Floats], Floats]:
    """Return the function from scaled inputs (n, features) to logits (n, classes); inputs are not checked."""
    return partial(get_backend(backend).forward, *kernel_arguments(net))


def fit_network(
    strategy: Strategy, start: Network, examples: Examples, options: TrainingOptions, shared: SeedContext
) -> Fit:
    """Train the network that a strategy starts from."""
    order = shared.order(options.epochs, len(examples.y))
    return train_from(start, examples, examples.y, strategy, options, order=order, rng=shared.seed_of("weights"))


@lru_cache(maxsize=256)  # the strategies of a cell train with the same few, and checking them takes time
def options_for(training: TrainingSettings, epochs: int, backend: str, *, accuracies: bool) -> TrainingOptions:
    """Return the options of a training of so many epochs."""
    return TrainingOptions(
        epochs=epochs,
        batch_size=training.batch_size,
        short_batch=training.short_batch,
        lr=training.lr,
        momentum=training.momentum,
        optimizer=training.optimizer,
        weight_decay=training.weight_decay,
        accuracies=accuracies,
        backend=backend,
        threads=1,  # trials share the cores
    )


def training_record(fit: Fit | BackboneFit) -> Record:
    """Return the part of a record that describes a training, whatever was trained."""
    return {
        "status": "diverged" if fit.diverged else "ok",
        "final_loss": finite(fit.losses[-1]) if len(fit.losses) else None,
        "train_seconds": fit.seconds,
        "parameters_trained": fit.parameters_trained,
        "steps": fit.steps,
        "diverged_epoch": fit.diverged_epoch,
        "frozen_before": fit.frozen_before,
        "frozen_after": fit.frozen_after,
        "losses": all_finite(fit.losses.tolist()),
    }


def _fit_record(fit: Fit) -> Record:
    return training_record(fit) | {
        "trainable": list(fit.free_by_layer),
        "drift": [] if fit.diverged else drift_by_layer(fit.network, fit.start),
        "train_accuracies": [list(taken) for taken in fit.accuracies] or None,
    }


def train_baseline(scaler: Scaler, task: Task, rows: Ints, strength: float) -> Model:
    """Fit logistic regression on some rows of a task; `strength` is its C."""
    X, y = scaler.transform(task.X[rows]), task.y[rows]
    logits, record = fit_logistic(X, y, task.n_classes, strength)
    return Model(scaler, "float64", X, logits, record)


def fit_logistic(X: Any, y: Ints, n_classes: int, strength: float) -> tuple[Callable[[Any], Floats], Record]:
    """Fit logistic regression on inputs (n, features), sparse ones too; return its logits, and its part of a record."""
    start = perf_counter()
    model = fit_baseline(X, y, C=strength)
    seconds, logits = perf_counter() - start, logits_of_baseline(model, n_classes)
    return logits, {
        "status": "ok",
        "final_loss": log_loss(softmax(logits(X)), y),
        "train_seconds": seconds,
        "parameters_trained": int(model.coef_.size + model.intercept_.size),
        "steps": int(model.n_iter_.max()),
    }


def logits_of_baseline(model: Any, n_classes: int) -> Callable[[Any], Floats]:
    """Return the function from scaled inputs (n, features) to logits (n, classes) of a fitted logistic regression."""

    def logits(X: Any) -> Floats:
        full = np.full((X.shape[0], n_classes), -np.inf)  # a class without training examples is never predicted
        full[:, model.classes_] = two_logits(X @ model.coef_.T + model.intercept_)
        return full

    return logits


def epochs_for(training: TrainingSettings, n_target: int, pool: int) -> int:
    """Return the epochs of a training: as set, or as many as give the updates that the whole pool would get in them.

    An update counts as much as it moves: a short batch's that is weighted counts as its share.

    Examples
    --------
    >>> [epochs_for(TrainingSettings(epochs=60, batch_size=32, budget="steps"), n, 500) for n in (20, 500)]
    [938, 60]
    """
    if training.budget == "epochs":
        return training.epochs
    return max(1, round(training.epochs * updates_per_epoch(training, pool) / updates_per_epoch(training, n_target)))


def updates_per_epoch(training: TrainingSettings, n: int) -> float:
    """Return the updates of an epoch over n examples; a weighted one counts as its share."""
    batches = n / min(n, training.batch_size)
    match training.short_batch:
        case "weighted":
            return batches
        case "drop":
            return math.floor(batches)
        case _:
            return math.ceil(batches)

"""One trial: from a cell of the grid to its record, by the lab's protocol.

Everything of one problem and one seed shares a split, a source scaler and a pretrained network: a `Cell` makes each of
them once, when first asked. What is held out is given to trained models alone, by `measure` and `Cell.judge`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ..measures import evaluate, log_loss
from ..network import Network, predict_proba
from ..problems import Problem, Scaler, Split, load_problem
from ..strategies import Strategy, fit_baseline, transfer
from ..training import Fit
from .pretraining import Conditions, Origin, measure
from .settings import Settings, TrainingSettings
from .store.records import PRETRAINING, Group, Outcome, Record, Trial, blank_record, failed_record, finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints


@dataclass(frozen=True)
class Worker:
    """What a worker needs to know to run any group of a study.

    Parameters
    ----------
    settings
        The study's.
    backend
        ``numba`` or ``numpy``.
    """

    settings: Settings
    backend: str

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Outcome:
        """Run a group's trials one after the other, until there are no more or `stopped` says so."""
        cell = Cell(load_problem(group.problem, group.seed), group.seed, self.settings, self.backend)
        pretraining = pretraining_record(cell, group) if group.pretraining_missing and not stopped() else None
        records: list[Record] = []
        for trial in group.trials:
            if stopped():
                break
            records.append(run_trial(cell, trial))
        return Outcome(pretraining, records)


def load_libraries() -> None:
    """Import what trials would import when they first need it.

    It is done before threads start, so that no two of them do, and before linear algebra is held to one thread, which
    reaches only what is loaded.
    """
    for name in ("scipy.stats", "sklearn.covariance", "sklearn.linear_model"):
        import_module(name)


def run_trial(cell: Cell, trial: Trial) -> Record:
    """Return the record of one trial; whatever goes wrong in it is in the record too."""
    try:
        return blank_record(trial) | cell.run(cell.conditions.settings.strategy(trial.strategy), trial.n_target)
    except Exception as error:  # noqa: BLE001 - one trial must not take the others with it; the next run tries it again
        return failed_record(trial, error)


def pretraining_record(cell: Cell, group: Group) -> Record | None:
    """Return the record of a cell's pretraining, or None if it failed, as its trials will say."""
    try:
        return dict.fromkeys(PRETRAINING) | {"key": group.pretraining_key} | cell.pretraining()
    except Exception:  # noqa: BLE001 - as above
        return None


class Cell:
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
        self.seed = seed
        self.conditions = Conditions(settings, backend, problem.target.name, seed)
        self.origins: dict[int, Origin] = {}

    @cached_property
    def split(self) -> Split:
        """The disjoint parts of the data."""
        return self.problem.split(self.seed)

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

    def run(self, strategy: Strategy, n_target: int) -> Record:
        """Train by a strategy on the first n_target examples of the target pool, and judge it on the held-out set."""
        origin, rows = self.origin(n_target), self.split.subset(n_target)
        scaler = origin.scaler if strategy.scaler == "source" else Scaler.fit(self.problem.target.X[rows])
        if strategy.start is None:
            return self.run_baseline(scaler, rows)
        if strategy.start != "random" and origin.fit.diverged:
            epoch = origin.fit.diverged_epoch
            return {"status": "diverged", "error": f"the pretraining it starts from diverged in epoch {epoch}"}
        # Scratch does not look at the pretrained network, only at its shape: a drawn one will do.
        start = origin.drawn if strategy.start == "random" else origin.fit.network
        return self.run_network(strategy, start, scaler, rows)

    def run_network(self, strategy: Strategy, start: Network, scaler: Scaler, rows: Ints) -> Record:
        """Train a network by a strategy, and judge it."""
        X, y = self.conditions.scaled(self.problem.target.X[rows], scaler), self.problem.target.y[rows]
        fit = self.transfer(strategy, start, X, y)
        record: Record = {
            "status": "diverged" if fit.diverged else "ok",
            "final_loss": finite(fit.losses[-1]),
            "train_seconds": fit.seconds,
            "parameters_trained": fit.parameters_trained,
            "steps": fit.steps,
            "diverged_epoch": fit.diverged_epoch,
            "frozen_before": fit.frozen_before,
            "frozen_after": fit.frozen_after,
            "losses": [finite(loss) for loss in fit.losses],
        }
        if fit.diverged:
            return record
        probabilities = partial(predict_proba, fit.network, backend=self.conditions.backend)
        return record | self.judge(probabilities, X, self.heldout_inputs(scaler), rows)

    def transfer(self, strategy: Strategy, start: Network, X: Floats, y: Ints) -> Fit:
        """Train a network by a strategy."""
        training = self.conditions.settings.training
        return transfer(
            start,
            X,
            y,
            strategy=strategy,
            n_classes=self.problem.target.n_classes,
            rng=self.conditions.rng("transfer"),
            epochs=epochs_for(training, len(y), self.problem.sizes.pool),
            batch_size=training.batch_size,
            lr=training.lr,
            momentum=training.momentum,
            optimizer=training.optimizer,
            weight_decay=training.weight_decay,
            backend=self.conditions.backend,
        )

    def run_baseline(self, scaler: Scaler, rows: Ints) -> Record:
        """Fit logistic regression, and judge it as a network is judged."""
        target = self.problem.target
        X, y = scaler.transform(target.X[rows]), target.y[rows]
        start = perf_counter()
        model = fit_baseline(X, y)
        seconds = perf_counter() - start

        def probabilities(X: Floats) -> NDArray[np.float64]:
            full = np.zeros((len(X), target.n_classes))  # a class that no example had is never expected
            full[:, model.classes_] = model.predict_proba(X)
            return full

        return {
            "status": "ok",
            "final_loss": log_loss(probabilities(X), y),
            "train_seconds": seconds,
            "parameters_trained": int(model.coef_.size + model.intercept_.size),
            "steps": int(model.n_iter_.max()),
        } | self.judge(probabilities, X, scaler.transform(target.X[self.split.heldout]), rows)

    @cached_property
    def heldout_by_source(self) -> Floats:
        """The held-out inputs as most networks see them."""
        return self.origin().inputs(self.problem.target.X[self.split.heldout])

    def heldout_inputs(self, scaler: Scaler) -> Floats:
        """Return the held-out inputs as a network sees them."""
        if scaler is self.origin().scaler:
            return self.heldout_by_source
        return self.conditions.scaled(self.problem.target.X[self.split.heldout], scaler)

    def judge(
        self, probabilities: Callable[[Floats], NDArray[np.float64]], X: Floats, heldout: Floats, rows: Ints
    ) -> Record:
        """Measure a trained model on the held-out inputs, and its accuracy on those it was trained on, X."""
        start, y = perf_counter(), self.problem.target.y
        measured: Record = {
            name: finite(value) for name, value in evaluate(probabilities(heldout), y[self.split.heldout]).items()
        }
        train_accuracy = (probabilities(X).argmax(axis=1) == y[rows]).mean()
        return measured | {"train_accuracy": float(train_accuracy), "evaluate_seconds": perf_counter() - start}


def epochs_for(training: TrainingSettings, n_target: int, pool: int) -> int:
    """Return the epochs of a trial: as set, or as many as give the updates that the whole pool would get in them.

    Examples
    --------
    >>> [epochs_for(TrainingSettings(epochs=60, batch_size=32, budget="steps"), n, 500) for n in (20, 500)]
    [960, 60]
    """
    if training.budget == "epochs":
        return training.epochs
    updates = training.epochs * math.ceil(pool / training.batch_size)
    return max(1, round(updates / math.ceil(n_target / training.batch_size)))

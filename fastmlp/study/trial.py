"""One trial: from a cell of the grid to its record, by the lab's protocol.

Everything of one problem and one seed shares a split, a source scaler and a pretrained network: a `Cell` makes each of
them once, when first asked. What is held out is given to trained models alone: see `judging`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ..problems import Problem, Scaler, Split, interleave, load_problem
from ..strategies import Strategy
from .inside import alike, hidden_features, remembered
from .judging import HeldOut
from .models import Model, train_baseline, train_network
from .pretraining import Conditions, Origin, measure
from .settings import Settings
from .store.records import PRETRAINING, SCORES, Group, Outcome, Record, Trial, blank_record, failed_record
from .transferability import transferability
from .tuning import Candidate, choose, draw_candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints


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
        scores = [record for n, key in group.scores if not stopped() and (record := score_record(cell, n, key))]
        records: list[Record] = []
        for trial in group.trials:
            if stopped():
                break
            records.append(run_trial(cell, trial))
        return Outcome(pretraining, records, scores)


def load_libraries() -> None:
    """Import what trials would import when they first need it.

    It is done before threads start, so that no two of them do, and before linear algebra is held to one thread, which
    reaches only what is loaded.
    """
    for name in ("ndimage", "spatial.distance", "stats"):
        import_module(f"scipy.{name}")
    for name in ("covariance", "linear_model"):
        import_module(f"sklearn.{name}")


def run_trial(cell: Cell, trial: Trial) -> Record:
    """Return the record of one trial; whatever goes wrong in it is in the record too."""
    try:
        strategy = cell.conditions.settings.strategy(trial.strategy)
        return blank_record(trial) | cell.replicate(trial.varied, trial.replicate).run(strategy, trial.n_target)
    except Exception as error:  # noqa: BLE001 - one trial must not take the others with it; the next run tries it again
        return failed_record(trial, error)


def pretraining_record(cell: Cell, group: Group) -> Record | None:
    """Return the record of a cell's pretraining, or None if it failed, as its trials will say."""
    try:
        return dict.fromkeys(PRETRAINING) | {"key": group.pretraining_key} | cell.pretraining()
    except Exception:  # noqa: BLE001 - as above
        return None


def score_record(cell: Cell, n_target: int, key: str) -> Record | None:
    """Return the scores of transferability for one number of labels, or None if that failed."""
    try:
        return dict.fromkeys(SCORES) | {"key": key} | cell.scores(n_target)
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

    def replicate(self, varied: str, number: int) -> Cell:
        """Return the same cell with other randomness of one purpose, and all that is not touched by that in common."""
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

    def run(self, strategy: Strategy, n_target: int) -> Record:
        """Train by a strategy on the first n_target examples of the target pool, and judge it on the held-out set."""
        origin, rows, y = self.origin(n_target), self.split.subset(n_target), self.problem.target.y
        if strategy.starts_from_source and origin.fit.diverged:
            epoch = origin.fit.diverged_epoch
            return {"status": "diverged", "error": f"the pretraining it starts from diverged in epoch {epoch}"}
        candidate, tuned = self.tune(strategy, origin, rows)
        model = self.train(strategy, origin, rows, candidate)
        record = model.record | tuned
        if model.diverged:
            return record
        if strategy.scaler == "source":
            self.heldout.keep(model.scaler, model.dtype)
        guessed = model.logits(model.seen).argmax(axis=1)
        record |= {"train_accuracy": float((guessed == y[rows]).mean())} | self.heldout.judge(model)
        return record | self.look_inside(strategy, origin, model)

    def train(self, strategy: Strategy, origin: Origin, rows: Ints, candidate: Candidate) -> Model:
        """Train by a strategy on some rows."""
        target = self.problem.target
        scaler = origin.scaler if strategy.scaler == "source" else Scaler.fit(target.X[rows])
        if strategy.start is None:
            return train_baseline(scaler, target, rows, candidate.C)
        # Scratch does not look at the pretrained network, only at its shape: a drawn one will do.
        start = origin.fit.network if strategy.starts_from_source else origin.drawn
        training = self.conditions.settings.training
        training = msgspec.structs.replace(training, lr=candidate.lr, epochs=candidate.epochs)
        pool = self.problem.sizes.pool
        return train_network(strategy, start, scaler, target, rows, training, pool, self.conditions)

    def tune(self, strategy: Strategy, origin: Origin, rows: Ints) -> tuple[Candidate, Record]:
        """Choose rate and epochs, or C, by cross-validation inside the n_target examples; return the choice and why."""
        training, tuning = self.conditions.settings.training, self.conditions.settings.tuning
        declared = Candidate(training.lr, training.epochs, 1.0)
        if tuning.trials == 1:
            return declared, {}
        start, target = perf_counter(), self.problem.target

        def fit(candidate: Candidate, kept: Ints, left_out: Ints) -> NDArray[np.float64]:
            model = self.train(strategy, origin, rows[kept], candidate)
            if model.diverged:
                return np.full((len(left_out), target.n_classes), np.nan)
            return model.probabilities(target.X[rows[left_out]])

        candidates = draw_candidates(declared, tuning.trials, self.conditions.rng("candidates"))
        choice = choose(candidates, target.y[rows], tuning.folds, self.conditions.rng("folds"), fit)
        is_network = strategy.start is not None
        return choice.best, {
            "tuned_lr": choice.best.lr if is_network else None,
            "tuned_epochs": choice.best.epochs if is_network else None,
            "tuned_C": None if is_network else choice.best.C,
            "tuning": list(choice.scores),
            "tuning_note": choice.note,
            "tune_seconds": perf_counter() - start,
        }

    def look_inside(self, strategy: Strategy, origin: Origin, model: Model) -> Record:
        """Compare a transferred network with the one it came from, if the study asks for that."""
        if not self.conditions.settings.measures.inside or not strategy.starts_from_source or model.fit is None:
            return {}
        trained, pretrained, backend = model.fit.network, origin.fit.network, self.conditions.backend
        seen = self.heldout.seen_plain(model)
        if model.scaler is not origin.scaler:  # through another scaler the pretrained network sees other features
            known = hidden_features(pretrained, seen, backend)
        elif origin.known is None:
            known = origin.known = hidden_features(pretrained, seen, backend)
        else:
            known = origin.known
        if origin.own is None:
            origin.own = origin.inputs(self.problem.source.X[self.split.source_heldout])
        labels = self.problem.source.y[self.split.source_heldout]
        return {
            "cka": alike(hidden_features(trained, seen, backend), known),
            "source_accuracy_kept": remembered(trained, pretrained, origin.own, labels, backend),
        }

"""One trial: from a cell of the grid to its record, by the lab's protocol.

Everything of one problem and one seed shares its `Ground`: a split, a source scaler, a pretrained network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ...strategies import Strategy
from ..settings.schema import Settings
from ..store.schema import PRETRAINING, SCORES, Group, Outcome, Record, Trial, blank_record, failed_record
from .context import Ground
from .diagnostics import alike, hidden_features, remembered
from .model import Model, train_baseline, train_network
from .pretraining import Origin
from .tuning import Candidate, choose, draw_candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Ints


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

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials one after the other, until there are no more or `stopped` says so."""
        ground = Ground(self.settings.problem(group.problem, group.seed), group.seed, self.settings, self.backend)
        if group.pretraining_missing and not stopped():
            yield Outcome(pretraining=pretraining_record(ground, group))
        for n_target, key in group.scores:
            if not stopped() and (record := score_record(ground, n_target, key)):
                yield Outcome(scores=[record])
        for trial in group.trials:
            if stopped():
                break
            yield Outcome(records=[run_trial(ground, trial)])


def load_libraries() -> None:
    """Import what trials would import when they first need it.

    It is done before threads start, so that no two of them do, and before linear algebra is held to one thread, which
    reaches only what is loaded.
    """
    for name in ("ndimage", "spatial.distance", "stats"):
        import_module(f"scipy.{name}")
    for name in ("covariance", "linear_model"):
        import_module(f"sklearn.{name}")


def run_trial(ground: Ground, trial: Trial) -> Record:
    """Return the record of one trial; whatever goes wrong in it is in the record too."""
    try:
        strategy = ground.conditions.settings.strategy(trial.strategy)
        here = ground.replicate(trial.varied, trial.replicate)
        return blank_record(trial) | run_strategy(here, strategy, trial.n_target)
    except Exception as error:  # noqa: BLE001 - one trial must not take the others with it; the next run tries it again
        return failed_record(trial, error)


def pretraining_record(ground: Ground, group: Group) -> Record | None:
    """Return the record of a ground's pretraining, or None if it failed, as its trials will say."""
    try:
        return dict.fromkeys(PRETRAINING) | {"key": group.pretraining_key} | ground.pretraining()
    except Exception:  # noqa: BLE001 - as above
        return None


def score_record(ground: Ground, n_target: int, key: str) -> Record | None:
    """Return the scores of transferability for one number of labels, or None if that failed."""
    try:
        return dict.fromkeys(SCORES) | {"key": key} | ground.scores(n_target)
    except Exception:  # noqa: BLE001 - as above
        return None


def run_strategy(ground: Ground, strategy: Strategy, n_target: int) -> Record:
    """Train by a strategy on the first n_target examples of the target pool, and judge it on the held-out set."""
    origin, rows, y = ground.origin(n_target), ground.split.subset(n_target), ground.problem.target.y
    if strategy.starts_from_source and origin.fit.diverged:
        epoch = origin.fit.diverged_epoch
        return {"status": "diverged", "error": f"the pretraining it starts from diverged in epoch {epoch}"}
    candidate, tuned = tune(ground, strategy, origin, rows)
    model = train(ground, strategy, origin, rows, candidate)
    record = model.record | tuned
    if model.diverged:
        return record
    if strategy.scaler == "source":
        ground.heldout.keep(model.scaler, model.dtype)
    right = np.count_nonzero(model.logits(model.seen).argmax(axis=1) == y[rows])
    record |= {"train_accuracy": right / len(rows)} | ground.heldout.judge(model)
    return record | look_inside(ground, strategy, origin, model)


def train(ground: Ground, strategy: Strategy, origin: Origin, rows: Ints, candidate: Candidate) -> Model:
    """Train by a strategy on some rows."""
    target = ground.problem.target
    scaler = origin.scaler if strategy.scaler == "source" else target.scaler(rows)
    if strategy.start is None:
        return train_baseline(scaler, target, rows, candidate.C)
    # Scratch does not look at the pretrained network, only at its shape: a drawn one will do.
    start = origin.fit.network if strategy.starts_from_source else origin.drawn
    training = ground.conditions.settings.training
    training = msgspec.structs.replace(training, lr=candidate.lr, epochs=candidate.epochs)
    pool = ground.problem.sizes.pool
    return train_network(strategy, start, scaler, target, rows, training, pool, ground.conditions)


def tune(ground: Ground, strategy: Strategy, origin: Origin, rows: Ints) -> tuple[Candidate, Record]:
    """Choose rate and epochs, or C, by cross-validation inside the n_target examples; return the choice and why."""
    training, tuning = ground.conditions.settings.training, ground.conditions.settings.tuning
    declared = Candidate(training.lr, training.epochs, 1.0)
    if tuning.trials == 1:
        return declared, {}
    start, target = perf_counter(), ground.problem.target

    def fit(candidate: Candidate, kept: Ints, left_out: Ints) -> NDArray[np.float64]:
        model = train(ground, strategy, origin, rows[kept], candidate)
        if model.diverged:
            return np.full((len(left_out), target.n_classes), np.nan)
        return model.probabilities(target.X[rows[left_out]])

    candidates = draw_candidates(declared, tuning.trials, ground.conditions.rng("candidates"))
    choice = choose(candidates, target.y[rows], tuning.folds, ground.conditions.rng("folds"), fit)
    is_network = strategy.start is not None
    return choice.best, {
        "tuned_lr": choice.best.lr if is_network else None,
        "tuned_epochs": choice.best.epochs if is_network else None,
        "tuned_C": None if is_network else choice.best.C,
        "tuning": list(choice.scores),
        "tuning_note": choice.note,
        "tune_seconds": perf_counter() - start,
    }


def look_inside(ground: Ground, strategy: Strategy, origin: Origin, model: Model) -> Record:
    """Compare a transferred network with the one it came from, if the study asks for that."""
    if not ground.conditions.settings.measures.inside or not strategy.starts_from_source or model.fit is None:
        return {}
    trained, pretrained, backend = model.fit.network, origin.fit.network, ground.conditions.backend
    seen, own = ground.heldout.seen_plain(model), ground.split.source_heldout
    # Through another scaler the pretrained network sees other features
    known = origin.features(seen) if model.scaler is origin.scaler else hidden_features(pretrained, seen, backend)
    X, y = origin.own_inputs(own), ground.problem.source.y[own]
    return {
        "cka": alike(hidden_features(trained, seen, backend), known),
        "source_accuracy_kept": remembered(trained, pretrained, X, y, backend),
    }

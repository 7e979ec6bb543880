"""One trial: from a cell of the grid to its record, by the lab's protocol.

All trials of one problem and one seed share a `TrialContext`: a split, a source scaler, a pretrained network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ...problems import Task, keep_task
from ...strategies import Strategy
from ..settings.schema import Settings
from ..store.schema import PRETRAINING, SCORES, Group, Outcome, Record, Trial, blank_record, failed_record
from .context import TrialContext
from .diagnostics import cka_by_layer, hidden_features, source_accuracy_kept
from .model import Model, train_baseline, train_network
from .pretraining import PretrainedSource
from .tuning import Candidate, choose, draw_candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Ints


@dataclass(frozen=True)
class GroupRunner:
    """A function that runs the trials of a group: what an executor calls. It can be pickled.

    Parameters
    ----------
    settings
        The study's.
    backend
        ``numba`` or ``numpy``.
    tasks
        Data of the study's own, for machines that do not have its files.
    """

    settings: Settings
    backend: str
    tasks: tuple[Task, ...] = ()

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials one after the other, until there are no more or `stopped` says so."""
        for task in self.tasks:
            keep_task(task)
        context = TrialContext(
            self.settings.problem(group.problem, group.seed), group.seed, self.settings, self.backend
        )
        if group.pretraining_missing and not stopped():
            yield Outcome(pretraining=pretraining_record(context, group))
        for n_target, key in group.scores:
            if not stopped() and (record := score_record(context, n_target, key)):
                yield Outcome(scores=[record])
        for trial in group.trials:
            if stopped():
                break
            yield Outcome(records=[run_trial(context, trial)])


def load_libraries() -> None:
    """Import the libraries that trials would import on first use.

    This happens before threads start, so that no two of them import at once, and before linear algebra is limited to
    one thread, because the limit applies only to libraries that are loaded.
    """
    for name in ("ndimage", "spatial.distance", "stats"):
        import_module(f"scipy.{name}")
    for name in ("covariance", "linear_model"):
        import_module(f"sklearn.{name}")


def run_trial(context: TrialContext, trial: Trial) -> Record:
    """Return the record of one trial. An exception becomes a record with status ``failed``."""
    try:
        strategy = context.settings.strategy(trial.strategy)
        replicate = context.replicate(trial.varied, trial.replicate)
        return blank_record(trial) | run_strategy(replicate, strategy, trial.n_target)
    except Exception as error:  # noqa: BLE001 - one trial must not stop the others; the next run tries it again
        return failed_record(trial, error)


def pretraining_record(context: TrialContext, group: Group) -> Record | None:
    """Return the record of the pretraining, or None if it failed; its trials then fail too and say why."""
    try:
        return dict.fromkeys(PRETRAINING) | {"key": group.pretraining_key} | context.pretraining()
    except Exception:  # noqa: BLE001 - as above
        return None


def score_record(context: TrialContext, n_target: int, key: str) -> Record | None:
    """Return the scores of transferability for one number of labels, or None if that failed."""
    try:
        return dict.fromkeys(SCORES) | {"key": key} | context.scores(n_target)
    except Exception:  # noqa: BLE001 - as above
        return None


def run_strategy(context: TrialContext, strategy: Strategy, n_target: int) -> Record:
    """Train by a strategy on the first n_target examples of the target pool, and evaluate it on the held-out set."""
    source, rows, y = context.source(n_target), context.split.subset(n_target), context.problem.target.y
    if strategy.starts_from_source and source.fit.diverged:
        epoch = source.fit.diverged_epoch
        return {"status": "diverged", "error": f"the pretraining it starts from diverged in epoch {epoch}"}
    candidate, tuned = tune(context, strategy, source, rows)
    model = train(context, strategy, source, rows, candidate)
    record = model.record | tuned
    if model.diverged:
        return record
    if strategy.scaler == "source":
        context.heldout.keep_inputs(model.scaler, model.dtype)
    if strategy.trains:
        right = np.count_nonzero(model.logits(model.train_inputs).argmax(axis=1) == y[rows])
        record["train_accuracy"] = right / len(rows)
    record |= context.heldout.evaluate(model)
    return record | compare_with_source(context, strategy, source, model)


def train(
    context: TrialContext, strategy: Strategy, source: PretrainedSource, rows: Ints, candidate: Candidate
) -> Model:
    """Train by a strategy on some rows."""
    target = context.problem.target
    scaler = source.scaler if strategy.scaler == "source" else target.scaler(rows)
    if strategy.start is None:
        return train_baseline(scaler, target, rows, candidate.C)
    # Scratch needs only the shape of the pretrained network, which the random one has too
    start = source.fit.network if strategy.starts_from_source else source.random_network
    training = context.settings.training
    training = msgspec.structs.replace(training, lr=candidate.lr, epochs=candidate.epochs)
    pool = context.problem.sizes.pool
    return train_network(strategy, start, scaler, target, rows, training, pool, context.shared)


def tune(context: TrialContext, strategy: Strategy, source: PretrainedSource, rows: Ints) -> tuple[Candidate, Record]:
    """Choose rate and epochs, or C, by cross-validation on the n_target examples; return the choice and its record."""
    training, tuning = context.settings.training, context.settings.tuning
    declared = Candidate(training.lr, training.epochs, 1.0)
    if tuning.trials == 1 or not strategy.trains:
        return declared, {}
    start, target = perf_counter(), context.problem.target

    def fit(candidate: Candidate, kept: Ints, left_out: Ints) -> NDArray[np.float64]:
        model = train(context, strategy, source, rows[kept], candidate)
        if model.diverged:
            return np.full((len(left_out), target.n_classes), np.nan)
        return model.probabilities(target.X[rows[left_out]])

    candidates = draw_candidates(declared, tuning.trials, context.shared.rng("candidates"))
    choice = choose(candidates, target.y[rows], tuning.folds, context.shared.rng("folds"), fit)
    is_network = strategy.start is not None
    return choice.best, {
        "tuned_lr": choice.best.lr if is_network else None,
        "tuned_epochs": choice.best.epochs if is_network else None,
        "tuned_C": None if is_network else choice.best.C,
        "tuning": list(choice.scores),
        "tuning_note": choice.note,
        "tune_seconds": perf_counter() - start,
    }


def compare_with_source(context: TrialContext, strategy: Strategy, source: PretrainedSource, model: Model) -> Record:
    """Compare a transferred network with the pretrained one, if the study asks for it."""
    if not context.settings.measures.inside or not strategy.starts_from_source or model.fit is None:
        return {}
    trained, pretrained, backend = model.fit.network, source.fit.network, context.shared.backend
    inputs = context.heldout.inputs(model)[1]
    # Through another scaler the pretrained network sees other inputs
    shares_scaler = model.scaler is source.scaler
    before = source.features(inputs) if shares_scaler else hidden_features(pretrained, inputs, backend)
    X, y = source.held_out_inputs, source.held_out_labels
    return {
        "cka": cka_by_layer(hidden_features(trained, inputs, backend), before),
        "source_accuracy_kept": source_accuracy_kept(trained, pretrained, X, y, backend),
    }

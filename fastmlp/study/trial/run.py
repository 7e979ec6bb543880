"""One trial: from a cell of the grid to its record, by the lab's protocol.

All trials of one problem and one seed share a `TrialContext`: a split, a source scaler, a pretrained network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ...backends import get_backend
from ...backends.torch import threads_of_torch
from ...problems import Pretrained, Problem, Task, keep_pretrained, keep_task
from ...problems.backbone import BackboneProblem
from ...strategies import Strategy
from ..settings.schema import Settings
from ..store.outcome import Outcome, outcome_of
from ..store.schema import PRETRAINING, SCORES, Group, Record, Trial, blank_record, failed_record
from .backbone import BackboneContext
from .context import TrialContext
from .diagnostics import cka_by_layer, hidden_features, source_accuracy_kept
from .model import Model
from .own_measures import OwnMeasure
from .pretraining import Source
from .training import declared, train, tune

_torch = Lock()  # PyTorch has one random generator and one number of threads a process, whatever threads a worker has


@dataclass(frozen=True)
class GroupRunner:
    """A function that runs the trials of a group: what an executor calls. It can be pickled.

    Parameters
    ----------
    settings
        The study's.
    backend
        ``numba`` or ``numpy``.
    tasks, networks
        Data and pretrained networks of the study's own, for machines that do not have its files.
    own
        Measures of the study's own.
    features
        A folder where what frozen stages compute is kept as well as in memory.
    """

    settings: Settings
    backend: str
    tasks: tuple[Task, ...] = ()
    networks: tuple[Pretrained, ...] = ()
    own: tuple[OwnMeasure, ...] = ()
    features: Path | None = None

    def __call__(self, group: Group, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        """Run a group's trials one after the other, until there are no more or `stopped` says so."""
        for task in self.tasks:
            keep_task(task)
        for network in self.networks:
            keep_pretrained(network)
        problem = self.settings.problem(group.problem, group.seed)
        alone: Callable[[], AbstractContextManager[Any]] = alone_with_torch if self.settings.stages else nullcontext
        with alone():
            context = context_of(problem, group.seed, self.settings, self.backend, self.own, self.features)
        if group.pretraining_missing and not stopped():
            with alone():
                found = pretraining_record(context, group)
            yield outcome_of([found] if found else ())
        for n_target, key in group.scores:
            if stopped():
                break
            with alone():
                scores = score_record(context, n_target, key)
            if scores:
                yield outcome_of(scores=[scores])
        for trial in group.trials:
            if stopped():
                break
            with alone():
                record = run_trial(context, trial)
            yield outcome_of(records=[record])


@contextmanager
def alone_with_torch() -> Iterator[None]:
    """Take turns, and let PyTorch use one thread: two of each worker would wait for the same cores."""
    with _torch, threads_of_torch(1):
        yield


def context_of(
    problem: Problem,
    seed: int,
    settings: Settings,
    backend: str,
    own: Sequence[OwnMeasure] = (),
    features: Path | None = None,
) -> TrialContext:
    """Return what the trials of a problem and a seed share; the arguments are those of `GroupRunner`."""
    if isinstance(problem, BackboneProblem):
        return BackboneContext(problem, seed, settings, backend, own, features)
    return TrialContext(problem, seed, settings, backend, own)


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
    if isinstance(context, BackboneContext):
        return context.carry_out(strategy, n_target)
    source, rows, y = context.source(n_target), context.split.subset(n_target), context.problem.target.y
    if strategy.starts_from_source and source.diverged_epoch is not None:
        return {
            "status": "diverged",
            "error": f"the pretraining it starts from diverged in epoch {source.diverged_epoch}",
        }
    chosen, tuned = tune(context, strategy, source, rows)
    model = train(context, strategy, source, rows, chosen, accuracies=context.settings.measures.inside)
    record = model.record | tuned
    if model.diverged:
        return record
    if strategy.scaler == "source":
        context.heldout.keep_inputs(model.scaler, model.dtype)
    if strategy.trains:
        logits = model.logits(model.train_inputs)[np.newaxis]
        record["train_accuracy"] = int(get_backend(context.shared.backend).count_right(logits, y[rows])[0]) / len(rows)
    record |= context.heldout.evaluate(model)
    if tuned:  # by then the choice is made
        first = declared(context)
        same = chosen == first if model.fit is not None else chosen.C == first.C  # all that the baseline knows
        untuned = model if same else train(context, strategy, source, rows, first)
        record["declared_accuracy"] = None if untuned.diverged else context.heldout.accuracy(untuned)
    return record | compare_with_source(context, strategy, source, model)


def compare_with_source(context: TrialContext, strategy: Strategy, source: Source, model: Model) -> Record:
    """Compare a transferred network with the pretrained one, if the study asks for it."""
    if not context.settings.measures.inside or not strategy.starts_from_source or model.fit is None:
        return {}
    trained, pretrained, backend = model.fit.network, source.network, context.shared.backend
    inputs = context.heldout.inputs(model)[1]
    # Through another scaler the pretrained network sees other inputs
    shares_scaler = model.scaler is source.scaler
    before = source.features(inputs) if shares_scaler else hidden_features(pretrained, inputs, backend)
    record: Record = {"cka": cka_by_layer(hidden_features(trained, inputs, backend), before)}
    if len(source.held_out):
        X, y = source.held_out_inputs, source.held_out_labels
        record["source_accuracy_kept"] = source_accuracy_kept(trained, pretrained, X, y, backend)
    return record

"""The training of one trial: by a strategy, on some rows, with settings that are declared or chosen on the labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ...network import Network, softmax
from ...problems import Scaler, Task
from ...strategies import Strategy, fit_baseline
from ..store.schema import Record, all_finite
from .context import TrialContext
from .model import (
    Model,
    epochs_for,
    fit_network,
    logits_of,
    logits_of_baseline,
    options_for,
    train_baseline,
    train_network,
)
from .pretraining import Source
from .tuning import Candidate, Fold, choose, draw_candidates, penalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Ints
    from ...training import TrainingOptions
    from ..settings.schema import TrainingSettings


def train(
    context: TrialContext,
    strategy: Strategy,
    source: Source,
    rows: Ints,
    candidate: Candidate,
    *,
    accuracies: bool = False,
) -> Model:
    """Train by a strategy on some rows; `accuracies` says whether a network's accuracies on them are kept."""
    target = context.problem.target
    scaler = _scaler(strategy, source, target, rows)
    if strategy.start is None:
        return train_baseline(scaler, target, rows, candidate.C)
    options = _options(context, candidate, len(rows), accuracies=accuracies)
    return train_network(strategy, _start(strategy, source), scaler, target, rows, options, context.shared)


def declared(context: TrialContext) -> Candidate:
    """Return the settings that the study declares."""
    training = context.settings.training
    return Candidate(training.lr, training.epochs, training.weight_decay, 1.0)


def tune(context: TrialContext, strategy: Strategy, source: Source, rows: Ints) -> tuple[Candidate, Record]:
    """Choose settings by cross-validation on the n_target examples; return the choice and its record."""
    return tune_by(context, strategy, rows, declared(context), partial(train_fold, context, strategy, source, rows))


def tune_by(
    context: TrialContext, strategy: Strategy, rows: Ints, first: Candidate, fold: Fold
) -> tuple[Candidate, Record]:
    """Choose among `first`, which the study declares, and candidates around it; `fold` as for `choose`."""
    tuning = context.settings.tuning
    if tuning.trials == 1 or not strategy.trains:
        return first, {}
    start, target = perf_counter(), context.problem.target
    choice = choose(
        draw_candidates(first, len(rows), tuning.trials, context.shared.rng("candidates")),
        penalised(first, len(rows)),
        target.y[rows],
        tuning.folds,
        context.shared.rng("folds"),
        fold,
        None if target.groups is None else target.groups[rows],
    )
    best, is_network = choice.best, strategy.start is not None
    return best, {
        "tuned_lr": best.lr if is_network else None,
        "tuned_epochs": best.epochs if is_network else None,
        "tuned_weight_decay": best.weight_decay if is_network else None,
        "tuned_C": None if is_network else best.C,
        "tuning": list(all_finite(choice.scores)),
        "tuning_note": choice.note,
        "tune_seconds": perf_counter() - start,
    }


def train_fold(
    context: TrialContext, strategy: Strategy, source: Source, rows: Ints, kept: Ints, left_out: Ints
) -> Callable[[Candidate], NDArray[np.float64]]:
    """Return a function that trains a candidate on the rows kept and returns probabilities for those left out.

    NaN stands for those of a training that diverged. All candidates share the inputs, and nothing is measured that only
    a record needs: with few labels that takes longer than the training.
    """
    target, shared = context.problem.target, context.shared
    scaler = _scaler(strategy, source, target, rows[kept])
    if strategy.start is None:
        return baseline_fold(scaler, target, rows[kept], rows[left_out])
    start = shared.start(strategy, _start(strategy, source), target.n_classes)
    examples, asked = (shared.examples(start, target, rows[part], scaler) for part in (kept, left_out))

    def fit(candidate: Candidate) -> NDArray[np.float64]:
        trained = fit_network(strategy, start, examples, _options(context, candidate, len(kept)), shared)
        if trained.diverged:
            return np.full((len(left_out), target.n_classes), np.nan)
        return softmax(logits_of(trained.network, shared.backend)(asked.x))

    return fit


def baseline_fold(
    scaler: Scaler, target: Task, kept: Ints, left_out: Ints
) -> Callable[[Candidate], NDArray[np.float64]]:
    """Return a function that fits a candidate on the rows kept and returns probabilities for those left out.

    Of a candidate the baseline knows the penalty alone: what has been fitted is not fitted again, and each fit starts
    where the last one ended.
    """
    X, y, asked = scaler.transform(target.X[kept]), target.y[kept], scaler.transform(target.X[left_out])
    known: dict[float, NDArray[np.float64]] = {}
    last: Any = None

    def fit(candidate: Candidate) -> NDArray[np.float64]:
        nonlocal last
        if candidate.C not in known:
            last = fit_baseline(X, y, C=candidate.C, near=last)
            known[candidate.C] = softmax(logits_of_baseline(last, target.n_classes)(asked))
        return known[candidate.C]

    return fit


def _scaler(strategy: Strategy, source: Source, target: Task, rows: Ints) -> Scaler:
    return source.scaler if strategy.scaler == "source" else target.scaler(rows)


def _start(strategy: Strategy, source: Source) -> Network:
    # Scratch needs only the shape of the pretrained network, which the random one has too
    return source.network if strategy.starts_from_source else source.random_network


def training_with(context: TrialContext, candidate: Candidate) -> TrainingSettings:
    """Return the study's settings of a training with what a candidate has in their place."""
    chosen = {"lr": candidate.lr, "epochs": candidate.epochs, "weight_decay": candidate.weight_decay}
    return msgspec.structs.replace(context.settings.training, **chosen)


def _options(context: TrialContext, candidate: Candidate, n: int, *, accuracies: bool = False) -> TrainingOptions:
    """Return the options of a training on n examples."""
    training = training_with(context, candidate)
    epochs = epochs_for(training, n, context.problem.sizes.pool)
    return options_for(training, epochs, context.shared.backend, accuracies=accuracies)

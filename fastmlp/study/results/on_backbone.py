"""A classifier on a backbone that was trained as the trials of a study are, to be taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import InvalidInput, TrainingDiverged
from ...estimators.carry_out import Outcome
from ...estimators.on_backbone import keep
from ...estimators.transfer_classifier import TransferClassifier
from ...problems import are_numbers
from ..execution.blas_threads import blas_threads_limited
from ..trial.model import epochs_for
from ..trial.run import alone_with_torch
from ..trial.training import training_with

if TYPE_CHECKING:
    from ..trial.backbone import BackboneContext

SHARED = ("lr", "batch_size", "momentum", "optimizer", "weight_decay", "short_batch")  # settings of any training
OF_PROBLEM = ("body_rate", "batch_norm", "device")


def train_on_backbone(context: BackboneContext, strategy: str, n_target: int | None) -> TransferClassifier:
    """Return the classifier on a backbone that a trial trains: its inputs are what the backbone prepares."""
    problem, how = context.problem, context.settings.strategy(strategy)
    if how.start is None:
        raise InvalidInput(
            f"{strategy!r} on problem {problem.name!r} does without its backbone; "
            f"fastmlp.TransferClassifier(backbone, {strategy!r}) trains such a model"
        )
    rows = context.use_all() if n_target is None else context.split.subset(n_target)
    with blas_threads_limited(), alone_with_torch():  # as in a study, so that the bits are the same
        candidate, _ = context.tune(how, rows)
        fit = context.fit(how, rows, candidate)
    if fit.diverged:
        raise TrainingDiverged(f"{strategy!r} diverged in epoch {(fit.diverged_epoch or 0) + 1}; it is of no use")
    training = training_with(context, candidate)
    model = TransferClassifier(
        problem.backbone,
        how if strategy in context.settings.strategies else strategy,
        epochs=epochs_for(training, len(rows), problem.sizes.pool),
        **{name: getattr(training, name) for name in SHARED},
        **{name: getattr(problem, name) for name in OF_PROBLEM},
        backend=context.shared.backend,
        threads=1,
    )
    classes = problem.classes
    model.classes_ = np.arange(len(classes)) if are_numbers(classes) else np.array(classes)
    model.strategy_, model.scaler_, model.fill_ = how, None, None
    keep(model, Outcome(fit.network, fit, None))
    return model

"""Answer a question: compare the strategies inside the labels, and train the one that is advised on all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from ..backbones import FeatureCache
from ..estimators.advice import Advice, advise
from ..estimators.transfer_classifier import TransferClassifier
from ..machine import usable_cores
from ..problems import interleave
from ..seeds import rng_for
from .question import Question

if TYPE_CHECKING:
    from ..estimators.more_labels import MoreLabels
    from ..layout import Ints

COMPARED = 2000  # rows: of more, each strategy would be trained twenty times for an answer that hardly changes
MANY = 500  # rows, from which on the folds are not drawn again
FOLDS, REPEATS = 5, 4
MORE = 100  # labels whose worth is asked


@dataclass(frozen=True, eq=False)
class Answer:
    """Which strategy, how sure that is, and the model that follows.

    Parameters
    ----------
    question
        What was asked.
    advice
        The comparison.
    rows
        Places of the rows that strategies were compared on.
    model
        The advised strategy trained on all rows, with the names of features and classes.
    """

    question: Question
    advice: Advice
    rows: Ints = field(repr=False)
    model: TransferClassifier

    @cached_property
    def more(self) -> MoreLabels | None:
        """What the next labels would be worth; None if not all that there are were compared."""
        return self.advice.more_labels(MORE) if len(self.rows) == len(self.question.table.X) else None


def answer(question: Question, *, compared: int = COMPARED, backend: str = "auto", jobs: int | None = None) -> Answer:
    """Compare strategies on the labelled rows, and train the one to be advised on all.

    Parameters
    ----------
    question
        What is asked.
    compared
        At most so many rows are compared on, of each class in proportion; the rest is trained on only.
    backend, jobs
        As for `fastmlp.run_study`.

    Raises
    ------
    InvalidInput
        If labels are too few, or the settings do not go with the pretrained network.
    TrainingDiverged
        If every strategy diverged.
    """
    table = question.table
    rows, labels = rows_to_compare(question, compared), labels_of(question)
    whole = len(rows) == len(table.X)
    advice = advise(
        question.pretrained if question.backbone is None else question.backbone,
        table.X if whole else table.X[rows],
        labels[rows],
        groups=None if table.groups is None else table.groups[rows],
        estimator=estimator_for(question, backend),
        strategies=question.strategies,
        cv=FOLDS,
        repeats=1 if len(rows) >= MANY else REPEATS,
        margin=question.settings.margin,
        n_jobs=jobs or usable_cores(),
    )
    model = advice.fit() if whole else clone(advice.fit()).fit(table.X, labels)
    model.set_params(threads=None, cache=None)
    if table.features is not None:
        model.feature_names_in_ = np.array(table.features, dtype=object)
    return Answer(question, advice, rows, model)


def labels_of(question: Question) -> Any:
    """Return the labels, (n,)."""
    classes, places = question.table.classes()
    return classes[places]


def rows_to_compare(question: Question, most: int) -> Ints:
    """Return the rows that strategies are compared on: all, or the first of an order in which classes interleave."""
    _, places = question.table.classes()
    if len(places) <= most:
        return np.arange(len(places))
    return np.sort(interleave(places, rng_for("compared", n=len(places)))[:most])


def estimator_for(question: Question, backend: str) -> TransferClassifier:
    """Return what all strategies share."""
    if question.backbone is not None:
        return TransferClassifier(question.backbone, cache=FeatureCache(), backend=backend, **question.shared)
    settings = question.settings
    training, network = settings.training, settings.network
    return TransferClassifier(
        hidden_layer_sizes=network.hidden,
        activation=network.activation,
        one_unit=question.one_unit,
        missing="mean" if question.fills else "refuse",
        epochs=training.epochs,
        batch_size=training.batch_size,
        lr=training.lr,
        momentum=training.momentum,
        optimizer=training.optimizer,
        weight_decay=training.weight_decay,
        short_batch=training.short_batch,
        backend=backend,
    )

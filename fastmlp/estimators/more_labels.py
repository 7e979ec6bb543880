"""What more labels would be worth, and which classes are taken for which: the advised strategy on its folds again.

Accuracy rises with the logarithm of the number of labels, by less and less with each doubling (Viering and Loog 2021).
So what the last doubling inside the labels was worth is, for labels that are still to come, rather too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils.parallel import delayed

from ..backends.reference_data import confusion
from ..checks import at_least_one
from ..errors import TrainingDiverged
from ..problems import interleave
from ..seeds import rng_for
from ..stats import Difference, paired_family
from .cross_validation import Labelled, fit_tuned, in_threads, overlap_of, seed_of_fold, sharing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..layout import Ints
    from .transfer_classifier import TransferClassifier

FEWEST_EACH = 2  # examples of a class in half of a fold


class Fold(NamedTuple):
    """The scores of one fold after training on half of its examples and on all, and the labels predicted then."""

    half: float
    whole: float
    predicted: NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A strategy on the folds of a comparison, trained on half of the examples of each and on all.

    Parameters
    ----------
    n
        Labels that there are.
    trained, half
        Examples that a fold trains on, and half of them, as means over the folds.
    doubling
        What the second half was worth: a comparison of all with half. None if half would lack a class.
    score
        The mean score of a fold after training on all of its examples, and its interval, as a difference from nothing.
    classes : (k,)
        The labels, and those that were predicted without being there, sorted.
    confusion : (k, k)
        How many examples of a class (row) were taken for a class (column) by models that had not seen them; each
        example is counted once.
    """

    n: int
    trained: float
    half: float
    doubling: Difference | None
    score: Difference
    classes: NDArray[Any]
    confusion: Ints

    def worth_of(self, labels: int) -> MoreLabels:
        """Return what so many more labels would be worth, if accuracy goes on as it did when labels last doubled.

        Raises
        ------
        InvalidInput
            If it is no whole number of at least 1.
        """
        more, doubling = at_least_one("labels", labels), self.doubling
        if doubling is None or doubling.mean is None:
            return MoreLabels(more, self, None, None, None, "unknown")
        if more > self.n:
            return MoreLabels(more, self, None, None, None, "too far")
        share = log2(1 + more / self.n) / log2(self.trained / self.half)
        if doubling.low is None or doubling.high is None:  # the same on every fold
            return MoreLabels(more, self, doubling.mean * share, None, None, "same" if not doubling.mean else "unknown")
        gain, low, high = (value * share for value in (doubling.mean, doubling.low, doubling.high))
        return MoreLabels(more, self, gain, low, high, "more" if low > 0 else "unknown")


@dataclass(frozen=True, eq=False)
class MoreLabels:
    """What more labels would be worth.

    Parameters
    ----------
    labels
        How many more.
    rehearsal
        What it follows from.
    gain, low, high
        Of the score, with its interval; None where it cannot be told.
    verdict
        ``more``: the score would rise; ``same``: half of the labels score on every fold what all do; ``unknown``: that
        cannot be told; ``too far``: labels would more than double, and nothing here says what happens then.
    """

    labels: int
    rehearsal: Rehearsal
    gain: float | None
    low: float | None
    high: float | None
    verdict: Literal["more", "same", "unknown", "too far"]

    def __str__(self) -> str:
        what, now = f"The next {self.labels} labels", self.rehearsal
        if self.verdict == "too far":
            return f"{what}: that is more than there are now, {now.n}, and too far ahead to tell."
        if self.verdict == "same":
            return f"{what}: expect nothing; {now.half:.0f} labels scored on every fold what {now.trained:.0f} did."
        if self.gain is None or self.low is None or self.high is None:
            return f"{what}: nobody can tell; half of the labels are too few to compare with all."
        interval = f"{_points(self.gain)} points of accuracy ({_points(self.low)} to {_points(self.high)})"
        basis = f"if it goes on as from {now.half:.0f} labels to {now.trained:.0f}"
        if self.verdict == "more":
            return f"{what} would be worth {interval}, {basis}; rather less, for curves flatten."
        return f"{what}: whether they would help cannot be told; {interval}, {basis}."


def _points(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f}".replace("-", "−")  # a zero has no minus


def rehearse(
    base: TransferClassifier,
    examples: Labelled,
    folds: Sequence[tuple[Ints, Ints]],
    *,
    scoring: Any,
    candidates: int,
    seed: int,
    level: float,
    n_jobs: int | None,
) -> Rehearsal:
    """Train an estimator on half and on all of each fold, by the draws of a comparison: see `cross_validation.compare`.

    Parameters
    ----------
    base
        With its strategy.
    """
    model, scorer = sharing(base), check_scoring(base, scoring)
    calls = (
        delayed(_fold)(model, examples, fold, scorer, candidates, seed_of_fold(seed, number))
        for number, fold in enumerate(folds)
    )
    done: list[Fold] = list(in_threads(base, calls, n_jobs))
    half, whole = (np.array(scores, np.float64) for scores in ([f.half for f in done], [f.whole for f in done]))
    trained = float(np.mean([len(train) for train, _ in folds]))
    overlap = overlap_of(examples, folds)
    against_nothing, doubling = (
        paired_family([(whole, other)], margin=0.0, level=level, overlap=overlap)[0] for other in (0 * whole, half)
    )
    return Rehearsal(
        len(examples.X), trained, trained / 2, None if np.isnan(half).all() else doubling, against_nothing,
        *_confusion(examples, folds, done),
    )  # fmt: skip


def _fold(
    model: TransferClassifier,
    examples: Labelled,
    fold: tuple[Ints, Ints],
    scorer: Any,
    candidates: int,
    seed: int,
) -> Fold:
    train, left_out = (examples.rows(rows) for rows in fold)
    weighted = {} if left_out.weights is None else {"sample_weight": left_out.weights}
    scores: list[float] = []
    predicted = None
    for part in (_half_of(train, seed), train):
        if part is None:
            scores.append(np.nan)
            continue
        try:
            fitted = fit_tuned(model, model.strategy, part, candidates, seed)
        except TrainingDiverged:
            scores.append(np.nan)
            continue
        scores.append(float(scorer(fitted, left_out.X, left_out.y, **weighted)))
        if part is train:
            predicted = fitted.predict(left_out.X)
    return Fold(scores[0], scores[1], predicted)


def _half_of(train: Labelled, seed: int) -> Labelled | None:
    """Return half of some examples, classes in proportion; None if a class would be missing or nearly so."""
    rows = interleave(train.places, rng_for("half", seed=seed))[: len(train.X) // 2]
    counts = np.bincount(train.places[rows], minlength=int(train.places.max()) + 1)
    return train.rows(np.sort(rows)) if counts.min() >= FEWEST_EACH else None


def _confusion(
    examples: Labelled, folds: Sequence[tuple[Ints, Ints]], done: Sequence[Fold]
) -> tuple[NDArray[Any], Ints]:
    """Return the classes, and the confusion matrix over the first time that each example was left out, (k, k)."""
    labels = np.unique(np.concatenate([examples.y, *(f.predicted for f in done if f.predicted is not None)]))
    found = np.full(len(examples.X), -1)
    for (_, left_out), fold in zip(folds, done, strict=True):
        if fold.predicted is not None:
            places = np.searchsorted(labels, fold.predicted)
            found[left_out] = np.where(found[left_out] < 0, places, found[left_out])
    seen = found >= 0
    return labels, confusion(found[seen], np.searchsorted(labels, examples.y[seen]), len(labels))

"""Measures of a classifier on some examples: accuracy, F1, log-loss and more. Tests compare with scikit-learn."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .layout import Floats, Ints

    Probabilities = NDArray[np.float64]

LEAST = np.finfo(np.float64).eps  # probability whose logarithm is taken
CALIBRATION_BINS = 15  # Guo et al. 2017, section 2
SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


class Measure(NamedTuple):
    """How the report shows a measure: the head of its column and a kind of cell, see `fastmlp.report.format.KINDS`."""

    head: str | None = None
    kind: str = "mean"


#: What `evaluate` returns, in the order of the report's columns. A measure without a head is in the records alone.
MEASURES = {
    "accuracy": Measure("accuracy, %", "percent_mean"),
    "macro_precision": Measure(),
    "macro_recall": Measure(),
    "macro_f1": Measure("macro F1, %", "percent_mean"),
    "auc": Measure("AUC, %", "fine_percent_mean"),
    "ece": Measure("calibration error, %", "percent_mean"),
    "log_loss": Measure("log-loss", "mean"),
}


def evaluate(probabilities: Probabilities, y: Ints) -> dict[str, float | None]:
    """Return all measures of a classifier on some examples.

    Parameters
    ----------
    probabilities : (n, classes)
        Rows add up to 1.
    y : (n,)
        Labels.

    Returns
    -------
    A number for each of `MEASURES`; None where a measure is not defined.
    """
    counts = confusion(probabilities.argmax(axis=1), y, probabilities.shape[1])
    precision, recall, f1 = macro_averages(counts)
    return {
        "accuracy": int(counts.trace()) / len(y),
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "log_loss": log_loss(probabilities, y),
        "auc": auc(probabilities, y),
        "ece": calibration_error(probabilities, y),
    }


def confusion(predicted: Ints, y: Ints, n_classes: int) -> Ints:
    """Return the confusion matrix, (classes, classes): how many examples of a class (row) were predicted as a class."""
    counts: Ints = np.bincount(y * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
    return counts


def macro_averages(counts: Ints) -> list[float]:
    """Return the means over classes of precision, recall and F1; all are 0 for a class neither present nor predicted.

    They are TP / (TP + FP), TP / (TP + FN), and TP over the mean of these two denominators.

    Parameters
    ----------
    counts : (classes, classes)
        See `confusion`.
    """
    predicted, present = counts.sum(axis=0), counts.sum(axis=1)  # TP + FP and TP + FN, (classes,)
    out_of = np.maximum([predicted, present, (predicted + present) / 2], 1)
    averages: list[float] = (counts.diagonal() / out_of).mean(axis=1).tolist()
    return averages


def log_loss(probabilities: Probabilities, y: Ints, sample_weight: Floats | None = None) -> float:
    """Return the mean of -log p(label); p is held at or above the machine epsilon, as in scikit-learn."""
    losses = -np.log(np.maximum(probabilities[np.arange(len(y)), y], LEAST))
    return float(losses.mean() if sample_weight is None else np.average(losses, weights=sample_weight))


def auc(probabilities: Probabilities, y: Ints) -> float | None:
    """Return the area under the ROC curve: one class against the rest, averaged over classes.

    The area is the Mann-Whitney statistic: the probability that an example of the class has a higher score than one of
    the rest, where ties count half. None if a class is absent or is the only one.
    """
    n, n_classes = probabilities.shape
    present = np.bincount(y, minlength=n_classes)  # (classes,)
    if (present == 0).any() or (present == n).any():
        return None
    scores = np.ascontiguousarray(probabilities.T)  # (classes, n)
    by_class = np.argsort(y, kind="stable")
    own = scores[y[by_class], by_class]  # score of each example's own class, (n,)
    scores.sort(axis=1)
    edges = [0, *present.cumsum().tolist()]
    # How many scores are lower, and how many are lower or equal: their mean counts ties half
    lower, up_to = (
        np.concatenate([s.searchsorted(own[a:b], side) for s, (a, b) in zip(scores, pairwise(edges), strict=True)])
        for side in SIDES
    )
    below = np.add.reduceat(lower + up_to, edges[:-1]) / 2  # (classes,)
    return float(((below - present**2 / 2) / (present * (n - present))).mean())


def calibration_error(probabilities: Probabilities, y: Ints) -> float:
    """Return the expected calibration error: mean over examples of |confidence - accuracy| within bins of confidence.

    Guo et al. (2017, arXiv 1706.04599), eq. 3, with 15 bins of equal width.
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(y)), predicted]
    bins = np.ceil(confidence * CALIBRATION_BINS).astype(int)
    surplus = confidence - (predicted == y)
    return float(np.abs(np.bincount(bins, weights=surplus)).sum() / len(y))

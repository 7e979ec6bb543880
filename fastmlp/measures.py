"""Measures of a classifier on some examples: accuracy, F1, log-loss and more. Tests compare with scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .backends.reference_data import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from .backends.reference_data import Counts, Probabilities
    from .layout import Floats, Ints

LEAST = np.finfo(np.float64).eps  # probability whose logarithm is taken


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


def evaluate(
    probabilities: Probabilities, y: Ints, count: Callable[[Probabilities, Ints], Counts] = count
) -> dict[str, float | None]:
    """Return all measures of a classifier on some examples.

    Parameters
    ----------
    probabilities : (n, classes)
        Rows add up to 1.
    y : (n,)
        Labels.
    count
        Counts over them; a backend has one that may be faster.

    Returns
    -------
    A number for each of `MEASURES`; None where a measure is not defined.
    """
    counts = count(probabilities, y)
    precision, recall, f1 = macro_averages(counts.confusion)
    return {
        "accuracy": int(counts.confusion.trace()) / len(y),
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "log_loss": log_loss(probabilities, y),
        "auc": auc(counts),
        "ece": calibration_error(counts),
    }


def macro_averages(counts: Ints) -> list[float]:
    """Return the means over classes of precision, recall and F1; all are 0 for a class neither present nor predicted.

    They are TP / (TP + FP), TP / (TP + FN), and TP over the mean of these two denominators.

    Parameters
    ----------
    counts : (classes, classes)
        See `reference_data.Counts`.
    """
    predicted, present = counts.sum(axis=0), counts.sum(axis=1)  # TP + FP and TP + FN, (classes,)
    out_of = np.maximum([predicted, present, (predicted + present) / 2], 1)
    averages: list[float] = (counts.diagonal() / out_of).mean(axis=1).tolist()
    return averages


def log_loss(probabilities: Probabilities, y: Ints, sample_weight: Floats | None = None) -> float:
    """Return the mean of -log p(label); p is held at or above the machine epsilon, as in scikit-learn."""
    losses = -np.log(np.maximum(probabilities[np.arange(len(y)), y], LEAST))
    return float(losses.mean() if sample_weight is None else np.average(losses, weights=sample_weight))


def auc(counts: Counts) -> float | None:
    """Return the area under the ROC curve: one class against the rest, averaged over classes.

    The area is the Mann-Whitney statistic: the probability that an example of the class has a higher score than one of
    the rest, where ties count half. None if a class is absent or is the only one.
    """
    present = counts.confusion.sum(axis=1)  # (classes,)
    n = present.sum()
    if (present == 0).any() or (present == n).any():
        return None
    return float(((counts.ranks / 2 - present**2 / 2) / (present * (n - present))).mean())


def calibration_error(counts: Counts) -> float:
    """Return the expected calibration error: mean over examples of |confidence - accuracy| within bins of confidence.

    Guo et al. (2017, arXiv 1706.04599), eq. 3, with 15 bins of equal width.
    """
    return float(np.abs(counts.surplus).sum() / counts.confusion.sum())

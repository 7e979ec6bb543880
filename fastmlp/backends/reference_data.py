"""What is done with the data of a network beside training, in NumPy: inputs are standardised, predictions counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..layout import Floats, Ints

    Probabilities = NDArray[np.float64]

CALIBRATION_BINS = 15  # Guo et al. 2017, section 2
ROWS = 128  # that are standardised at a time: memory costs more than the arithmetic
SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


class Counts(NamedTuple):
    """What is counted over n examples.

    Parameters
    ----------
    confusion : (classes, classes)
        How many examples of a class (row) were predicted as a class.
    ranks : (classes,)
        Over the examples of each class: how many of all examples have a lower probability of that class, and how many
        have a lower or the same one, added up.
    surplus : (bins,)
        Over the examples in each bin of confidence, from 0 up to the last that has any: confidence, less 1 if the
        prediction was right, added up.
    """

    confusion: Ints
    ranks: Ints
    surplus: NDArray[np.float64]


def standardise(
    X: Floats, mean: NDArray[np.float64], scale: NDArray[np.float64], dtype: DTypeLike = "float64"
) -> Floats:
    """Return (X - mean) / scale, (n, features), computed in float64 and rounded once to the dtype.

    Parameters
    ----------
    X : (n, features)
    mean, scale : (features,)
    dtype
        ``float32`` or ``float64``.
    """
    seen: Floats = np.empty(X.shape, dtype)
    for start in range(0, len(X), ROWS):
        rows = slice(start, start + ROWS)
        np.divide(X[rows] - mean, scale, out=seen[rows], casting="same_kind")
    return seen


def count_right(logits: Floats, y: Ints) -> Ints:
    """Return how many of n examples get their label, (views,), in several views of them.

    Parameters
    ----------
    logits : (views, n, classes)
        The first of the largest is what is predicted.
    y : (n,)
        Labels.
    """
    counts: Ints = (logits.argmax(axis=2) == y).sum(axis=1)
    return counts


def count(probabilities: Probabilities, y: Ints) -> Counts:
    """Count what the measures of a classifier are computed from: see `fastmlp.measures`.

    Parameters
    ----------
    probabilities : (n, classes)
        Rows add up to 1.
    y : (n,)
        Labels.
    """
    predicted = probabilities.argmax(axis=1)
    return Counts(
        confusion(predicted, y, probabilities.shape[1]), ranks(probabilities, y), surplus(probabilities, predicted == y)
    )


def confusion(predicted: Ints, y: Ints, n_classes: int) -> Ints:
    """Return the confusion matrix, (classes, classes): how many examples of a class (row) were predicted as a class."""
    counts: Ints = np.bincount(y * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
    return counts


def ranks(probabilities: Probabilities, y: Ints) -> Ints:
    """Return the ranks of `Counts`: half of them are the examples below, where ties count half."""
    own = [probabilities[y == label, label] for label in range(probabilities.shape[1])]
    ordered = np.sort(probabilities.T)  # (classes, n)
    return np.array([sum(s.searchsorted(o, side).sum() for side in SIDES) for s, o in zip(ordered, own, strict=True)])


def surplus(probabilities: Probabilities, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the surplus of confidence of `Counts`; `right` (n,) tells which predictions were right."""
    confidence = probabilities.max(axis=1)
    bins = np.ceil(confidence * CALIBRATION_BINS).astype(int)
    return np.asarray(np.bincount(bins, weights=confidence - right), np.float64)

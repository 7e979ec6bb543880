"""The functions of `reference_data`, compiled: the same numbers to the last bit.

A study scales the inputs of each of its models, and measures it on thousands of probabilities. NumPy needs some fifty
calls and as many passes over memory for that, in which most of the time is not spent on arithmetic.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from . import reference_data
from .compiled import as_kernel_array
from .jit import entry, kernel
from .reference_data import CALIBRATION_BINS, Counts

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..layout import Floats, Ints
    from .reference_data import Probabilities

NOT_COUNTED = -1  # in place of a bin


def standardise(
    X: Floats, mean: NDArray[np.float64], scale: NDArray[np.float64], dtype: DTypeLike = "float64"
) -> Floats:
    """See `reference_data.standardise`."""
    seen: Floats = np.empty(X.shape, dtype)
    standardise_rows(*map(as_kernel_array, (X.astype(np.float64, copy=False), mean, scale)), seen)
    return seen


@entry
def standardise_rows(
    X: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64], seen: Floats
) -> None:
    """Write `standardise` of X (n, features) into an array of that shape; arguments are C-contiguous."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            seen[i, j] = (X[i, j] - mean[j]) / scale[j]


def count_right(logits: Floats, y: Ints) -> Ints:
    """See `reference_data.count_right`."""
    counts = np.zeros(len(logits), np.int64)
    count_right_in(as_kernel_array(logits), as_kernel_array(y), counts)
    return counts


@entry
def count_right_in(logits: Floats, y: Ints, counts: Ints) -> None:
    """Add to counts (views,) what `count_right` returns; the other arguments are C-contiguous."""
    for view in range(logits.shape[0]):
        for i in range(logits.shape[1]):
            likeliest, most = 0, logits[view, i, 0]
            for k in range(1, logits.shape[2]):
                if most != most:  # noqa: PLR0124  to NumPy the first NaN is the largest
                    break
                if not logits[view, i, k] <= most:
                    likeliest, most = k, logits[view, i, k]
            counts[view] += likeliest == y[i]


def count(probabilities: Probabilities, y: Ints) -> Counts:
    """See `reference_data.count`."""
    classes = probabilities.shape[1]
    ordered = np.sort(probabilities.T)
    confusion, ranks = np.zeros((classes, classes), np.int64), np.zeros(classes, np.int64)
    surplus = np.zeros(CALIBRATION_BINS + 1)
    last = count_examples(as_kernel_array(probabilities), ordered, as_kernel_array(y), confusion, ranks, surplus)
    if last == NOT_COUNTED:
        return reference_data.count(probabilities, y)
    return Counts(confusion, ranks, surplus[: last + 1])


@kernel
def ranks_of(ordered: Probabilities, label: int, own: float) -> int:
    """Return how many probabilities of a class are lower than one, and how many lower or the same, added up."""
    low, high = 0, ordered.shape[1]
    while low < high:
        middle = (low + high) // 2
        if ordered[label, middle] < own:
            low = middle + 1
        else:
            high = middle
    lower, high = low, ordered.shape[1]
    while low < high:
        middle = (low + high) // 2
        if ordered[label, middle] <= own:
            low = middle + 1
        else:
            high = middle
    return lower + low


@entry
def count_examples(
    probabilities: Probabilities,
    ordered: Probabilities,
    y: Ints,
    confusion: Ints,
    ranks: Ints,
    surplus: NDArray[np.float64],
) -> int:
    """Add examples to counts of zero, in their order; return the last bin that has any.

    `NOT_COUNTED` is returned if a probability is none, such as NaN, or a label no class: what becomes of
    those is for `reference_data` to say.

    Parameters
    ----------
    probabilities : (n, classes)
        C-contiguous, as all others are.
    ordered : (classes, n)
        Those of each class, in ascending order.
    y : (n,)
        Labels.
    confusion, ranks, surplus
        See `reference_data.Counts`; there are all bins.
    """
    n, classes = probabilities.shape
    last = 0
    for i in range(n):
        label, likeliest = y[i], 0
        if not 0 <= label < classes:
            return NOT_COUNTED
        for k in range(classes):
            if not 0 <= probabilities[i, k] <= 1:
                return NOT_COUNTED
            if probabilities[i, k] > probabilities[i, likeliest]:
                likeliest = k
        confusion[label, likeliest] += 1
        ranks[label] += ranks_of(ordered, label, probabilities[i, label])
        confidence = probabilities[i, likeliest]
        place = math.ceil(confidence * CALIBRATION_BINS)
        surplus[place] += confidence - (1.0 if likeliest == label else 0.0)
        last = max(last, place)
    return last

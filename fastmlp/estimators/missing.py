"""Missing values: the means that they are filled with, fitted on the examples that are trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import UnknownName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats

WAYS = ("refuse", "mean")


def finiteness(missing: object) -> bool | Literal["allow-nan"]:
    """Return what scikit-learn's check of an X is to demand.

    Raises
    ------
    UnknownName
        If `missing` is no way with missing values.
    """
    if missing not in WAYS:
        raise UnknownName("way with missing values", missing, WAYS)
    return "allow-nan" if missing == "mean" else True


def means_of(X: Floats, weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the mean of what is there of each feature, (features,); 0 where nothing is.

    Parameters
    ----------
    X : (n, features)
    weights : (n,)
        What each example counts; None if all count the same.
    """
    there = ~np.isnan(X)
    counts = np.where(there, 1.0 if weights is None else weights[:, None], 0.0)
    total = counts.sum(axis=0)
    with np.errstate(invalid="ignore"):
        sums = (np.where(there, X, 0.0) * counts).sum(axis=0)
        return np.where(total > 0, sums / np.maximum(total, np.finfo(float).tiny), 0.0)


def filled(X: Floats, means: NDArray[np.float64] | None) -> Floats:
    """Return X (n, features) with means in place of what is missing; X itself if nothing is."""
    if means is None or not (gaps := np.isnan(X)).any():
        return X
    return np.where(gaps, means.astype(X.dtype), X)

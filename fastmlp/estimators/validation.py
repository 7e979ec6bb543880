"""Inputs and targets as scikit-learn checks them; what needs no check goes by it.

Its checks take as long as dozens of epochs of a small network, and most of that looks for frames, sparse matrices and
arrays of other libraries. An array of numbers that they would return as it is, without a word, is returned at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import validate_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOATS = np.dtype("float64"), np.dtype("float32")


def validated(estimator: Any, X: Any, y: Any = "no_validation", *, reset: bool, **checks: Any) -> Any:
    """Return X, or X and y if y is given, as `sklearn.utils.validation.validate_data` does.

    Parameters
    ----------
    estimator
        Is told the number and the names of the features, or has them compared.
    X : (n, features)
        Floating-point numbers are all that any caller's checks let pass as it is.
    y : (n,) or (n, outputs)
        Targets, if there are any.
    reset
        Whether this is the first that the estimator sees.
    checks
        Those of `validate_data`.
    """
    alone = isinstance(y, str) and y == "no_validation"
    if _is_plain(X) and (alone or _fits(X, y)) and not hasattr(estimator, "feature_names_in_"):
        if reset:
            estimator.n_features_in_ = X.shape[1]
        if getattr(estimator, "n_features_in_", None) == X.shape[1]:
            return X if alone else (X, y)
    return validate_data(estimator, X, y, reset=reset, **checks)


def are_labels_of(y: Any, predicted: NDArray[Any]) -> bool:
    """Whether y is an array (n,) of whole numbers or of text, as what was predicted is, and nothing else."""
    return (
        type(y) is np.ndarray and y.shape == predicted.shape[:1] == predicted.shape and y.dtype.kind in "iubU"
        and y.dtype.kind == predicted.dtype.kind
    )  # fmt: skip


def _is_plain(X: Any) -> bool:
    """Whether X is a matrix of finite floating-point numbers, and nothing else."""
    return type(X) is np.ndarray and X.ndim == 2 and X.size > 0 and X.dtype in FLOATS and _is_finite(X)


def _fits(X: NDArray[Any], y: Any) -> bool:
    """Whether y is an array of a number for each row of X, and nothing else."""
    return (
        type(y) is np.ndarray
        and y.shape == X.shape[:1]
        and (y.dtype.kind in "iub" or (y.dtype in FLOATS and _is_finite(y)))
    )


def _is_finite(numbers: NDArray[Any]) -> bool:
    """Whether all are finite; False also where their sum is too large, which a closer look must tell."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(numbers.sum()))

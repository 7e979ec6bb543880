"""Labels of any kind and weights of examples, as training takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from ..errors import InvalidInput, LabelError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats, Ints


def encode(y: ArrayLike, classes: NDArray[Any] | None = None) -> tuple[NDArray[Any], Ints]:
    """Return the sorted classes and the place of each label among them.

    Parameters
    ----------
    y : (n,)
        Labels that scikit-learn takes for those of classes: integers, whole floats, booleans, texts.
    classes
        The sorted classes, if they are known beforehand; y need not hold all of them.

    Raises
    ------
    LabelError
        If labels are of mixed kinds, are none of the classes, or are all of one class.
    """
    labels = column_or_1d(y)
    try:
        check_classification_targets(labels)
        seen, places = np.unique(labels, return_inverse=True)
    except TypeError as error:
        kinds = {type(label).__name__: label for label in labels}
        examples = ", ".join(f"{shown(label)} ({kind})" for kind, label in kinds.items())
        raise LabelError(f"y holds labels of mixed kinds: {examples}; one kind is needed") from error
    if len(seen) < 2:
        raise LabelError(f"y holds 1 class, {shown(seen.tolist()[0])}; two or more classes are needed")
    if classes is None:
        return seen, places.astype(np.int64)
    unknown = seen[~np.isin(seen, classes)]
    if len(unknown):
        raise LabelError(
            f"y holds {shown(unknown.tolist())}, which the source's head does not know; its classes are "
            f"{shown(classes.tolist())}"
        )
    return classes, np.searchsorted(classes, seen)[places].astype(np.int64)


def example_weights(sample_weight: ArrayLike | None, X: Floats) -> NDArray[np.float64] | None:
    """Return what each example counts, (n,), checked by scikit-learn's rules; None if all count the same."""
    if sample_weight is None:
        return None
    weights: NDArray[np.float64] = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise InvalidInput(f"all {len(weights)} of sample_weight are zero; at least one must be above zero")
    return weights


def with_class_weight(
    weights: NDArray[np.float64] | None,
    class_weight: str | Mapping[Any, float] | None,
    classes: NDArray[Any],
    labels: Ints,
) -> NDArray[np.float64] | None:
    """Return the weights of examples, multiplied by those of their classes."""
    if class_weight is None:
        return weights
    of_classes: NDArray[np.float64] = compute_sample_weight(class_weight, classes[labels])
    return of_classes if weights is None else weights * of_classes

"""Classes of any kind as what a network is trained on, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ..errors import LabelError, shown
from ..registry import BINARY_CROSS_ENTROPY, CROSS_ENTROPY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes that an estimator tells apart, or the labels of which any number may be true.

    Parameters
    ----------
    names : (k,)
        Sorted, as the user calls them; of several labels their numbers.
    are_labels
        Whether an example may have several, so that y is an indicator matrix (n, k).
    """

    names: NDArray[Any]
    are_labels: bool = False

    @classmethod
    def of(cls, y: Any) -> Classes:
        """Return the classes that are in y.

        Raises
        ------
        ValueError, LabelError
            If y holds no classes, or several of many kinds for each example.
        """
        if type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iub":  # asking costs as much as a few epochs
            names = np.unique(y)
            if 2 * len(names) <= len(y):  # else there is something to be warned of
                return cls(names)
        try:
            kind = type_of_target(y)
        except TypeError as error:
            raise LabelError(f"y holds labels of several kinds, {kinds_in(y)}; labels must be comparable") from error
        if kind not in {"binary", "multiclass"}:  # asked first, because it takes as long as an epoch
            check_classification_targets(y)
        if kind == "multilabel-indicator":
            return cls(np.arange(y.shape[1]), are_labels=True)
        if kind == "multiclass-multioutput":
            raise LabelError(
                f"y has shape {y.shape} and holds more than zeros and ones; of several outputs each must be a label "
                "that is true, 1, or not, 0"
            )
        return cls(np.unique(y))

    @property
    def n_outputs(self) -> int:
        """Outputs of the network: one tells two classes apart."""
        return len(self.names) if self.are_labels or len(self.names) > 2 else 1

    @property
    def loss(self) -> int:
        """Place in `registry.LOSSES`."""
        return BINARY_CROSS_ENTROPY if self.are_labels or len(self.names) <= 2 else CROSS_ENTROPY

    def encode(self, y: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return what the network is to fit: numbers of the classes (n,), or zeros and ones (n, n_outputs).

        Raises
        ------
        LabelError
            If y holds other classes.
        """
        if self.are_labels:
            dense = y.toarray() if issparse(y) else np.asarray(y)
            if dense.shape[1:] != (len(self.names),):
                raise LabelError(f"y has shape {dense.shape}; each example needs {len(self.names)} labels, 0 or 1")
            return np.ascontiguousarray(dense, dtype=dtype)
        places: NDArray[np.int64] = np.searchsorted(self.names, y).clip(max=len(self.names) - 1)
        if not (self.names[places] == y).all():
            raise LabelError(f"y holds {other_than(self.names, y)}; the classes are {self.names}")
        return places if self.loss == CROSS_ENTROPY else (places == 1).astype(dtype).reshape(-1, 1)

    def decide(self, outputs: Floats) -> NDArray[Any]:
        """Return the classes that outputs of the network speak for, or zeros and ones (n, k).

        Parameters
        ----------
        outputs : (n, n_outputs)
            Logits.
        """
        if self.are_labels:
            return (outputs > 0).astype(np.int64)
        if self.n_outputs > 1:
            return self.names[outputs.argmax(axis=1)]
        return self.names[(outputs[:, 0] > 0) * (len(self.names) - 1)]


def kinds_in(y: NDArray[Any]) -> str:
    """Return the types of the labels in y, each with the first of that type.

    Examples
    --------
    >>> kinds_in(np.array(["a", 1, "b"], dtype=object))
    "str ('a') and int (1)"
    """
    first: dict[str, object] = {}
    for label in y.ravel().tolist():
        first.setdefault(type(label).__name__, label)
    return " and ".join(f"{kind} ({shown(label)})" for kind, label in first.items())


def other_than(names: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Return what is in y and no name."""
    found: NDArray[Any] = np.setdiff1d(y, names)
    return found

"""Examples that are held back from a training, and the score of a network on them: what stops scikit-learn's early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import train_test_split

from ..errors import InvalidInput
from ..network import Network, forward
from ..problems import interleave
from ..registry import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, POISSON

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from ..training import Examples


def split_rows(examples: Examples, loss: int, fraction: float, random: np.random.RandomState) -> tuple[Ints, Ints]:
    """Return the rows of the examples that are trained on, and of those that are held back.

    Two classes are held back in proportion; more, or several labels, as they come: scikit-learn's rule.

    Raises
    ------
    ValueError
        If a class is too small to be split, or fewer than two examples would be held back.
    """
    two_classes = loss == BINARY_CROSS_ENTROPY and examples.y.shape[1] == 1
    train, held_back = train_test_split(
        np.arange(len(examples.x)),
        test_size=fraction,
        random_state=random,
        stratify=np.where(examples.y[:, 0] > 0, "True", "False") if two_classes else None,
    )
    if len(held_back) < 2:
        raise InvalidInput(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset: "
            f"{fraction} of {len(examples.x)} examples are {len(held_back)}"
        )
    return train, held_back


def hold_back_alike(
    X: Floats,
    labels: Ints,
    weights: NDArray[np.float64] | None,
    share: float,
    n_classes: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_] | None:
    """Mark a stratified share of the examples so that a weight of two means what having an example twice does.

    Copies of an example are all marked or none, and count together; which are marked depends on what they are, and not
    on where they stand.

    Returns
    -------
    (n,); or None if there are neither copies nor weights that differ, and `fastmlp.strategies.hold_back` will do.
    """
    rows = np.column_stack([labels, X])
    _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    if len(first) == len(rows) and (weights is None or weights.min() == weights.max()):
        return None
    counts = np.bincount(place, weights)
    order = interleave(labels[first], rng)
    marked = np.zeros(len(first), dtype=bool)
    chosen = order[np.cumsum(counts[order]) <= share * counts.sum()]
    marked[chosen[: max(0, len(first) - n_classes)]] = True
    mask: NDArray[np.bool_] = marked[place]
    return mask


@dataclass(frozen=True, eq=False)
class HeldBack:
    """Examples whose score is watched.

    Parameters
    ----------
    x, y, weights
        As in `fastmlp.training.Examples`, of the held-back ones.
    loss
        Place in `registry.LOSSES`.
    backend
        Computes the network's outputs.
    """

    x: Floats
    y: np.ndarray
    weights: Floats | None
    loss: int
    backend: str

    def score(self, net: Network) -> float:
        """Return the accuracy of a classifier, or R^2 of a regressor; NaN if an output is not finite."""
        outputs = forward(net, self.x, backend=self.backend, threads=1)
        if not np.isfinite(outputs).all():
            return float("nan")
        if self.loss == CROSS_ENTROPY:
            return float(np.average(outputs.argmax(axis=1) == self.y, weights=self.weights))
        if self.loss == BINARY_CROSS_ENTROPY:
            return float(np.average(((outputs > 0) == (self.y > 0)).all(axis=1), weights=self.weights))
        return r_squared(self.y, np.exp(outputs) if self.loss == POISSON else outputs, self.weights)


def r_squared(y: Floats, predicted: Floats, weights: Floats | None) -> float:
    """Return the coefficient of determination, averaged over outputs.

    Scikit-learn's `r2_score`, which takes as long as several epochs; of an output that does not vary it is 1 if all
    predictions are right, and else 0.

    Parameters
    ----------
    y, predicted : (n, outputs)
    weights : (n,)
    """
    y, predicted = y.astype(np.float64), predicted.astype(np.float64)
    share = np.ones(len(y)) if weights is None else weights.astype(np.float64)
    left = share @ (y - predicted) ** 2  # (outputs,)
    whole = share @ (y - share @ y / share.sum()) ** 2
    varies = whole > 0
    r2 = np.where(varies, 1 - left / np.where(varies, whole, 1), (left == 0).astype(float))
    return float(r2.mean())

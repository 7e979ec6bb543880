"""Examples for the checks of whole experiments: handwritten digits, a few at a time, with known leaks built in."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..parameters import Values, values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HIDDEN, N_CLASSES = 64, 10
FAR = 1e6  # from any digit
FEW, FEW_SOURCE = 40, 100  # more than a batch, so that their order counts


@cache
def digits() -> tuple[Floats, Ints]:
    """Return scikit-learn's digits without the pixels that hardly vary, so that no two sizes are equal."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X[:, X.std(axis=0) > 2], y.astype(np.int64)


class Experiment(NamedTuple):
    """Examples to train on, to test on, and to pretrain on; they share none."""

    X_train: Floats
    y_train: Ints
    X_test: Floats
    y_test: Ints
    X_source: Floats
    y_source: Ints

    @property
    def target(self) -> tuple[Floats, Ints, Floats, Ints]:
        """The arguments of `scratch` and `baseline`."""
        return self.X_train, self.y_train, self.X_test, self.y_test

    @property
    def few(self) -> Experiment:
        """The same with fewer examples to train on: a leak changes the bytes of a network whatever their number."""
        return Experiment(
            self.X_train[:FEW],
            self.y_train[:FEW],
            *self.target[2:],
            self.X_source[:FEW_SOURCE],
            self.y_source[:FEW_SOURCE],
        )


def experiment(rng: np.random.Generator, n_train: int = 150, n_test: int = 300, n_source: int = 600) -> Experiment:
    """Draw one."""
    X, y = digits()
    rows = rng.permutation(len(y))
    train, test, source = np.split(rows[: n_train + n_test + n_source], [n_train, n_train + n_test])
    return Experiment(X[train], y[train], X[test], y[test], X[source], y[source])


def parameters(net: Any, n_classes: int, function: str) -> Values:
    """Return the parameters of a network on the digits."""
    return values(net, (digits()[0].shape[1], HIDDEN, n_classes), function)


def same(first: Any, second: Any, n_classes: int, function: str) -> bool:
    """Whether two networks of whatever kind hold the same parameters, to the byte."""
    mine, theirs = (parameters(net, n_classes, function) for net in (first, second))
    return all(mine[name].tobytes() == theirs[name].tobytes() for name in mine)


def shuffled_labels(y: Ints) -> Ints:
    """Return other labels for each example, and not those of the next class, which is a mistake of its own."""
    return (y + 3) % N_CLASSES


def in_units(X: Floats) -> Floats:
    """Return inputs with another zero and features in units of their own: behind a scaler that makes no difference."""
    return (X + 100) * np.where(np.arange(X.shape[1]) % 3 == 0, 300.0, 0.01)


def with_outlier(X: Floats) -> Floats:
    """Return inputs with the first one far away: a scaler fitted elsewhere shows all others as before."""
    moved = X.copy()
    moved[0] = FAR
    return moved

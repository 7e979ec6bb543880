"""The same training by scikit-learn, step for step."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..common import Case, Parameters


def sklearn_training(case: Case, _backend: str) -> Parameters:
    """Return `common.training` by scikit-learn: same start, order and rule; `ready` compares the results."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    net, x, y = case.draw()
    peer = MLPClassifier(
        case.sizes[1:-1],
        solver="sgd",
        alpha=0.0,
        batch_size=case.batch_size,
        learning_rate="constant",
        learning_rate_init=0.05,
        max_iter=case.epochs,
        shuffle=False,
        tol=0.0,
        n_iter_no_change=case.epochs + 1,  # all the epochs, whatever the loss does
        momentum=0.9,
        nesterovs_momentum=False,
        warm_start=True,  # keep the parameters it is given
        random_state=0,
    )

    def train() -> np.ndarray:
        peer.coefs_ = [weight.copy() for weight in net.weights]
        peer.intercepts_ = [bias.copy() for bias in net.biases]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            peer.fit(x, y)
        parts = zip(peer.coefs_, peer.intercepts_, strict=True)
        return np.concatenate([part.ravel() for pair in parts for part in pair])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.set_params(max_iter=1).fit(x, y)  # the first fit draws its own parameters and finds the classes
    peer.set_params(max_iter=case.epochs)
    return train

"""The same training by scikit-learn, step for step."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .work import MOMENTUM

if TYPE_CHECKING:
    from ..common import Case, Parameters
    from .work import Shape


def sklearn_training(case: Case, _backend: str) -> Parameters:
    """Return `common.training` by scikit-learn: same start, order and rule; `ready` compares the results."""
    from sklearn.exceptions import ConvergenceWarning

    net, x, y = case.draw()
    peer = classifier(case, 0.05, shuffle=False, warm_start=True)  # which keeps the parameters it is given

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


def classifier(shape: Case | Shape, lr: float, **options: Any) -> Any:
    """Return scikit-learn's classifier with the rule of all peers: SGD with momentum, and no early stop."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        shape.sizes[1:-1],
        solver="sgd",
        alpha=0.0,
        batch_size=shape.batch_size,
        learning_rate_init=lr,
        max_iter=shape.epochs,
        tol=0.0,
        n_iter_no_change=shape.epochs + 1,  # all the epochs, whatever the loss does
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        random_state=0,
        **options,
    )

"""Early stopping on examples that are held back, for a training of any phases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..measures import log_loss
from ..training import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from ..layout import Ints
    from ..training import Epoch


class EarlyStopping:
    """Watches the loss on examples that are held back, and keeps the network for which it was lowest.

    A phase ends after `patience` epochs in a row that have not lowered the lowest loss of the training by `tol`. The
    phases after it are trained, so that a strategy whose first phase moves the head alone goes on to the body.

    Parameters
    ----------
    proba
        Returns the probability of each class, (n, n_classes), by a network, for the examples.
    labels, weights : (n,)
        Theirs.
    patience, tol
        When a phase ends.

    Attributes
    ----------
    losses
        After each epoch.
    best
        A copy of the best network; None before the first epoch.
    """

    def __init__(
        self,
        proba: Callable[[Any], NDArray[np.float64]],
        labels: Ints,
        weights: NDArray[np.float64] | None,
        *,
        patience: int,
        tol: float,
    ) -> None:
        self.losses: list[float] = []
        self.best: Any = None
        self._proba, self._labels, self._weights = proba, labels, weights
        self._patience, self._tol = patience, tol
        self._lowest, self._to_beat, self._waited = math.inf, math.inf, 0

    def after(self, epoch: Epoch) -> Stop | None:
        """Look at an epoch; return whether its phase ends."""
        loss = log_loss(self._proba(epoch.network), self._labels, self._weights)
        self.losses.append(loss)
        if loss < self._lowest:
            self._lowest, self.best = loss, epoch.network.copy()
        self._waited = 0 if loss < self._to_beat - self._tol else self._waited + 1
        self._to_beat = min(self._to_beat, loss)
        if self._waited < self._patience:
            return None
        self._waited = 0
        return Stop.PHASE

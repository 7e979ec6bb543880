"""Early stopping on examples that are held back, for a training of any phases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..measures import log_loss
from ..network import predict_proba
from ..training import Stop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from ..network import Network
    from ..training import Epoch


class EarlyStopping:
    """Watches the loss on examples that are held back, and keeps the network for which it was lowest.

    A phase ends after `patience` epochs in a row that have not lowered the lowest loss of the training by `tol`. The
    phases after it are trained, so that a strategy whose first phase moves the head alone goes on to the body.

    Parameters
    ----------
    x, labels, weights
        The examples, as the network takes them.
    patience, tol
        When a phase ends.
    backend
        Which backend computes.

    Attributes
    ----------
    losses
        After each epoch.
    best
        A copy of the best network; None before the first epoch.
    """

    def __init__(
        self,
        x: Floats,
        labels: Ints,
        weights: NDArray[np.float64] | None,
        *,
        patience: int,
        tol: float,
        backend: str = "auto",
    ) -> None:
        self.losses: list[float] = []
        self.best: Network | None = None
        self._examples, self._patience, self._tol, self._backend = (x, labels, weights), patience, tol, backend
        self._lowest, self._to_beat, self._waited = math.inf, math.inf, 0

    def after(self, epoch: Epoch) -> Stop | None:
        """Look at an epoch; return whether its phase ends."""
        x, labels, weights = self._examples
        loss = log_loss(predict_proba(epoch.network, x, backend=self._backend), labels, weights)
        self.losses.append(loss)
        if loss < self._lowest:
            self._lowest, self.best = loss, epoch.network.copy()
        self._waited = 0 if loss < self._to_beat - self._tol else self._waited + 1
        self._to_beat = min(self._to_beat, loss)
        if self._waited < self._patience:
            return None
        self._waited = 0
        return Stop.PHASE

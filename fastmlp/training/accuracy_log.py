"""The accuracy on the training examples, recorded while a network is trained."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from ..network import Network, predict

if TYPE_CHECKING:
    from .data import Examples
    from .options import TrainingOptions


class AccuracyLog:
    """Accuracy after epochs 1, 2, 4, 8 and so on, and after the last.

    It is recorded at powers of two because accuracy changes fastest at the start. Recording changes no bit of the
    network.

    Parameters
    ----------
    net
        The network while it is trained.
    examples
        All labelled examples, including those that are held back.
    options
        Say which backend computes, and whether anything is recorded.
    """

    def __init__(self, net: Network, examples: Examples, options: TrainingOptions) -> None:
        self._net, self._examples, self._options = net, examples, options
        self.accuracies: dict[int, float] = {}
        self.seconds = 0.0  # spent here, which is no part of the training

    def is_due(self, epoch: int) -> bool:
        """Whether the accuracy after an epoch, counted from 1, is recorded even if the epoch is not the last."""
        return self._options.accuracies and epoch.bit_count() == 1

    def record(self, epoch: int, *, is_last: bool = False) -> None:
        """Record the accuracy after an epoch if it is due and not recorded yet."""
        if epoch in self.accuracies or not (self.is_due(epoch) or (is_last and self._options.accuracies)):
            return
        start = perf_counter()
        options = self._options
        predicted = predict(self._net, self._examples.x, backend=options.backend, threads=options.threads)
        self.accuracies[epoch] = float((predicted == self._examples.y).mean())
        self.seconds += perf_counter() - start

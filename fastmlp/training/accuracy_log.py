"""The accuracy on the training examples, recorded while a network is trained."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints


class Predictor(Protocol):
    """What is trained."""

    def predictions(self) -> Ints:
        """Return the likeliest class of each example, (n,)."""


class AccuracyLog:
    """Accuracy after epochs 1, 2, 4, 8 and so on, and after the last.

    It is recorded at powers of two because accuracy changes fastest at the start. Recording changes no bit of the
    network.

    Parameters
    ----------
    predictor
        Predicts the labels of all labelled examples, including those that are held back.
    labels
        What they should be; a loss that has no labels has no accuracy either.
    wanted
        Whether anything is recorded.
    """

    def __init__(self, predictor: Predictor, labels: NDArray[Any], *, wanted: bool) -> None:
        self._predictor, self._labels, self._wanted = predictor, labels, wanted
        self.accuracies: dict[int, float] = {}
        self.seconds = 0.0  # spent here, which is no part of the training

    def is_due(self, epoch: int) -> bool:
        """Whether the accuracy after an epoch, counted from 1, is recorded even if the epoch is not the last."""
        return self._wanted and epoch.bit_count() == 1

    def record(self, epoch: int, *, is_last: bool = False) -> None:
        """Record the accuracy after an epoch if it is due and not recorded yet."""
        if epoch in self.accuracies or not (self.is_due(epoch) or (is_last and self._wanted)):
            return
        start = perf_counter()
        self.accuracies[epoch] = float((self._predictor.predictions() == self._labels).mean())
        self.seconds += perf_counter() - start

"""The held-out set, on which each trained model is evaluated once, at its end. Training never sees it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ...backends import get_backend
from ...backends.reference_data import confusion
from ...measures import evaluate
from ...network import softmax
from ...problems import Problem, Scaler
from ...seeds import rng_for
from ..store.schema import OWN, Record, finite
from .model import Model
from .own_measures import OwnMeasure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


KEPT = 8  # scalers whose inputs are kept: one for each size in the control that pretrains on the subset, else one


class HeldOut:
    """The held-out examples of one problem and one seed, as they are and under each shift.

    Parameters
    ----------
    problem, rows, seed
        Which examples.
    backend
        Scales their inputs, and counts over them.
    own
        The study's own measures.
    confusion
        Whether to record which classes are taken for which.
    """

    def __init__(
        self,
        problem: Problem,
        rows: Ints,
        seed: int,
        backend: str,
        own: Sequence[OwnMeasure] = (),
        *,
        confusion: bool = False,
    ) -> None:
        self.problem = problem
        self._backend = get_backend(backend)
        self.confusion = confusion
        self.rows = rows
        self.seed = seed
        self.own = own
        self._kept: dict[tuple[Scaler, str], tuple[Floats, Floats]] = {}

    @cached_property
    def labels(self) -> Ints:
        """Their labels, (n,)."""
        return self.problem.target.y[self.rows]

    @cached_property
    def views(self) -> NDArray[np.float64]:
        """Their raw inputs as they are, then under each shift, (1 + shifts, n, features).

        What a shift draws, such as noise, is the same for all models.
        """
        target = self.problem.target
        views = np.empty((1 + len(self.problem.shifts), len(self.rows), target.X.shape[1]))
        views[0] = target.X[self.rows]
        for view, (name, shift) in zip(views[1:], self.problem.shifts.items(), strict=True):
            view[:] = shift(views[0], rng_for("shift", name=name, task=target.name, seed=self.seed))
        return views

    @property
    def _all(self) -> NDArray[np.float64]:
        """All views as one set of examples, (n views x n, features)."""
        return self.views.reshape(-1, self.views.shape[-1])

    def keep_inputs(self, scaler: Scaler, dtype: str) -> None:
        """Cache the inputs under a scaler that many models share."""
        if (scaler, dtype) not in self._kept:
            self._kept[scaler, dtype] = self._inputs(scaler, dtype)
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]

    def _inputs(self, scaler: Scaler, dtype: str) -> tuple[Floats, Floats]:
        """Return scaled inputs: those of all views, and those without a shift."""
        every = scaler.transform(self._all, dtype, self._backend.name)
        return every, every[: len(self.rows)]

    def inputs(self, model: Model) -> tuple[Floats, Floats]:
        """Return the scaled inputs of a model: all views one after the other, and those without a shift.

        The shapes are (n views x n, features) and (n, features). Models that share a kept scaler get the same arrays.
        """
        return self._kept.get((model.scaler, model.dtype)) or self._inputs(model.scaler, model.dtype)

    def evaluate(self, model: Model) -> Record:
        """Measure a model: everything on the examples as they are, and its accuracy under each shift."""
        start = perf_counter()
        # All views at once: a call for each would cost more than the work
        logits = model.logits(self.inputs(model)[0]).reshape(*self.views.shape[:2], -1)
        measured = self.measure(softmax(logits[0]))
        shifted = (self._backend.count_right(logits[1:], self.labels) / len(self.labels)).tolist()
        measured |= {f"accuracy_{name}": value for name, value in zip(self.problem.shifts, shifted, strict=True)}
        return measured | {"evaluate_seconds": perf_counter() - start}

    def measure(self, probabilities: NDArray[np.float64]) -> Record:
        """Measure the probabilities (n, classes) of the examples as they are."""
        found = evaluate(probabilities, self.labels, self._backend.count)
        measured: Record = {name: finite(value) for name, value in found.items()}
        if self.own:
            measured[OWN] = self._own(probabilities)
        if self.confusion:
            measured["confusion"] = confused(self.labels, probabilities.argmax(axis=1), probabilities.shape[-1])
        return measured

    def _own(self, probabilities: NDArray[np.float64]) -> list[float | None]:
        """Return what the study's own measures say; what they are given cannot be written to."""
        labels = self.labels.copy()
        for array in (probabilities, labels):
            array.flags.writeable = False
        return [measure(probabilities, labels) for measure in self.own]

    def accuracy(self, model: Model) -> float:
        """Return the accuracy of a model on the examples as they are."""
        kept = self._kept.get((model.scaler, model.dtype))
        inputs = kept[1] if kept else model.inputs(self.views[0])
        return float((model.logits(inputs).argmax(axis=1) == self.labels).mean())


def confused(y: Ints, likeliest: Ints, n_classes: int) -> list[list[int]]:
    """Return how often each class, y (n,), was taken for which, likeliest (n,): pairs, as the store keeps them.

    Examples
    --------
    >>> confused(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    [[0, 1], [1, 1], [3, 1]]
    """
    counts = confusion(likeliest, y, n_classes).ravel()
    return [[int(place), int(counts[place])] for place in np.flatnonzero(counts)]

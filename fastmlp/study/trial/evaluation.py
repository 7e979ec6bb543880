"""The held-out set: what trained models are judged on, once each, at the end; training never sees it."""

from __future__ import annotations

from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ...measures import evaluate
from ...network import softmax
from ...problems import Problem, Scaler
from ...seeds import rng_for
from ..store.schema import Record, finite
from .model import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


class HeldOut:
    """The held-out examples of one problem and one seed, as they are and under each shift.

    Parameters
    ----------
    problem, rows, seed
        Which.
    """

    def __init__(self, problem: Problem, rows: Ints, seed: int) -> None:
        self.problem = problem
        self.rows = rows
        self.seed = seed
        self.kept: dict[tuple[Scaler, str], Floats] = {}

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

    def keep(self, scaler: Scaler, dtype: str) -> None:
        """Keep the inputs as seen through a scaler that many models share."""
        if (scaler, dtype) not in self.kept:
            self.kept[scaler, dtype] = scaler.transform(self._all, dtype)

    def seen_by(self, model: Model) -> Floats:
        """Return the inputs as a model sees them, one view after the other, (n views x n, features)."""
        known = self.kept.get((model.scaler, model.dtype))
        return model.inputs(self._all) if known is None else known

    def seen_plain(self, model: Model) -> Floats:
        """Return the inputs as a model sees them without a shift, (n, features)."""
        return self.seen_by(model)[: len(self.rows)]

    def judge(self, model: Model) -> Record:
        """Measure a model: everything on the examples as they are, and its accuracy under each shift."""
        start = perf_counter()
        # All views at once: a call for each would cost more than the work
        logits = model.logits(self.seen_by(model)).reshape(*self.views.shape[:2], -1)
        measured: Record = {name: finite(value) for name, value in evaluate(softmax(logits[0]), self.labels).items()}
        shifted = (logits[1:].argmax(axis=2) == self.labels).mean(axis=1).tolist()
        measured |= {f"accuracy_{name}": value for name, value in zip(self.problem.shifts, shifted, strict=True)}
        return measured | {"evaluate_seconds": perf_counter() - start}

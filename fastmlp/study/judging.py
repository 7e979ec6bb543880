"""The held-out set: what trained models are judged on, once each, at the end; training never sees it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from ..measures import evaluate
from ..problems import Problem, Scaler
from ..seeds import rng_for
from .models import Model
from .store.records import Record, finite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..layout import Floats, Ints

PLAIN = ""  # the held-out set as it is, beside its shifts


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
        self.kept: dict[tuple[Scaler, str], Mapping[str, Floats]] = {}

    @cached_property
    def labels(self) -> Ints:
        """Their labels, (n,)."""
        return self.problem.target.y[self.rows]

    @cached_property
    def views(self) -> dict[str, NDArray[np.float64]]:
        """Their raw inputs by shift; what a shift draws, such as noise, is the same for all models."""
        target = self.problem.target
        X = target.X[self.rows]
        shifted = {
            name: shift(X, rng_for("shift", name=name, task=target.name, seed=self.seed))
            for name, shift in self.problem.shifts.items()
        }
        return {PLAIN: X, **shifted}

    def keep(self, scaler: Scaler, dtype: str) -> None:
        """Keep the inputs as seen through a scaler that many models share."""
        if (scaler, dtype) not in self.kept:
            self.kept[scaler, dtype] = {name: scaler.transform(X, dtype) for name, X in self.views.items()}

    def seen_by(self, model: Model) -> Mapping[str, Floats]:
        """Return the inputs as a model sees them, by shift."""
        known = self.kept.get((model.scaler, model.dtype))
        return {name: model.inputs(X) for name, X in self.views.items()} if known is None else known

    def judge(self, model: Model) -> Record:
        """Measure a model: everything on the examples as they are, and its accuracy under each shift."""
        start = perf_counter()
        seen = self.seen_by(model)
        measured: Record = {
            name: finite(value) for name, value in evaluate(model.probabilities(seen[PLAIN]), self.labels).items()
        }
        for name in self.problem.shifts:
            guessed = model.probabilities(seen[name]).argmax(axis=1)
            measured[f"accuracy_{name}"] = float((guessed == self.labels).mean())
        return measured | {"evaluate_seconds": perf_counter() - start}

"""Time scikit-learn's estimators against ours, which do the same work: the same draws, batches, epochs and stops.

Both are fitted alternately in one process, on one core if the environment says so: `OMP_NUM_THREADS=1`.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
from sklearn import neural_network as theirs
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import fastmlp

from .bench_training import seconds
from .peers.work import SHAPES, Work

GRID = {
    "hidden_layer_sizes": [(32,), (64,), (64, 32)],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [1e-3, 1e-2],
}
SHAPE_NAMES = ["tiny", "lab", "sentences", "medium"]


def pair(**options: Any) -> list[Any]:
    """Return our classifier and theirs."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    return [fastmlp.MLPClassifier(**options, threads=1), theirs.MLPClassifier(**options)]


class Fit:
    """How many times faster a fit is than scikit-learn's: `sgd` with momentum, or `adam`, both with a penalty."""

    params = (SHAPE_NAMES, ["sgd", "adam"], ["float32", "float64"])
    param_names = ("shape", "solver", "dtype")
    unit = "times"
    rounds = 3

    def setup(self, name: str, solver: str, dtype: str) -> None:
        shape = SHAPES[name]
        work = Work(shape)
        self.data = work.x.astype(dtype), work.y
        self.models = pair(
            hidden_layer_sizes=shape.sizes[1:-1],
            solver=solver,
            batch_size=shape.batch_size,
            learning_rate_init=shape.lr if solver == "sgd" else 1e-3,
            max_iter=shape.epochs,
            n_iter_no_change=np.inf,
            random_state=0,
        )
        ours, peer = (model.fit(*self.data) for model in self.models)
        tolerance = 1e-2 if dtype == "float32" else 1e-6
        np.testing.assert_allclose(ours.loss_curve_, peer.loss_curve_, rtol=tolerance)

    def track_times_faster(self, name: str, solver: str, dtype: str) -> float:
        turns = [[seconds(partial(model.fit, *self.data)) for model in self.models] for _ in range(self.rounds)]
        ours, peer = np.min(turns, axis=0)
        return float(peer / ours)


class Overhead:
    """What a fit of 100 rows costs beyond its training: a fit of one epoch, whose training takes a few microseconds."""

    params = (["numpy", "numba"],)
    param_names = ("backend",)

    def setup(self, backend: str) -> None:
        work = Work(SHAPES["tiny"])
        self.data = work.x[:100].astype(np.float64), work.y[:100]
        self.model = pair(hidden_layer_sizes=(8,), solver="sgd", max_iter=1, random_state=0, tol=0.0)[0]
        self.model.set_params(backend=backend).fit(*self.data)

    def time_fit(self, backend: str) -> None:
        self.model.fit(*self.data)


class Search:
    """How many times faster a grid search on digits is than scikit-learn's; as a user would write it."""

    params = ([1, 24], [1, 2], [32, "auto"])
    param_names = ("candidates", "jobs", "batch_size")
    unit = "times"
    timeout = 1800

    def setup(self, candidates: int, jobs: int, batch_size: int | str) -> None:
        self.data = load_digits(return_X_y=True)
        self.options = {"n_jobs": jobs, "cv": 3}
        self.grid: dict[str, Any] = GRID if candidates == 24 else {"hidden_layer_sizes": [(8,)]}
        self.models = pair(random_state=0, batch_size=batch_size, max_iter=60 if candidates == 24 else 5)
        for model in self.models:  # workers are started before the clock
            GridSearchCV(model, {"max_iter": [1, 2]}, **self.options).fit(*self.data)

    def track_times_faster(self, candidates: int, jobs: int, batch_size: int | str) -> float:
        searches = [GridSearchCV(model, self.grid, **self.options) for model in self.models]
        ours, peer = (seconds(partial(search.fit, *self.data)) for search in searches)
        assert searches[0].best_params_ == searches[1].best_params_
        return peer / ours

"""A model that was trained as the trials of a study are, to be taken away: its scaler goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...inputs import check_inputs
from ...network import Network
from ...problems import Scaler
from ...training import Fit
from ..execution.blas_threads import blas_threads_limited
from ..settings.schema import Settings
from ..trial.context import TrialContext
from ..trial.model import Model
from ..trial.run import train, tune

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Trained:
    """A model of a study, for inputs as they are in the study's data: it scales them itself.

    Parameters
    ----------
    problem, strategy, seed
        Which.
    n_target
        The number of labelled examples that it was trained on.
    model
        The model.
    """

    problem: str
    strategy: str
    n_target: int
    seed: int
    model: Model = field(repr=False)

    @property
    def fit(self) -> Fit | None:
        """The training; None for the baseline."""
        return self.model.fit

    @property
    def network(self) -> Network | None:
        """The network, which sees scaled inputs; None for the baseline."""
        return None if self.model.fit is None else self.model.fit.network

    @property
    def scaler(self) -> Scaler:
        """What the network's inputs go through."""
        return self.model.scaler

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class, (n, n_classes), for inputs (n, features) that are not scaled.

        Raises
        ------
        ShapeError, NotFiniteError, InvalidInput
            If they are no such inputs.
        """
        return self.model.probabilities(check_inputs(X, len(self.scaler.mean), "float64"))

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the likeliest class of each input; it raises what `predict_proba` does."""
        likeliest: NDArray[np.int64] = self.predict_proba(X).argmax(axis=1)
        return likeliest


def train_again(
    settings: Settings, backend: str, problem: str, strategy: str, n_target: int | None, seed: int
) -> Trained:
    """Train as a trial does; with no number of labels, on every labelled example of the target, held-out ones too."""
    context = TrialContext(settings.problem(problem, seed), seed, settings, backend)
    split, how = context.split, settings.strategy(strategy)
    rows = np.arange(len(context.problem.target.y)) if n_target is None else split.subset(n_target)
    source = context.source(n_target)
    with blas_threads_limited():  # as in a study, so that the bits are the same
        candidate, _ = tune(context, how, source, rows)
        model = train(context, how, source, rows, candidate)
    return Trained(problem, strategy, len(rows), seed, model)

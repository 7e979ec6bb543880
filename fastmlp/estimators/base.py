"""What scikit-learn's two multilayer perceptrons share: parameters, a fit from start to end, and outputs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..backends import get_backend
from ..errors import InvalidInput, ShapeError
from ..network import Network, forward
from ..registry import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, POISSON, SQUARED_ERROR
from ..targets import check_sample_weight
from ..training import Examples
from .lbfgs import fit_lbfgs
from .parameters import Parameters
from .stochastic import StochasticFit
from .stored_mlp import restored, state_of
from .validation import validated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats
    from ..state import State

OUT_ACTIVATIONS = {
    CROSS_ENTROPY: "softmax",
    BINARY_CROSS_ENTROPY: "logistic",
    SQUARED_ERROR: "identity",
    POISSON: "exp",
}
CURVES = "loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_", "_no_improvement_count", "_best"
SPARSE_NUMBERS = 2**22  # of a sparse X made dense at a time, for predictions
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class BaseMLP(BaseEstimator):
    """A multilayer perceptron of scikit-learn's, trained by fastmlp.

    A class says what y means: `_targets` and `_loss_code`.
    """

    coefs_: list[Floats]
    intercepts_: list[Floats]

    def _set_parameters(self, **parameters: Any) -> None:
        """Keep parameters as they are given; `fit` checks them."""
        for name, value in parameters.items():
            setattr(self, name, value)

    def _targets(self, X: Any, y: Any, *, first: bool, incremental: bool) -> tuple[Any, NDArray[Any]]:
        """Return X as an array, dense or sparse, and y as the loss takes it.

        Parameters
        ----------
        first
            Whether a new network is to be made.
        incremental
            Whether this is `partial_fit`.
        """
        raise NotImplementedError

    def _loss_code(self) -> int:
        """Return the place of the loss in `registry.LOSSES`."""
        raise NotImplementedError

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> BaseMLP:
        """Fit a new network, or go on with the one that is there."""
        parameters = Parameters.of(self)
        if incremental and parameters.early_stopping:
            raise InvalidInput("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "coefs_") or not (parameters.warm_start or incremental)
        X, targets = self._targets(X, y, first=first, incremental=incremental)
        weights = check_sample_weight(sample_weight, X.shape[0], X.dtype)
        random = check_random_state(self.random_state)
        self.n_outputs_ = targets.shape[1] if targets.ndim == 2 else len(self.classes_)
        sizes = X.shape[1], *parameters.hidden_layer_sizes, self.n_outputs_
        if first:
            self._begin(sizes, parameters, X.dtype, random)
        net = network_of(self.coefs_, self.intercepts_, sizes, parameters.activation)
        examples = examples_for(X, targets, weights, net.dtype)
        get_backend(parameters.backend).warm_up(net.dtype, "train")
        if parameters.is_stochastic:
            fit = StochasticFit(self, net, examples, self._loss_code(), parameters, random, incremental=incremental)
            finite = fit.run()
        else:
            finite = fit_lbfgs(self, net, examples, self._loss_code(), parameters)
        self.coefs_, self.intercepts_ = net.weights, net.biases
        if not finite or not np.isfinite(net.theta).all():
            raise ValueError(NOT_FINITE)
        return self

    def _begin(
        self, sizes: tuple[int, ...], parameters: Parameters, dtype: np.dtype[Any], random: np.random.RandomState
    ) -> None:
        """Draw a network by Glorot's uniform law as scikit-learn does, number by number, and forget earlier fits."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = OUT_ACTIVATIONS[self._loss_code()]
        self.coefs_, self.intercepts_ = [], []
        for n_in, n_out in pairwise(sizes):
            bound = np.sqrt((2.0 if parameters.activation == "logistic" else 6.0) / (n_in + n_out))
            self.coefs_.append(random.uniform(-bound, bound, (n_in, n_out)).astype(dtype, copy=False))
            self.intercepts_.append(random.uniform(-bound, bound, n_out).astype(dtype, copy=False))
        for name in CURVES:
            self.__dict__.pop(name, None)

    def _outputs(self, X: Any) -> Floats:
        """Return what the last layer of the fitted network says before its activation, (n, n_outputs_)."""
        X = validated(self, X, accept_sparse=["csr", "csc"], reset=False)
        net = network_of(self.coefs_, self.intercepts_, None, self.activation)
        if not issparse(X):
            return forward(net, X, backend=self.backend, threads=self.threads)
        rows = max(1, SPARSE_NUMBERS // X.shape[1])
        X = X.tocsr()
        parts = [X[start : start + rows].toarray() for start in range(0, X.shape[0], rows)]
        return np.concatenate([forward(net, part, backend=self.backend, threads=self.threads) for part in parts])

    def _can_go_on(self) -> bool:
        """Whether there is a `partial_fit`: lbfgs has no batches to go on with."""
        if self.solver == "lbfgs":
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    def to_state(self) -> State:
        """Return what a file holds of the fitted estimator.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        check_is_fitted(self)
        return state_of(self, network_of(self.coefs_, self.intercepts_, None, self.activation))

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the estimator that `to_state` was asked of.

        Raises
        ------
        CheckpointError, InvalidInput
            If the state is that of no such estimator.
        """
        model = restored(cls(), state)
        model.out_activation_ = OUT_ACTIVATIONS[model._loss_code()]  # noqa: SLF001  its own
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def examples_for(X: Any, targets: NDArray[Any], weights: Floats | None, dtype: np.dtype[Any]) -> Examples:
    """Return examples as kernels take them: dense, and in the precision of the network."""
    x = np.ascontiguousarray(X.toarray() if issparse(X) else X, dtype=dtype)
    y = targets.astype(dtype, copy=False) if targets.dtype.kind == "f" else targets
    return Examples(x, y, None if weights is None else weights.astype(dtype, copy=False))


def network_of(
    coefs: list[Floats], intercepts: list[Floats], sizes: tuple[int, ...] | None, activation: str
) -> Network:
    """Return a network with a copy of an estimator's parameters, which a user may have changed.

    Parameters
    ----------
    coefs : (in, out) each
    intercepts : (out,) each
    sizes
        Those that the parameters of the estimator ask for; None for those that are there.
    activation
        Of the hidden layers.

    Raises
    ------
    ShapeError
        If the sizes are others.
    """
    there = (*(len(coef) for coef in coefs), coefs[-1].shape[1])
    if sizes is not None and there != sizes:
        raise ShapeError(
            f"X, y and hidden_layer_sizes ask for layers of sizes {sizes}, and the network that is to be trained on "
            f"has {there}; fit without warm_start makes a new one"
        )
    parts = [part for pair in zip(coefs, intercepts, strict=True) for part in pair]
    return Network(there, np.concatenate([np.ravel(part) for part in parts]), activation)

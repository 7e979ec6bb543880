"""`MLPRegressor`: scikit-learn's, trained by fastmlp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..checks import check_name
from ..registry import POISSON, SQUARED_ERROR
from ..targets import check_targets
from .base import BaseMLP
from .validation import validated

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats

REGRESSION_LOSSES = {"squared_error": SQUARED_ERROR, "poisson": POISSON}


class MLPRegressor(RegressorMixin, BaseMLP):
    """Scikit-learn's multilayer perceptron for numbers, trained many times faster.

    Parameters, attributes and behaviour are those of `sklearn.neural_network.MLPRegressor`.

    Parameters
    ----------
    loss
        ``squared_error``, or ``poisson``: half the deviance, of means that are exp(output), for y of at least 0.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, \
beta_1, beta_2, epsilon, n_iter_no_change, max_fun, backend, threads
        As in `MLPClassifier`.

    Attributes
    ----------
    coefs_, intercepts_, loss_, best_loss_, loss_curve_, n_iter_, t_, n_layers_, n_outputs_, n_features_in_, \
feature_names_in_, out_activation_
        As in `MLPClassifier`. Of several outputs the squared errors are averaged in the losses, and added up in what
        is descended, as scikit-learn does.
    validation_scores_, best_validation_score_
        R^2 on what was held back after each epoch, and the best; None if nothing was.

    Examples
    --------
    >>> from fastmlp import MLPRegressor
    >>> model = MLPRegressor(solver="lbfgs", random_state=0, backend="numpy")
    >>> model = model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[1.0]]).round(1)
    array([3.])
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        backend: str = "auto",
        threads: int | None = None,
    ) -> None:
        self._set_parameters(
            loss=loss, hidden_layer_sizes=hidden_layer_sizes, activation=activation, solver=solver, alpha=alpha,
            batch_size=batch_size, learning_rate=learning_rate, learning_rate_init=learning_rate_init, power_t=power_t,
            max_iter=max_iter, shuffle=shuffle, random_state=random_state, tol=tol, verbose=verbose,
            warm_start=warm_start, momentum=momentum, nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping, validation_fraction=validation_fraction, beta_1=beta_1, beta_2=beta_2,
            epsilon=epsilon, n_iter_no_change=n_iter_no_change, max_fun=max_fun, backend=backend, threads=threads,
        )  # fmt: skip

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit a network.

        Parameters
        ----------
        X : (n, features)
            Inputs, dense or sparse; a frame's names are kept.
        y : (n,) or (n, outputs)
            Numbers.
        sample_weight : (n,)
            What each example counts, at least 0.

        Raises
        ------
        ValueError
            If a parameter or the examples are refused, or the network that is learnt is not finite.
        """
        self._fit(X, y, sample_weight, incremental=False)
        return self

    @available_if(lambda self: self._can_go_on())
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch, from where the last call ended; arguments and refusals are those of `fit`."""
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return the mean that is expected for each example, (n,) or (n, outputs)."""
        check_is_fitted(self)
        outputs = self._outputs(X)
        if self.out_activation_ == "exp":
            outputs = np.exp(outputs)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _loss_code(self) -> int:
        return REGRESSION_LOSSES[check_name("loss", self.loss, REGRESSION_LOSSES)]

    def _targets(self, X: Any, y: Any, *, first: bool, incremental: bool) -> tuple[Any, NDArray[Any]]:  # noqa: ARG002
        X, y = validated(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=first,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        outputs = y.shape[1] if y.ndim == 2 else 1
        return X, check_targets(y, len(y), outputs, self._loss_code(), X.dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

"""The baseline: logistic regression to the very bits of scikit-learn's, in a half to three quarters of its time.

With some hundred examples an evaluation of the loss takes scikit-learn 90 to 180 microseconds, of which products and
exponentials are a third, and SciPy keeps a copy of each gradient to look it up. Here the same operations, in the same
order, write to arrays that are there already. `tests/strategies/test_logistic.py` compares the bits.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Matrix = NDArray[np.float64]

# Of L-BFGS the most iterations; and, scikit-learn's, the most steps of a line search and the least gain of an iteration
MOST_ITERATIONS, LINE_SEARCH, LEAST_GAIN = 1000, 50, 64 * np.finfo(np.float64).eps


def fit_baseline(
    X: ArrayLike,
    y: ArrayLike,
    *,
    C: float = 1.0,
    tol: float = 1e-4,
    sample_weight: ArrayLike | None = None,
    near: Any = None,
) -> Any:
    """Fit scikit-learn's logistic regression, the baseline that is hard to beat.

    Parameters
    ----------
    X : (n, features)
        Scaled inputs.
    y : (n,)
        Labels.
    C
        The sum of the losses counts so much beside half the squared weights.
    tol
        Largest slope at which L-BFGS ends.
    sample_weight : (n,)
        What each example counts.
    near
        A model that was fitted to the same examples with another C: it is fitted on from where it is, in place. That
        takes a third of the time, and ends as near to the minimum.

    Returns
    -------
    The fitted `sklearn.linear_model.LogisticRegression`.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(tol=tol, max_iter=MOST_ITERATIONS) if near is None else near
    model.set_params(C=C, warm_start=near is not None)
    classes, labels = np.unique(y, return_inverse=True)
    if sample_weight is not None or len(classes) < 3 or not _is_plain(X) or _multinomial_loss() is None:
        return model.fit(X, y, sample_weight)
    return _fit_multinomial(model, X, classes, labels.astype(np.float64))


def _multinomial_loss() -> Any:
    """Return the class of scikit-learn's loss, or None from a release that has it elsewhere: its name is not public."""
    try:
        from sklearn._loss import HalfMultinomialLoss
    except ImportError:
        return None
    return HalfMultinomialLoss


def _is_plain(X: object) -> TypeGuard[Matrix]:
    """Whether inputs are what scikit-learn would make of them."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype != np.float64 or not X.flags.c_contiguous:
        return False
    return bool(np.isfinite(X).all())


def _fit_multinomial(model: Any, X: Matrix, classes: NDArray[Any], labels: Matrix) -> Any:
    """Fit a model in place as its own `fit` would; labels (n,) are places in the classes."""
    from scipy.optimize import minimize

    n, features = X.shape
    start = np.zeros((len(classes), features + 1), order="F")
    if model.warm_start:
        start[:, :-1], start[:, -1] = model.coef_, model.intercept_
    objective = Objective(X, labels, len(classes), 1.0 / (model.C * n))
    found = minimize(
        objective.loss,
        start.ravel(order="F"),
        method="L-BFGS-B",
        jac=objective.gradient,
        options={"maxiter": model.max_iter, "maxls": LINE_SEARCH, "gtol": model.tol, "ftol": LEAST_GAIN},
    )
    if found.status:
        from sklearn.exceptions import ConvergenceWarning

        message = f"lbfgs failed to converge after {found.nit} iterations: {found.message}"
        warnings.warn(message, ConvergenceWarning, stacklevel=3)
    parameters = found.x.reshape(start.shape, order="F")
    model.classes_, model.n_features_in_ = classes, features
    model.coef_, model.intercept_ = parameters[:, :-1], parameters[:, -1]
    model.n_iter_ = np.array([found.nit], np.int32)
    return model


class Objective:
    """The mean cross-entropy of a linear model with a penalty on its weights, and its gradient, for L-BFGS.

    Its parameters, ((features + 1) * classes,), are the weights, those of a feature side by side, and then the biases.

    Parameters
    ----------
    X : (n, features)
        Inputs.
    labels : (n,)
        From 0 to n_classes - 1, in the dtype of the inputs, as the loss of scikit-learn takes them.
    n_classes
        Three or more.
    strength
        What half the squared weights count.
    """

    def __init__(self, X: Matrix, labels: Matrix, n_classes: int, strength: float) -> None:
        self._X, self._labels, self._n_classes, self._strength = X, labels, n_classes, strength
        self._losses_and_slopes = _multinomial_loss()(n_classes=n_classes).closs.loss_gradient
        self._losses, (self._logits, self._slopes) = np.empty(len(X)), np.empty((2, len(X), n_classes))
        self._gradient = np.empty(0)

    def loss(self, parameters: Matrix) -> float:
        """Return the loss, and keep the gradient there."""
        n, split = len(self._X), self._split(parameters)
        np.matmul(self._X, split[:, :-1].T, out=self._logits)
        self._logits += split[:, -1]
        self._losses_and_slopes(self._labels, self._logits, None, self._losses, self._slopes, 1)
        self._slopes /= n
        self._gradient = np.empty_like(parameters)
        gradient = self._split(self._gradient)
        np.multiply(split[:, :-1], self._strength, out=gradient[:, :-1])
        gradient[:, :-1] += self._slopes.T @ self._X
        gradient[:, -1] = self._slopes.sum(axis=0)
        weights = parameters[: -self._n_classes]
        return float(self._losses.sum() / n) + float(0.5 * self._strength * np.dot(weights, weights))

    def gradient(self, _: Matrix) -> Matrix:
        """Return the gradient where the loss was asked for last: SciPy asks for both at once."""
        return self._gradient

    def _split(self, parameters: Matrix) -> Matrix:
        """Return parameters as (classes, features + 1), sharing memory."""
        return parameters.reshape(self._n_classes, -1, order="F")

"""`MLPClassifier`: scikit-learn's, trained by fastmlp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..backends.reference_losses import logistic
from ..network import softmax
from .base import BaseMLP
from .classes import Classes
from .validation import are_labels_of, validated

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Scikit-learn's multilayer perceptron for classes, trained many times faster.

    Parameters, attributes and behaviour are those of `sklearn.neural_network.MLPClassifier`: a changed import is
    enough. It draws the same numbers from `random_state`, so both arrive at the same network but for rounding.

    Parameters
    ----------
    hidden_layer_sizes
        Units of each hidden layer; one number stands for one layer.
    activation
        Of the hidden layers: ``relu``, ``tanh``, ``logistic`` or ``identity``.
    solver
        ``adam``, ``sgd`` or ``lbfgs``, which sees all examples at once.
    alpha
        Of the L2 penalty: to the loss of a batch belongs ``alpha / 2 * |weights|^2 / (examples in it)``.
    batch_size
        Examples in a batch; ``auto``: 200, or all if there are fewer.
    learning_rate
        Of ``sgd``: ``constant``; ``invscaling``, divided by (examples seen + 1) ** `power_t` after each epoch; or
        ``adaptive``, divided by 5 where `n_iter_no_change` is exceeded, until it is 1e-6.
    learning_rate_init
        The rate that ``sgd`` and ``adam`` start with.
    power_t
        Of ``invscaling``.
    max_iter
        Epochs at most, or iterations of ``lbfgs``.
    shuffle
        Whether each epoch visits the examples in another order.
    random_state
        A seed, a `numpy.random.RandomState`, or None for NumPy's global one.
    tol
        By how much loss or score must be better to count as better; of ``lbfgs``, how flat the loss must be.
    verbose
        Whether to print each epoch.
    warm_start
        Whether `fit` goes on from the network that is there.
    momentum, nesterovs_momentum
        Of ``sgd``.
    early_stopping
        Whether to hold back `validation_fraction` of the examples, and to end with the network that had the best score
        on them.
    validation_fraction
        What is held back, at least 0 and below 1.
    beta_1, beta_2, epsilon
        Of ``adam``.
    n_iter_no_change
        Epochs in a row that may fail to be better, or ``numpy.inf``.
    max_fun
        Evaluations of the loss by ``lbfgs`` at most.
    backend, threads
        As in `fastmlp.train_mlp`; scikit-learn's has neither.

    Attributes
    ----------
    classes_ : (k,)
        The classes, sorted; of several labels their numbers.
    coefs_, intercepts_
        Weights (in, out) and biases (out,) of each layer.
    loss_, best_loss_, loss_curve_
        Loss of the last epoch, the lowest, and that of each, L2 penalty included. `best_loss_` is None if training
        stopped early; ``lbfgs`` has `loss_` only.
    validation_scores_, best_validation_score_
        Accuracy on what was held back after each epoch, and the best; None if nothing was.
    n_iter_, t_, n_layers_, n_outputs_, n_features_in_, feature_names_in_, out_activation_
        As scikit-learn's.

    Examples
    --------
    >>> from fastmlp import MLPClassifier
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> model = MLPClassifier(8, solver="lbfgs", random_state=0, backend="numpy").fit(X, ["no", "yes", "yes", "no"])
    >>> model.predict([[1.0, 0.0]]).item(), model.predict_proba(X).shape
    ('yes', (4, 2))
    """

    def __init__(
        self,
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
            hidden_layer_sizes=hidden_layer_sizes, activation=activation, solver=solver, alpha=alpha,
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
        y : (n,) or (n, k)
            Classes of any kind; or an indicator matrix, of whose k labels any number may be true.
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
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, from where the last call ended.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : (k,)
            All classes there are; needed in the first call, and in later ones the same or None.

        Raises
        ------
        ValueError
            As `fit`, and if the classes are not given at first, or others later.
        """
        self._note_classes(y, classes)
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class of each example, (n,); of several labels those more likely than not, (n, k)."""
        check_is_fitted(self)
        chosen: NDArray[Any] = self._classes.decide(self._outputs(X))
        return chosen

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each class, (n, k), in the order of `classes_`."""
        check_is_fitted(self)
        outputs = self._outputs(X)
        if self.out_activation_ == "softmax":
            return softmax(outputs).astype(outputs.dtype, copy=False)
        likely: Floats = logistic(outputs)
        return likely if likely.shape[1] > 1 else np.hstack([1 - likely, likely])

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """Return the logarithm of `predict_proba`, (n, k)."""
        with np.errstate(divide="ignore"):
            logarithms: Floats = np.log(self.predict_proba(X))
        return logarithms

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the share of examples whose classes, or all of whose labels, are predicted.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        """
        predicted = self.predict(X)
        if sample_weight is None and are_labels_of(y, predicted):
            return float((predicted == y).mean())
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _loss_code(self) -> int:
        return self._classes.loss

    def _targets(self, X: Any, y: Any, *, first: bool, incremental: bool) -> tuple[Any, NDArray[Any]]:
        X, y = validated(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=first,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        found = Classes.of(y)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._classes, self.classes_ = found, found.names
        elif self.warm_start and not incremental and set(found.names) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {found.names}"
            )
        return X, self._classes.encode(y, X.dtype)

    def _note_classes(self, y: Any, classes: ArrayLike | None) -> None:
        """Take note of all classes in the first call of `partial_fit`, or see that they are the same in a later one."""
        if classes is None:
            if not hasattr(self, "classes_"):
                raise ValueError("classes must be passed on the first call to partial_fit.")
            return
        names = Classes.of(np.asarray(classes)).names
        if not hasattr(self, "classes_"):
            self.classes_ = names
            found = Classes.of(np.asarray(y)) if np.ndim(y) == 2 and np.shape(y)[1] > 1 else None
            self._classes = found if found is not None and found.are_labels else Classes(names)
        elif not np.array_equal(self.classes_, names):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

"""`TransferClassifier`: a strategy as an estimator of scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..backbones import Backbone
from ..checks import in_range
from ..errors import InvalidInput, ShapeError, shown
from ..network import Network, init_mlp, predict_proba
from ..problems import Scaler
from ..state import State
from ..strategies import Strategy, fit_baseline, get_strategy
from ..training import Fit
from .carry_out import Callback, Examples, called, carry_out
from .labels import encode, example_weights, with_class_weight
from .missing import filled, finiteness, means_of
from .on_backbone import fit_on_backbone, proba_on_backbone
from .pretrained import KeepsPretrained, Source, source_of
from .stored import classifier_of, state_of_classifier
from .validation import validated

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..backbones import FeatureCache
    from ..layout import Floats, Ints


class TransferClassifier(ClassifierMixin, KeepsPretrained):
    """A classifier that starts from a pretrained network, as a strategy says.

    Parameters
    ----------
    pretrained
        A `Network`, a `Fit`, a fitted ``MLPClassifier`` of scikit-learn's or ours, another `TransferClassifier`, a
        pipeline of a scaler and one of these, or a module of PyTorch. None for strategies that start at random: their
        network then has hidden layers of `hidden_layer_sizes`. Or a `Backbone`, as `fastmlp.load_backbone` makes it: X
        is then what it prepares, pictures or texts, and ``baseline`` is logistic regression on pixels or on tf-idf.
    strategy
        A name in `fastmlp.STRATEGIES` or of one of its families, such as ``partial-2``; or a `Strategy`.
    source_scaler
        Through which the pretrained network saw its inputs: a fitted `StandardScaler` (or `RobustScaler`,
        `MinMaxScaler`, `MaxAbsScaler`), or a pair of means and scales. ``"target"``: it is not known, and one is fitted
        on the examples of the target. None: that of `pretrained` if it has one; else it saw them as they are.
        Strategies whose `scaler` is ``target`` always fit one of their own.
    source_classes : (n_classes,)
        The labels that the outputs of the pretrained network stand for, for strategies that keep its head. None: those
        of `pretrained` if it has any; else the sorted labels of y.
    hidden_layer_sizes, activation
        Of a network that starts at random, if there is no pretrained one.
    one_unit
        Whether all features are in one unit, as pixels and embeddings are: see `fastmlp.problems.Scaler`.
    missing
        ``"refuse"``: NaN in X is an error; ``"mean"``: it is filled with the mean of its feature over the examples that
        are trained on, there and when the model predicts.
    epochs, batch_size, lr, momentum, optimizer, weight_decay, short_batch, backend, threads
        As in `fastmlp.transfer`, or `fastmlp.transfer_backbone`, whose defaults take the place of None.
    batch_norm, body_rate, cache, device
        Of a backbone only: as in `fastmlp.transfer_backbone`. Clones share the cache.
    C
        Inverse strength of the penalty of ``baseline``, which is scikit-learn's `LogisticRegression`.
    class_weight
        ``"balanced"``, or a weight for each class; they multiply those of examples.
    early_stopping, validation_fraction, n_iter_no_change, tol
        If true, a share of the examples, of each class alike, is held back. A phase ends when their loss has not
        fallen by `tol` for so many epochs, and the network for which it was lowest is kept. What trains no epochs,
        such as ``baseline`` and ``zero-shot``, holds nothing back.
    callbacks
        A function, or several. Each is called after each epoch with an `Epoch`: `number`, `loss`, `network` and, if
        there is one, `validation_loss`. The training ends if one returns True.
    random_state
        A seed, a `RandomState` or None, by scikit-learn's rules.

    Attributes
    ----------
    classes_ : (n_classes,)
        The labels, sorted.
    network_
        The trained network; that of ``baseline`` has no hidden layer.
    scaler_
        Through which `network_` sees its inputs; None if it sees them as they are.
    fill_ : (features,)
        What is put in place of missing values; None if they are refused.
    strategy_
        The strategy as data.
    loss_curve_, validation_losses_
        The loss of each epoch, and that of the examples held back; the latter is None without early stopping.
    n_iter_
        Epochs trained, or iterations of ``baseline``.
    n_parameters_trained_, n_steps_
        Numbers that were free to move, and updates made.
    fit_
        The training itself; None for ``baseline``.

    Examples
    --------
    >>> import fastmlp
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> even, source = y % 2 == 0, fastmlp.init_mlp((64, 32, 10), rng=0)
    >>> source = fastmlp.train_mlp(source, X[even] / 16, y[even], epochs=20, lr=0.05, backend="numpy").network
    >>> model = TransferClassifier(source, source_scaler=(np.zeros(64), np.full(64, 16)), backend="numpy")
    >>> odd, names = ~even, np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    >>> model.set_params(epochs=20, random_state=0).fit(X[odd][:100], names[y[odd][:100]]).predict(X[odd][100:103])
    array(['one', 'five', 'nine'], dtype='<U5')
    """

    def __init__(
        self,
        pretrained: Any = None,
        strategy: str | Strategy = "finetune",
        *,
        source_scaler: Any = None,
        source_classes: ArrayLike | None = None,
        hidden_layer_sizes: tuple[int, ...] = (64,),
        activation: str = "relu",
        one_unit: bool = False,
        missing: str = "refuse",
        epochs: int | None = None,
        batch_size: int = 32,
        lr: float | None = None,
        momentum: float = 0.9,
        optimizer: str | None = None,
        weight_decay: float = 0.0,
        short_batch: str = "weighted",
        C: float = 1.0,
        class_weight: str | Mapping[Any, float] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        callbacks: Callback | Sequence[Callback] | None = None,
        backend: str = "auto",
        threads: int | None = None,
        batch_norm: str = "kept",
        body_rate: float | None = None,
        cache: FeatureCache | None = None,
        device: str = "cpu",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.pretrained = pretrained
        self.strategy = strategy
        self.source_scaler = source_scaler
        self.source_classes = source_classes
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.one_unit = one_unit
        self.missing = missing
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.momentum = momentum
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.short_batch = short_batch
        self.C = C
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.backend = backend
        self.threads = threads
        self.batch_norm = batch_norm
        self.body_rate = body_rate
        self.cache = cache
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Train by the strategy.

        Parameters
        ----------
        X : (n, features)
            Inputs as the source has them, not scaled: the scaler is applied here. With a backbone, paths of pictures,
            arrays or columns of pixels, or texts.
        y : (n,)
            Labels of any kind.
        sample_weight : (n,)
            What each example counts; one that counts nothing is left out.

        Raises
        ------
        InvalidInput, ValueError
            If a parameter, the inputs or the labels cannot be worked with.
        TrainingDiverged
            If the training diverged.
        """
        strategy, finite = self._read_strategy(), finiteness(self.missing)
        if isinstance(self.pretrained, Backbone):
            fit_on_backbone(self, strategy, X, y, sample_weight)
            return self
        X, y = validated(self, X, y, reset=True, dtype=[np.float64, np.float32], ensure_all_finite=finite)
        weights = example_weights(sample_weight, X)
        if weights is not None and not weights.all():
            X, y, weights = X[weights > 0], np.asarray(y)[weights > 0], weights[weights > 0]
        self.fill_ = means_of(X, weights) if self.missing == "mean" else None
        X = filled(X, self.fill_)
        source = self._read_source(strategy, X.shape[1])
        self.classes_, labels = encode(y, source.classes if source and strategy.head == "source" else None)
        self.strategy_, self.scaler_ = strategy, self._scaler(strategy, source, X, weights)
        weights = with_class_weight(weights, self.class_weight, self.classes_, labels)
        if strategy.start is None:
            self._fit_baseline(X, labels, weights)
        else:
            self._fit_network(self._template(source, X), Examples(X, labels, weights))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each of `classes_`, (n, n_classes)."""
        check_is_fitted(self)
        if isinstance(self.pretrained, Backbone):
            return proba_on_backbone(self, X)
        finite = finiteness(self.missing)
        X = validated(self, X, dtype=[np.float64, np.float32], reset=False, ensure_all_finite=finite)
        X = filled(X, self.fill_)
        seen = X if self.scaler_ is None else self.scaler_.transform(X, self.network_.dtype)
        return predict_proba(self.network_, seen, backend=self.backend, threads=self.threads)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each of `classes_`, (n, n_classes)."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each example, (n,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]

    def to_state(self) -> State:
        """Return what a file holds of it: what predicts, and its parameters as far as JSON holds them."""
        return state_of_classifier(self)

    @classmethod
    def from_state(cls, state: State, backbone: Backbone | None = None) -> Self:
        """Return the classifier that `to_state` was asked of; `fit_` is None, and so is a `pretrained` network.

        Parameters
        ----------
        state
            Of the classifier.
        backbone
            What it stands on; None if it is none, or the state says how it is loaded.

        Raises
        ------
        CheckpointError
            If the state is that of no classifier.
        """
        return classifier_of(cls, state, backbone)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        learns = self.strategy.trains if isinstance(self.strategy, Strategy) else self.strategy != "zero-shot"
        tags.classifier_tags.poor_score = not learns
        tags.input_tags.allow_nan = self.missing == "mean"
        return tags

    def _read_strategy(self) -> Strategy:
        given = self.strategy
        strategy = get_strategy(given) if isinstance(given, str) else given
        if not isinstance(strategy, Strategy):
            raise InvalidInput(f"strategy is {shown(given)}; a name or a Strategy is needed")
        return strategy

    def _read_source(self, strategy: Strategy, n_features: int) -> Source | None:
        """Return the source, if it fits the inputs and the strategy."""
        is_target = isinstance(self.source_scaler, str) and self.source_scaler == "target"
        source = source_of(self.pretrained, None if is_target else self.source_scaler, self.source_classes)
        if source is None and strategy.starts_from_source:
            raise InvalidInput(f"{called(self.strategy)} starts from a pretrained network, and pretrained is None")
        if source is not None and source.network.sizes[0] != n_features:
            raise ShapeError(
                f"X has {n_features} features, and the pretrained network of sizes {source.network.sizes} takes "
                f"{source.network.sizes[0]}"
            )
        return source

    def _scaler(
        self, strategy: Strategy, source: Source | None, X: Floats, weights: NDArray[np.float64] | None
    ) -> Scaler | None:
        """Return the scaler that the strategy wants."""
        if strategy.scaler == "source" and source is not None and not isinstance(self.source_scaler, str):
            return source.scaler
        return Scaler.fit(X.astype(np.float64), one_unit=self.one_unit, sample_weight=weights)

    def _template(self, source: Source | None, X: Floats) -> Network:
        """Return the pretrained network, or one of the sizes that are asked for."""
        if source is not None:
            return source.network
        sizes = (X.shape[1], *self.hidden_layer_sizes, len(self.classes_))
        return init_mlp(sizes, dtype=X.dtype, activation=self.activation)

    def _fit_baseline(self, X: Floats, labels: Ints, weights: NDArray[np.float64] | None) -> None:
        """Fit logistic regression, and keep it as a network without a hidden layer."""
        x = X if self.scaler_ is None else self.scaler_.transform(X)
        model = fit_baseline(x, labels, C=in_range("C", self.C, above=0), sample_weight=weights)
        theta = np.concatenate([model.coef_.T.ravel(), model.intercept_]).astype(np.float64)
        self.network_ = Network((X.shape[1], len(model.coef_)), theta)
        self.fit_: Fit | None = None
        self.loss_curve_: list[float] = []
        self.validation_losses_: list[float] | None = None
        self.n_iter_ = self.n_steps_ = int(model.n_iter_.max())
        self.n_parameters_trained_ = theta.size

    def _fit_network(self, template: Network, examples: Examples) -> None:
        """Carry the strategy out, and keep what came of it."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        done = carry_out(self, template, examples, seed)
        self.fit_, self.network_, self.validation_losses_ = done.fit, done.network, done.validation_losses
        self.loss_curve_, self.n_iter_ = done.fit.losses.tolist(), len(done.fit.losses)
        self.n_parameters_trained_, self.n_steps_ = done.fit.parameters_trained, done.fit.steps

"""A `TransferClassifier` on a backbone: a pretrained network of other people's under a strategy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d

from ..backbones import Backbone, FeatureCache, Prepared
from ..backends.torch import import_torch
from ..checks import in_range
from ..errors import InvalidInput, ShapeError, TrainingDiverged, shown
from ..network import Network, predict_proba, softmax
from ..problems import Scaler
from ..strategies import fit_baseline
from ..strategies.backbone import frozen_stages, transfer_backbone
from .carry_out import Examples, Outcome, after_each_epoch, called, outcome_of, watch_over, without_watched
from .labels import encode, example_weights, with_class_weight

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Ints
    from ..strategies import Strategy

OWN_DEFAULTS = ("epochs", "lr", "optimizer", "body_rate")  # those of `transfer_backbone` hold where these are None
PASSED_ON = ("batch_size", "momentum", "weight_decay", "short_batch", "batch_norm", "backend", "threads", "device")
MIDDLE = 2 / 3  # of the stages: where features are best for data unlike the source's, as digits are
SIDE = 32  # pixels to which pictures are averaged for the baseline


def labelled(backbone: Backbone, X: Any, y: Any) -> tuple[Prepared, NDArray[Any]]:
    """Return prepared inputs and their labels.

    Raises
    ------
    InvalidInput, ShapeError
        If an input cannot be prepared, or there is no label for each.
    """
    inputs, labels = backbone.prepared(X), column_or_1d(y)
    if len(labels) != len(inputs):
        raise ShapeError(f"X has {len(inputs)} examples and y {len(labels)} labels; one label for each is needed")
    return inputs, labels


def cheap_on(backbone: Backbone) -> list[str]:
    """Return strategies that train little more than a head: all folds share what the stages below compute."""
    stages = len(backbone.stages)
    middle = f"probe-{round(stages * MIDDLE)}"
    return ["baseline", "frozen", *([middle, f"partial-{stages - 1}"] if stages > 2 else [])]


def fit_on_backbone(model: Any, strategy: Strategy, X: Any, y: Any, sample_weight: ArrayLike | None) -> None:
    """Fit a `TransferClassifier` whose `pretrained` is a backbone: `fit`, but for the strategy, which has been read.

    Raises
    ------
    InvalidInput, ValueError
        If a parameter, the inputs or the labels cannot be worked with.
    TrainingDiverged
        If the training diverged.
    """
    _check_parameters(model)
    inputs, y = labelled(model.pretrained, X, y)
    weights = example_weights(sample_weight, np.empty((len(y), 1)))
    if weights is not None and not weights.all():
        inputs, y, weights = inputs[weights > 0], y[weights > 0], weights[weights > 0]
    known = model.source_classes if strategy.head == "source" else None
    model.classes_, labels = encode(y, None if known is None else np.sort(known))
    model.strategy_, model.scaler_, model.fill_ = strategy, None, None
    weights = with_class_weight(weights, model.class_weight, model.classes_, labels)
    if strategy.start is None:
        _fit_baseline(model, inputs, labels, weights)
    else:
        keep(model, _transferred(model, Examples(inputs, labels, weights)))


def proba_on_backbone(model: Any, X: Any) -> NDArray[np.float64]:
    """Return the probability of each class, (n, n_classes), by a fitted classifier on a backbone."""
    inputs = model.pretrained.prepared(X)
    net = model.network_
    if isinstance(net, Network):
        columns = columns_of(inputs, net.sizes[0])
        return predict_proba(net, model.scaler_.transform(columns, net.dtype), backend=model.backend)
    if isinstance(X, Prepared) and model.cache is not None and model.fit_ is not None:  # a comparison goes on
        return softmax(model.cache.logits(net, inputs, model.fit_.frozen_depth))
    found: NDArray[np.float64] = net.predict_proba(inputs)
    return found


def _check_parameters(model: Any) -> None:
    """Refuse a cache that is none."""
    if model.cache is not None and not isinstance(model.cache, FeatureCache):
        raise InvalidInput(f"cache is {shown(model.cache)}; a FeatureCache is needed, or None")


def _transferred(model: Any, examples: Examples) -> Outcome:
    """Carry out the strategy: what `carry_out` does on a network of fastmlp's own."""
    own = {name: value for name in OWN_DEFAULTS if (value := getattr(model, name)) is not None}
    seed, n_classes = int(check_random_state(model.random_state).randint(2**31 - 1)), len(model.classes_)
    trained, watched = without_watched(model, examples, n_classes, seed)
    cache, watch = FeatureCache() if model.cache is None else model.cache, None
    if watched is not None:
        asked, depth = watched.X, frozen_stages(model.strategy_, len(model.pretrained.stages))
        watch = watch_over(model, watched, lambda net: softmax(cache.logits(net, asked, depth)))
    fit = transfer_backbone(
        _with_classes(model.pretrained, model.source_classes), trained.X, trained.labels,
        strategy=model.strategy, n_classes=n_classes, sample_weight=trained.weights, cache=cache,
        rng=seed, after_epoch=after_each_epoch(model.callbacks, watch),
        **own, **{name: getattr(model, name) for name in PASSED_ON},
    )  # fmt: skip
    if fit.diverged:
        raise TrainingDiverged(
            f"{called(model.strategy)} diverged in epoch {(fit.diverged_epoch or 0) + 1}; a smaller lr may help"
        )
    return outcome_of(fit, watch)


def _with_classes(backbone: Backbone, classes: ArrayLike | None) -> Backbone:
    """Return a backbone whose own head, if it has one for so many classes, is in the order of the sorted classes."""
    if classes is None or backbone.head is None or backbone.head.size != (backbone.features + 1) * np.size(classes):
        return backbone
    columns = backbone.head.reshape(backbone.features + 1, -1)  # weights, and the bias as a last row
    return replace(backbone, head=columns[:, np.argsort(classes, kind="stable")].ravel())


def keep(model: Any, done: Outcome) -> None:
    """Let a classifier on a backbone have what came of a training."""
    fit = model.fit_ = done.fit
    model.network_, model.validation_losses_ = done.network, done.validation_losses
    model.loss_curve_, model.n_iter_ = fit.losses.tolist(), len(fit.losses)
    model.n_parameters_trained_, model.n_steps_ = fit.parameters_trained, fit.steps


def _fit_baseline(model: Any, inputs: Prepared, labels: Ints, weights: NDArray[np.float64] | None) -> None:
    """Fit logistic regression on what the inputs are without the backbone, as a network without a hidden layer."""
    columns = columns_of(inputs)
    scaler = scaler_of_columns(columns, weights, are_counts=_are_tokens(inputs))
    regression = fit_baseline(
        scaler.transform(columns), labels, C=in_range("C", model.C, above=0), sample_weight=weights
    )
    theta = np.concatenate([regression.coef_.T.ravel(), regression.intercept_]).astype(np.float64)
    model.network_, model.scaler_ = Network((columns.shape[1], len(regression.coef_)), theta), scaler
    model.fit_, model.loss_curve_, model.validation_losses_ = None, [], None
    model.n_iter_ = model.n_steps_ = int(regression.n_iter_.max())
    model.n_parameters_trained_ = theta.size


def columns_of(inputs: Prepared, width: int | None = None) -> NDArray[np.float64]:
    """Return prepared inputs as columns, without any pretrained network: the inputs of the baseline.

    Parameters
    ----------
    inputs
        Pictures, tokens or other tensors.
    width
        Tokens that the baseline knows; without it, those that the data set holds.

    Returns
    -------
    (n, columns): how often each token occurs in a text, at length one; or the numbers of a picture, averaged to at most
    `SIDE` pixels a side.
    """
    values = inputs.tensors
    if _are_tokens(inputs):
        ids, mask = (part.numpy() for part in values)
        known = width or int(inputs.values[0].max()) + 1
        counts = np.zeros((len(ids), known))
        np.add.at(counts, (np.arange(len(ids))[:, np.newaxis], np.minimum(ids, known - 1)), mask * (ids < known))
        return np.asarray(normalize(counts))
    if values.ndim == 4 and max(values.shape[2:]) > SIDE:
        values = import_torch().nn.functional.adaptive_avg_pool2d(values, SIDE)
    found: NDArray[np.float64] = values.flatten(1).numpy().astype(np.float64)
    return found


def scaler_of_columns(columns: NDArray[np.float64], weights: NDArray[np.float64] | None, *, are_counts: bool) -> Scaler:
    """Return the scaler of the baseline: standardisation or, of counts of tokens, their inverse document frequency."""
    if not are_counts:
        return Scaler.fit(columns, one_unit=True, sample_weight=weights)
    inverse = np.log((1 + len(columns)) / (1 + (columns > 0).sum(axis=0))) + 1
    return Scaler(np.zeros_like(inverse), 1 / inverse)


def _are_tokens(inputs: Prepared) -> bool:
    """Whether inputs are ids of tokens and their mask."""
    return isinstance(inputs.values, tuple)

"""What an estimator is given to start from: a network of any origin, and the scaler and the classes that go with it."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from ..errors import InvalidInput, ShapeError, shown
from ..interchange import from_sklearn, from_torch
from ..network import Network
from ..problems import Pretrained, Scaler
from ..training import Fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


# Scikit-learn's scalers that are a difference and a quotient, and where they keep what is subtracted and the divisor
SCALERS = {
    "StandardScaler": ("mean_", "scale_"),
    "RobustScaler": ("center_", "scale_"),
    "MaxAbsScaler": ("center_", "scale_"),  # it has no centre
    "MinMaxScaler": ("min_", "scale_"),
}


class Source(NamedTuple):
    """A pretrained network and what is known of its training.

    Attributes
    ----------
    network
        The network; its outputs are in the order of the sorted classes, if these are known.
    scaler
        Through which it saw its inputs; None if it saw them as they are.
    classes : (n_classes,)
        The labels that its outputs stand for, sorted; None if they are not known.
    """

    network: Network
    scaler: Scaler | None = None
    classes: NDArray[Any] | None = None


class KeepsPretrained(BaseEstimator):
    """An estimator whose parameters are fitted already, so that a clone shares them.

    scikit-learn clones the parameters of an estimator too, and the clone of a fitted network is one that is not fitted.
    """

    _KEPT: tuple[str, ...] = ("pretrained", "source_scaler", "cache")

    def __sklearn_clone__(self) -> KeepsPretrained:
        kept = {name: getattr(self, name) for name in self._KEPT if hasattr(self, name)}
        bare = copy(self)
        bare.__dict__.update(dict.fromkeys(kept))
        clone: KeepsPretrained = super(KeepsPretrained, bare).__sklearn_clone__()
        clone.__dict__.update(kept)
        return clone


def source_of(pretrained: Any, source_scaler: Any, source_classes: ArrayLike | None) -> Source | None:
    """Return what the parameters of an estimator say of its source; None if there is none.

    Parameters
    ----------
    pretrained, source_scaler, source_classes
        As in `TransferClassifier`.

    Raises
    ------
    InvalidInput, ShapeError
        If they are of no known kind, or do not fit together.
    """
    if pretrained is None:
        return None
    source = _convert(pretrained)
    if source_scaler is not None:
        source = source._replace(scaler=scaler_of(source_scaler))
    if source.scaler is not None and source.scaler.mean.shape != (source.network.sizes[0],):
        raise ShapeError(
            f"source_scaler is of {len(source.scaler.mean)} features; the pretrained network of sizes "
            f"{source.network.sizes} has {source.network.sizes[0]}"
        )
    return source if source_classes is None else _with_classes(source, np.asarray(source_classes))


def _convert(pretrained: Any) -> Source:
    """Return a network of any origin: the one place that knows of other people's."""
    if isinstance(pretrained, FrozenEstimator):
        return _convert(pretrained.estimator)
    if (best := getattr(pretrained, "best_estimator_", None)) is not None:  # of a search, or a selector
        return _convert(best)
    if isinstance(getattr(pretrained, "steps", None), list):  # a `Fit` has steps too, and counts them
        return _convert_pipeline(pretrained.steps)
    source = _of_ours(pretrained) or _of_others(pretrained)
    if source is None:
        raise InvalidInput(
            f"pretrained is {shown(pretrained)}; a Network, a Fit, a fitted classifier or a module of PyTorch is "
            "needed, or None for a strategy that starts at random"
        )
    return source


def _of_ours(pretrained: Any) -> Source | None:
    if isinstance(pretrained, Network):
        return Source(pretrained)
    if isinstance(pretrained, Fit):
        return Source(pretrained.network)
    if isinstance(pretrained, Pretrained):
        return Source(pretrained.network, pretrained.scaler, pretrained.classes)
    if isinstance(network := getattr(pretrained, "network_", None), Network):
        return Source(network, pretrained.scaler_, pretrained.classes_)
    return None


def _of_others(pretrained: Any) -> Source | None:
    if hasattr(pretrained, "coefs_") or hasattr(pretrained, "coef_"):
        return Source(from_sklearn(pretrained), None, getattr(pretrained, "classes_", None))
    if any(base.__module__.partition(".")[0] == "torch" for base in type(pretrained).__mro__):
        return Source(from_torch(pretrained))
    return None


def _convert_pipeline(steps: Sequence[tuple[str, Any]]) -> Source:
    """Return the network at the end of a pipeline, with the scaler before it."""
    *before, (_, last) = steps
    source = _convert(last)
    if not before:
        return source
    if len(before) > 1 or source.scaler is not None:
        names = ", ".join(name for name, _ in steps)
        raise InvalidInput(f"pretrained is a pipeline of {names}; one scaler and a network are needed")
    return source._replace(scaler=scaler_of(before[0][1]))


def _with_classes(source: Source, classes: NDArray[Any]) -> Source:
    """Return a source with its classes, sorted, and the head in their order."""
    net = source.network
    if len(np.unique(classes)) != len(classes) or classes.shape != (net.n_classes,):
        raise InvalidInput(
            f"source_classes is {shown(classes.tolist())}; the pretrained network tells {net.n_classes} classes apart, "
            "and each needs one label of its own"
        )
    order = np.argsort(classes, kind="stable")
    head = replace(net, theta=net.theta.copy())
    if net.sizes[-1] == 1:  # one logit: of the second class against the first
        sign = 1 if order[0] == 0 else -1
        head.weights[-1][:] *= sign
        head.biases[-1][:] *= sign
    else:
        head.weights[-1][:] = net.weights[-1][:, order]
        head.biases[-1][:] = net.biases[-1][order]
    return source._replace(network=head, classes=classes[order])


def scaler_of(given: Any) -> Scaler:
    """Return the scaler that a parameter stands for.

    Parameters
    ----------
    given
        A `Scaler`, a fitted scaler of scikit-learn's that subtracts and divides (`StandardScaler`, `RobustScaler`,
        `MinMaxScaler`, `MaxAbsScaler`), or a pair of means and scales.

    Raises
    ------
    InvalidInput, ShapeError
        If it is none of these, or not fitted.
    """
    if isinstance(given, Scaler):
        return given
    if hasattr(given, "transform"):
        return _scaler_of_sklearn(given)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InvalidInput(f"source_scaler is {shown(given)}; a fitted scaler or a pair of means and scales is needed")
    mean, scale = (np.asarray(part, dtype=np.float64) for part in given)
    if mean.ndim != 1 or mean.shape != scale.shape:
        raise ShapeError(f"source_scaler has means {mean.shape} and scales {scale.shape}; both must be (features,)")
    if not (np.isfinite(mean).all() and (scale > 0).all()):
        raise InvalidInput("source_scaler must have finite means, and scales above 0")
    return Scaler(mean, scale)


def _scaler_of_sklearn(given: Any) -> Scaler:
    """Return a fitted scaler of scikit-learn's: any whose transform is x -> (x - mean) / scale."""
    name, n_features = type(given).__name__, getattr(given, "n_features_in_", None)
    if name not in SCALERS or getattr(given, "clip", False):
        raise InvalidInput(f"source_scaler is {shown(given)}; known: {', '.join(SCALERS)}, without clipping")
    if n_features is None:
        raise InvalidInput(f"source_scaler is a {name} that is not fitted; fit it on the inputs of the source")
    if name == "MinMaxScaler":  # it multiplies and adds
        return Scaler(-given.min_ / given.scale_, 1 / given.scale_)
    mean, scale = (getattr(given, attribute, None) for attribute in SCALERS[name])
    if not getattr(given, "with_mean", True):  # the mean of a StandardScaler is there all the same
        mean = None
    return Scaler(
        np.zeros(n_features) if mean is None else np.asarray(mean, np.float64),
        np.ones(n_features) if scale is None else np.asarray(scale, np.float64),
    )

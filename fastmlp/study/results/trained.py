"""A model that was trained as the trials of a study are, to be taken away: its scaler goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ...errors import CheckpointError, shown
from ...inputs import check_inputs
from ...network import Network, predict_proba
from ...problems import Scaler, are_numbers
from ...state import State, labels_from_json, labels_to_json
from ...training import Fit
from ..execution.blas_threads import blas_threads_limited
from ..settings.schema import Settings
from ..trial.backbone import BackboneContext
from ..trial.model import Model
from ..trial.run import context_of
from ..trial.training import train, tune

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ...estimators.transfer_classifier import TransferClassifier

NEVER = -1e9  # a logit: its class has no probability, and the number is finite


@dataclass(frozen=True, eq=False)
class Trained:
    """A model of a study, for inputs as they are in the study's data: it scales them itself. `fastmlp.save` saves it.

    Parameters
    ----------
    problem, strategy, seed
        Which.
    n_target
        The number of labelled examples that it was trained on.
    scaler
        What inputs go through.
    network
        The network, which sees scaled inputs. The baseline, a logistic regression, is one without a hidden layer.
    fit
        The training; None for the baseline, and for a model that was loaded.
    classes, features
        What the user calls the classes and the features: () and None if they are called by their numbers.
    """

    problem: str
    strategy: str
    n_target: int
    seed: int
    scaler: Scaler = field(repr=False)
    network: Network = field(repr=False)
    fit: Fit | None = field(default=None, repr=False)
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, (n_classes,), as `predict` calls them."""
        return np.array(self.classes) if self.classes else np.arange(self.network.n_classes)

    @property
    def n_features_in_(self) -> int:
        """Number of features."""
        return len(self.scaler.mean)

    @property
    def feature_names_in_(self) -> NDArray[Any] | None:
        """The names of the features, (n_features_in_,); None if they have none."""
        return None if self.features is None else np.array(self.features, dtype=object)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class, (n, n_classes), for inputs (n, features) that are not scaled.

        Raises
        ------
        ShapeError, NotFiniteError, InvalidInput
            If they are no such inputs.
        """
        inputs = check_inputs(X, len(self.scaler.mean), "float64")
        return predict_proba(self.network, self.scaler.transform(inputs, self.network.dtype))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class of each input, by its name or its number; it raises what `predict_proba` does."""
        likeliest: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return likeliest

    def to_state(self) -> State:
        """Return what a file holds of it."""
        fields = {name: getattr(self, name) for name in ("problem", "strategy", "n_target", "seed")}
        fields["classes"] = labels_to_json(self.classes_) if self.classes else None
        fields["feature_names"] = None if self.features is None else list(self.features)
        state = State(fields, {}).with_part("scaler", self.scaler.to_state())
        return state.with_part("network", self.network.to_state())

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the model that `to_state` was asked of, but for the training's history.

        Raises
        ------
        CheckpointError
            If the state is that of no such model.
        """
        scaler, network = Scaler.from_state(state.part("scaler")), Network.from_state(state.part("network"))
        known, names = state.field("classes", dict[str, Any] | None), state.field("feature_names", list[str] | None)
        classes: tuple[str, ...] = () if known is None else tuple(map(str, labels_from_json(known).tolist()))
        if len(scaler.mean) != network.sizes[0]:
            raise CheckpointError(f"the scaler has {len(scaler.mean)} features, the network {network.sizes[0]}")
        if len(classes) not in {0, network.n_classes} or (names is not None and len(names) != network.sizes[0]):
            raise CheckpointError(
                f"classes {shown(classes)} and features {shown(names)} are not those of {network.sizes}"
            )
        return cls(
            state.field("problem", str),
            state.field("strategy", str),
            state.field("n_target", int),
            state.field("seed", int),
            scaler,
            network,
            classes=classes,
            features=None if names is None else tuple(names),
        )


def train_again(
    settings: Settings, backend: str, problem: str, strategy: str, n_target: int | None, seed: int
) -> Trained | TransferClassifier:
    """Train as a trial does; with no number of labels, on every labelled example of the target, held-out ones too."""
    context = context_of(settings.problem(problem, seed), seed, settings, backend)
    if isinstance(context, BackboneContext):
        from .on_backbone import train_on_backbone  # imports scikit-learn

        return train_on_backbone(context, strategy, n_target)
    split, how = context.split, settings.strategy(strategy)
    rows = np.arange(len(context.problem.target.y)) if n_target is None else split.subset(n_target)
    source = context.source(n_target)
    with blas_threads_limited():  # as in a study, so that the bits are the same
        candidate, _ = tune(context, how, source, rows)
        model = train(context, how, source, rows, candidate, accuracies=settings.measures.inside)
    network = _linear(model) if model.fit is None else model.fit.network
    target = context.problem.target
    names = () if are_numbers(target.classes) else target.classes, target.features
    return Trained(problem, strategy, len(rows), seed, model.scaler, network, model.fit, *names)


def _linear(model: Model) -> Network:
    """Return the baseline as a network without a hidden layer: its logits are linear in the scaled inputs."""
    n_features = len(model.scaler.mean)
    bias = model.logits(np.zeros((1, n_features)))
    weights = model.logits(np.eye(n_features)) - np.where(np.isfinite(bias), bias, 0.0)
    possible = np.isfinite(bias[0])  # a class without training examples has minus infinity
    theta = [np.where(possible, weights, 0.0).ravel(), np.where(possible, bias[0], NEVER)]
    return Network((n_features, len(possible)), np.concatenate(theta))

"""Estimators of transfer as states, which `fastmlp.save` writes and `fastmlp.load` reads."""

from __future__ import annotations

from dataclasses import asdict, replace
from math import isnan
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..backbones import Backbone, BackboneNetwork
from ..errors import CheckpointError, shown
from ..network import Network
from ..problems import Scaler
from ..state import State, labels_from_json, labels_to_json
from ..strategies import Strategy, read_strategy
from .columns import Columns
from .stored_backbone import stages_of_state, state_of_stages

# What is of a kind that files do not hold, or belongs to the fit alone, is None in a model that was loaded.
PLAIN = (str, int, float, bool, type(None))


def parameters_of(model: Any) -> dict[str, Any]:
    """Return the parameters of an estimator that JSON holds; None in place of the others."""
    given = model.get_params(deep=False)
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in given.items()}
    return {name: _plain(value) for name, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Strategy):
        return asdict(value)
    if isinstance(value, tuple | list):
        return list(value) if all(isinstance(part, PLAIN) for part in value) else None
    return value if isinstance(value, PLAIN) else None


def with_parameters(kind: type[Any], state: State) -> Any:
    """Return an estimator of a class that is not fitted, with the parameters of a state.

    Raises
    ------
    CheckpointError
        If they are not those of the class.
    """
    parameters = state.field("parameters", dict[str, Any])
    model = kind()
    if sorted(parameters) != sorted(model.get_params(deep=False)):
        raise CheckpointError(f"the parameters are {shown(sorted(parameters))}; they are not those of {kind.__name__}")
    if isinstance(parameters.get("strategy"), dict):
        parameters["strategy"] = _strategy(parameters["strategy"])
    if isinstance(parameters.get("hidden_layer_sizes"), list):
        parameters["hidden_layer_sizes"] = tuple(parameters["hidden_layer_sizes"])
    return model.set_params(**parameters)


def _strategy(document: dict[str, Any]) -> Strategy:
    """Return a strategy as it was written, a baseline among them: it has no start, and nobody can describe another."""
    if document.get("start", "") is not None:
        return read_strategy(document)
    network = read_strategy({**document, "start": "random", "phases": [{}]})
    return replace(network, start=None, phases=())


def names_of(model: Any) -> list[str] | None:
    """Return the names of the features that a model was fitted with, if they had any."""
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def state_of_classifier(model: Any) -> State:
    """Return what a file holds of a fitted `TransferClassifier`."""
    check_is_fitted(model)
    state = State(
        {
            "parameters": parameters_of(model),
            "strategy": asdict(model.strategy_),
            "classes": labels_to_json(model.classes_),
            "feature_names": names_of(model),
            "iterations": [model.n_iter_, model.n_steps_, model.n_parameters_trained_],
            "losses": model.loss_curve_,
            "validation_losses": model.validation_losses_,
            "scaler": None,
        },
        {} if model.fill_ is None else {"fill": model.fill_},
    )
    if model.scaler_ is not None:
        state = state.with_part("scaler", model.scaler_.to_state())
    if isinstance(model.network_, Network):
        state = state.with_part("network", model.network_.to_state())
    if not isinstance(model.pretrained, Backbone):
        return state
    net = model.network_ if isinstance(model.network_, BackboneNetwork) else model.pretrained.network(1, 1)
    return state.with_part("backbone", state_of_stages(net, model.pretrained))


def classifier_of(kind: type[Any], state: State, backbone: Backbone | None = None) -> Any:
    """Return the classifier that `state_of_classifier` was asked of; its training, `fit_`, is None.

    Parameters
    ----------
    kind
        The class.
    state
        Of the classifier.
    backbone
        What it stands on, if that is a backbone; None if the state says how it is loaded.

    Raises
    ------
    CheckpointError
        If the state is that of no classifier.
    """
    model: Any = with_parameters(kind, state)
    model.strategy_ = _strategy(state.field("strategy", dict[str, Any]))
    model.classes_ = labels_from_json(state.field("classes", Any))
    on_backbone = state.has_part("backbone")
    if on_backbone:
        model.pretrained, model.network_ = stages_of_state(state.part("backbone"), backbone)
    elif backbone is not None:
        raise CheckpointError(f"it holds a {kind.__name__} that stands on no backbone")
    if state.has_part("network"):
        model.network_ = Network.from_state(state.part("network"))
    model.scaler_ = Scaler.from_state(state.part("scaler")) if state.has_part("scaler") else None
    fills = model.missing == "mean" and not on_backbone
    model.fill_ = state.array("fill", (model.network_.sizes[0],), "float64") if fills else None
    model.loss_curve_ = state.field("losses", list[float])
    model.validation_losses_ = state.field("validation_losses", list[float] | None)
    model.n_iter_, model.n_steps_, model.n_parameters_trained_ = state.field("iterations", tuple[int, int, int])
    model.fit_ = None
    if on_backbone:
        _check_classes(model, f"a head for {model.network_.n_classes}")
        return model
    model.n_features_in_ = model.network_.sizes[0]
    names = state.field("feature_names", list[str] | None)
    if names is not None:
        model.feature_names_in_ = np.array(names, dtype=object)
    _check_agreement(model, names)
    return model


def _check_agreement(model: Any, names: list[str] | None) -> None:
    """Refuse parts that do not belong together."""
    net, wide = model.network_, model.n_features_in_
    _check_classes(model, f"a network of sizes {net.sizes}")
    for what, length in (
        ("scaler is of", None if model.scaler_ is None else len(model.scaler_.mean)),
        ("names are those of", None if names is None else len(names)),
    ):
        if length not in {None, wide}:
            raise CheckpointError(f"the {what} {length} features, and the network of sizes {net.sizes} takes {wide}")


def _check_classes(model: Any, network: str) -> None:
    if model.network_.n_classes != len(model.classes_):
        raise CheckpointError(f"there are {len(model.classes_)} classes, and {network}")


def state_of_selector(model: Any) -> State:
    """Return what a file holds of a fitted `TransferSelectorCV`."""
    check_is_fitted(model)
    fields = {
        "parameters": parameters_of(model),
        "best_strategy": model.best_strategy_,
        "contenders": model.contenders_,
        "folds": model.n_splits_,
        "verdicts": dict(model.verdicts_),
        "strategies": model.cv_results_["strategy"],
        "cv_results": {name: _listed(column) for name, column in model.cv_results_.items() if name != "strategy"},
    }
    return State(fields, {}).with_part("best", model.best_estimator_.to_state())


def _listed(column: Any) -> list[Any]:
    """Return a column as JSON holds it: None where a training diverged."""
    return [None if isinstance(value, float) and isnan(value) else value for value in np.asarray(column).tolist()]


def selector_of(kind: type[Any], best: type[Any], state: State, backbone: Backbone | None = None) -> Any:
    """Return the selector that `state_of_selector` was asked of.

    Raises
    ------
    CheckpointError
        If the state is that of no selector.
    """
    model: Any = with_parameters(kind, state)
    model.best_estimator_ = best.from_state(state.part("best"), backbone)
    model.best_strategy_, model.contenders_ = state.field("best_strategy", str), state.field("contenders", list[str])
    model.n_splits_ = state.field("folds", int)
    model.verdicts_ = Columns(state.field("verdicts", dict[str, list[str | int | float | None]]))
    names = state.field("strategies", list[str])
    numbers = state.field("cv_results", dict[str, list[int | float | None]])
    told = {"mean_test_score"} <= set(numbers) and {len(column) for column in numbers.values()} == {len(names)}
    if model.best_strategy_ not in names or not told:
        raise CheckpointError(f"cv_results does not tell of {model.best_strategy_!r} in columns of one length")
    if len({len(column) for column in model.verdicts_.values()}) > 1:
        raise CheckpointError("the columns of the verdicts are not of one length")
    columns = {name: [np.nan if value is None else value for value in column] for name, column in numbers.items()}
    model.cv_results_ = {"strategy": names, **{name: np.array(column) for name, column in columns.items()}}
    model.best_score_ = float(model.cv_results_["mean_test_score"][names.index(model.best_strategy_)])
    model.classes_ = model.best_estimator_.classes_
    for name in ("n_features_in_", "feature_names_in_"):  # a backbone's have none
        if hasattr(model.best_estimator_, name):
            setattr(model, name, getattr(model.best_estimator_, name))
    return model

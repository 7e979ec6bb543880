"""`MLPClassifier` and `MLPRegressor` as states, which `fastmlp.save` writes and `fastmlp.load` reads.

Kept is what was asked for, what was learnt, and how it went. Not kept are a generator that was given as `random_state`,
in whose place None is, and the moments of the optimizer, with which `partial_fit` goes on: a loaded one begins anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..errors import CheckpointError, shown
from ..network import BY_LAYER, Network
from ..state import State, labels_from_json, labels_to_json
from .classes import Classes
from .parameters import Parameters

PLAIN = (bool, int, float, str)
# What tells how a fit went, where the model has it
HISTORY: dict[str, Any] = {
    "n_iter_": int,
    "t_": int,
    "loss_": float,
    "best_loss_": float | None,
    "best_validation_score_": float | None,
    "loss_curve_": list[float],
    "validation_scores_": list[float] | None,
    "_no_improvement_count": int,
}


def state_of(model: Any, net: Network) -> State:
    """Return what a file holds of a fitted estimator whose parameters are those of a network."""
    check_is_fitted(model)
    known: Classes | None = getattr(model, "_classes", None)
    names = getattr(model, "feature_names_in_", None)
    fields = {
        "parameters": {name: _plain(value) for name, value in model.get_params().items()},
        "feature_names": None if names is None else list(map(str, names)),
        "classes": known and labels_to_json(known.names),
        "are_labels": known is not None and known.are_labels,
        "history": {name: _plain(getattr(model, name)) for name in HISTORY if hasattr(model, name)},
    }
    return State(fields, {}).with_part("network", net.to_state())


def restored(model: Any, state: State) -> Any:
    """Return a new estimator after it has become the one that a state is of.

    Raises
    ------
    CheckpointError, InvalidInput
        If the state is that of no such estimator.
    """
    _restore_parameters(model, state)
    net = Network.from_state(state.part("network"))
    _restore_classes(model, state)
    if any(getattr(net, name) for name in BY_LAYER):
        raise CheckpointError(f"the network normalises or drops between its layers; no {type(model).__name__} does")
    if net.activation != model.activation or (hasattr(model, "classes_") and model._classes.n_outputs != net.sizes[-1]):  # noqa: SLF001
        raise CheckpointError(f"the network of sizes {net.sizes} does not fit the parameters or the classes")
    names = state.field("feature_names", list[str] | None)
    if names is not None:
        if len(names) != net.sizes[0]:
            raise CheckpointError(f"there are {len(names)} names of features; the network has {net.sizes[0]} inputs")
        model.feature_names_in_ = np.array(names, dtype=object)
    model.coefs_, model.intercepts_ = net.weights, net.biases
    model.n_features_in_, model.n_outputs_, model.n_layers_ = net.sizes[0], net.sizes[-1], len(net.sizes)
    history = State(state.field("history", dict[str, Any]), {})
    for name in HISTORY.keys() & history.fields.keys():
        setattr(model, name, history.field(name, HISTORY[name]))
    model._best = None  # noqa: SLF001  what early stopping kept is the network itself
    return model


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; None in place of what it does not hold, such as a generator."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(part) for part in value]
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return value if isinstance(value, PLAIN) else None


def _restore_parameters(model: Any, state: State) -> None:
    """Give a new estimator its parameters, as checked as those of any fit."""
    given = state.field("parameters", dict[str, Any])
    if given.keys() != model.get_params().keys():
        raise CheckpointError(
            f"the parameters are {shown(sorted(given))}; they are not those of {type(model).__name__}"
        )
    read = {name: math.inf if value == "inf" else value for name, value in given.items()}
    if isinstance(read["hidden_layer_sizes"], list):
        read["hidden_layer_sizes"] = tuple(read["hidden_layer_sizes"])
    model.set_params(**read)
    Parameters.of(model)


def _restore_classes(model: Any, state: State) -> None:
    """Give a classifier its classes; see that a regressor has none."""
    document = state.field("classes", Any)
    if (document is not None) != hasattr(type(model), "predict_proba"):
        raise CheckpointError(f"the classes are {shown(document)}, and the model is a {type(model).__name__}")
    if document is not None:
        known = Classes(labels_from_json(document), state.field("are_labels", bool))
        model._classes, model.classes_ = known, known.names  # noqa: SLF001

"""Networks of scikit-learn, in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import true_or_false
from ..errors import InvalidInput, LabelError, ShapeError, shown
from ..inputs import as_array
from ..network import Network, check_network
from .chain import Activation, Linear, network_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..layout import Floats

IN_SKLEARN = ("relu", "tanh", "logistic", "identity")  # names are the same


def from_sklearn(model: Any) -> Network:
    """Return the network of a fitted model of scikit-learn.

    Parameters
    ----------
    model
        An ``MLPClassifier``, an ``MLPRegressor``, or a linear model with ``coef_`` and ``intercept_``. Class k of the
        network is ``model.classes_[k]``; its outputs come before softmax or the logistic function. A classifier of two
        classes has one logit.

    Raises
    ------
    InvalidInput
        If it is another model, or is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = np.random.default_rng(0).normal(size=(60, 4)), np.repeat(["ant", "bee", "cat"], 20)
    >>> model = MLPClassifier((8,), tol=0.01, random_state=0).fit(X, y)
    >>> net = from_sklearn(model)
    >>> net.sizes
    (4, 8, 3)
    >>> from fastmlp import predict
    >>> bool((model.classes_[predict(net, X, backend="numpy")] == model.predict(X)).all())
    True
    """
    if hasattr(model, "coefs_") and hasattr(model, "intercepts_"):
        pairs, activation = list(zip(model.coefs_, model.intercepts_, strict=True)), str(model.activation)
    elif hasattr(model, "coef_") and hasattr(model, "intercept_"):
        coefficients = np.atleast_2d(np.asarray(model.coef_))
        pairs = [(coefficients.T, np.broadcast_to(model.intercept_, len(coefficients)))]
        activation = "identity"
    else:
        raise InvalidInput(
            f"model is {shown(model)}; a fitted MLPClassifier or MLPRegressor of scikit-learn, or a linear model with "
            "coef_ and intercept_ is needed; of a pipeline, its last step"
        )
    dtype = "float32" if all(weight.dtype == "float32" for weight, _ in pairs) else "float64"
    steps: list[Linear | Activation] = []
    for layer, (weight, bias) in enumerate(pairs):
        steps.append(Linear(f"layer {layer}", np.asarray(weight, dtype), np.asarray(bias, dtype)))
        if layer < len(pairs) - 1 and activation != "identity":
            steps.append(Activation(f"layer {layer}", activation))
    return network_of(steps, f"the {type(model).__name__}")


def to_sklearn(net: Network, *, classes: ArrayLike | None = None, regressor: bool = False) -> Any:
    """Return a fitted model of scikit-learn that predicts what a network does; its trainings have no dropout.

    Parameters
    ----------
    net
        The network.
    classes : (n_classes,)
        What the model is to call them, in the network's order; 0, 1, 2 and so on if nothing is said. The model sorts
        them, as scikit-learn does. Two logits become the one that scikit-learn has for two classes.
    regressor
        Whether outputs are numbers, for an ``MLPRegressor``, and not logits of classes.

    Returns
    -------
    An ``MLPClassifier`` or ``MLPRegressor`` for predictions. Trained on, it starts anew as any other does, unless its
    ``warm_start`` is set.

    Raises
    ------
    InvalidInput, LabelError, ShapeError
        If scikit-learn has no such activation, or the classes do not fit the network.
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    check_network(net)
    if net.activation not in IN_SKLEARN:
        raise InvalidInput(
            f"net cannot be translated: scikit-learn has no activation {net.activation}; it has {', '.join(IN_SKLEARN)}"
        )
    if net.norms or net.inner_norms:
        raise InvalidInput("net cannot be translated: its layers normalise rows (LayerNorm), and scikit-learn's do not")
    weights, biases = [weight.copy() for weight in net.weights], [bias.copy() for bias in net.biases]
    if true_or_false("regressor", regressor):
        if classes is not None:
            raise InvalidInput(f"classes are {shown(classes)}; a regressor has none")
        model, output = MLPRegressor(hidden_layer_sizes=net.sizes[1:-1], activation=net.activation), "identity"
    else:
        model, output = MLPClassifier(hidden_layer_sizes=net.sizes[1:-1], activation=net.activation), "softmax"
        order = _name_classes(model, net, classes)
        if net.n_classes == 2:
            output = "logistic"
            _one_logit(weights, biases, order)
        else:
            weights[-1], biases[-1] = weights[-1][:, order], biases[-1][order]
    model.coefs_, model.intercepts_ = weights, biases
    model.n_features_in_, model.n_outputs_, model.n_layers_ = net.sizes[0], len(biases[-1]), len(net.sizes)
    model.out_activation_, model.n_iter_, model.t_ = output, 0, 0
    return model


def _name_classes(model: Any, net: Network, classes: ArrayLike | None) -> Any:
    """Give a classifier its classes, sorted; return which of the network's each is."""
    from sklearn.preprocessing import LabelBinarizer

    names = np.arange(net.n_classes) if classes is None else as_array("classes", classes)
    if names.shape != (net.n_classes,):
        raise ShapeError(f"classes have shape {names.shape}; the network has {net.n_classes} classes")
    known, order = np.unique(names, return_index=True)
    if len(known) < len(names):
        raise LabelError(f"classes are {shown(names.tolist())}; each must have a name of its own")
    model.classes_, model._label_binarizer = known, LabelBinarizer().fit(known)  # noqa: SLF001  predictions need it
    return order


def _one_logit(weights: list[Floats], biases: list[Floats], order: Any) -> None:
    """Make one logit of a head for two classes, in place: that of the second name."""
    first, second = order.tolist()
    if len(biases[-1]) == 1:
        sign = second - first
        weights[-1], biases[-1] = sign * weights[-1], sign * biases[-1]
    else:
        weights[-1] = weights[-1][:, [second]] - weights[-1][:, [first]]
        biases[-1] = biases[-1][[second]] - biases[-1][[first]]

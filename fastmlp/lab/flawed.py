"""What wrong solutions compute: a check compares a student's numbers with these to name the mistake.

Each function takes the name of a flaw, and is right without one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parameters import Values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FORWARD = (
    "forward_softmax",
    "forward_argmax",
    "forward_no_relu",
    "forward_relu_on_logits",
    "forward_no_b1",
    "forward_no_b2",
    "forward_no_bias",
    "forward_sigmoid",
    "forward_tanh",
    "forward_relu_wrong_side",
    "forward_relu_of_input",
    "forward_batch_scaled",
    "forward_bias_outside_relu",
    "forward_log_probabilities",
    "forward_leaky",
)
LOSS = (
    "loss_summed",
    "loss_sign",
    "loss_halved_squares",
    "loss_label_up",
    "loss_label_down",
    "loss_softmax_twice",
    "loss_log2",
    "loss_over_classes",
    "loss_binary",
    "loss_over_batch",
    "loss_no_logarithm",
)
GRADIENT = (
    "gradient_not_divided",
    "gradient_divided_twice",
    "gradient_sign",
    "gradient_no_b1",
    "gradient_no_b2",
    "gradient_no_bias",
    "gradient_bias_mean",
    "gradient_bias_summed",
    "gradient_hidden_summed",
    "gradient_over_classes",
    "gradient_mask_wrong_side",
    "gradient_no_mask",
    "gradient_mask_of_gradient",
    "gradient_no_label",
    "gradient_label_up",
    "gradient_label_down",
    "gradient_probability_slope",
    "gradient_of_squares",
    "gradient_before_relu",
    "gradient_head_only",
)


def softmax(z: Floats) -> Floats:
    """Return probabilities, (n, classes)."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: Floats = e / e.sum(axis=1, keepdims=True)
    return result


def logits(p: Values, X: Floats, flaw: str = "") -> Floats:
    """Return what a forward pass gives with a flaw of `FORWARD`."""
    b1 = 0 if flaw in {"forward_no_b1", "forward_no_bias"} else p["b1"]
    b2 = 0 if flaw in {"forward_no_b2", "forward_no_bias"} else p["b2"]
    if flaw == "forward_batch_scaled":
        spread = X.std(axis=0)
        X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    if flaw == "forward_relu_of_input":
        X = np.maximum(X, 0)
    z = X @ p["W1"] + b1
    hidden = {
        "forward_no_relu": z,
        "forward_relu_of_input": z,
        "forward_sigmoid": 1 / (1 + np.exp(-z)),
        "forward_tanh": np.tanh(z),
        "forward_relu_wrong_side": np.minimum(z, 0),
        "forward_bias_outside_relu": np.maximum(X @ p["W1"], 0) + b1,
        "forward_leaky": np.where(z > 0, z, 0.01 * z),
    }.get(flaw, np.maximum(z, 0))
    out: Floats = hidden @ p["W2"] + b2
    if flaw == "forward_softmax":
        return softmax(out)
    if flaw == "forward_log_probabilities":
        return np.asarray(np.log(softmax(out)))
    if flaw == "forward_argmax":
        return np.asarray(out.argmax(axis=1), dtype=np.float64)
    return np.clip(out, 0, None) if flaw == "forward_relu_on_logits" else out


def loss(p: Values, X: Floats, y: Ints, flaw: str = "") -> float:
    """Return the mean cross-entropy, or what a flaw of `LOSS` makes of it."""
    z, n = logits(p, X), len(y)
    if flaw == "loss_softmax_twice":
        z = softmax(z)
    n_classes = z.shape[1]
    labels = (y + {"loss_label_up": 1, "loss_label_down": -1}.get(flaw, 0)) % n_classes
    if flaw == "loss_halved_squares":
        return float(((softmax(z) - np.eye(n_classes)[labels]) ** 2).mean())
    if flaw == "loss_binary":
        wrong = np.eye(n_classes)[labels] == 0
        return float(-np.log(np.where(wrong, 1 - softmax(z), softmax(z))).sum() / n)
    over_batch = softmax((z - z.max(axis=1, keepdims=True)).T).T
    right = (over_batch if flaw == "loss_over_batch" else softmax(z))[np.arange(n), labels]
    each = -right if flaw == "loss_no_logarithm" else -np.log(right)
    factor = {"loss_summed": n, "loss_sign": -1, "loss_log2": 1 / np.log(2), "loss_over_classes": 1 / n_classes}
    return float(each.mean() * factor.get(flaw, 1))


def gradient(p: Values, X: Floats, y: Ints, flaw: str = "") -> Values:
    """Return the gradient of the mean cross-entropy, or what a flaw of `GRADIENT` makes of it."""
    n = len(y)
    z1 = X @ p["W1"] + p["b1"]
    hidden = np.maximum(z1, 0)
    probabilities = softmax(hidden @ p["W2"] + p["b2"])
    n_classes = probabilities.shape[1]
    labels = (y + {"gradient_label_up": 1, "gradient_label_down": -1}.get(flaw, 0)) % n_classes
    dz = probabilities - (0 if flaw == "gradient_no_label" else np.eye(n_classes)[labels])
    if flaw == "gradient_of_squares":
        dz = 2 * dz / n_classes
    if flaw == "gradient_probability_slope":
        dz = dz * probabilities * (1 - probabilities)
    divided = {"gradient_not_divided": 1, "gradient_divided_twice": n**2, "gradient_sign": -n}
    dz = dz / (divided | {"gradient_over_classes": n * n_classes}).get(flaw, n)
    dh = dz @ p["W2"].T * (n if flaw == "gradient_hidden_summed" else 1)
    mask = {
        "gradient_mask_wrong_side": z1 < 0,
        "gradient_no_mask": np.ones_like(z1),
        "gradient_mask_of_gradient": dh > 0,
    }
    d1 = np.where(mask.get(flaw, z1 > 0), dh, 0)
    seen = z1 if flaw == "gradient_before_relu" else hidden
    result = {"W1": X.T @ d1, "b1": d1.sum(axis=0), "W2": seen.T @ dz, "b2": dz.sum(axis=0)}
    if flaw == "gradient_bias_mean":
        result |= {"b1": d1.mean(axis=0), "b2": dz.mean(axis=0)}
    if flaw == "gradient_bias_summed":
        result |= {"b1": n * d1.sum(axis=0), "b2": n * dz.sum(axis=0)}
    zeroed = {"gradient_no_b1": ("b1",), "gradient_no_b2": ("b2",), "gradient_no_bias": ("b1", "b2")}
    zeroed |= {"gradient_head_only": ("W1", "b1")}
    for name in zeroed.get(flaw, ()):
        result[name] = np.zeros_like(p[name])
    return result


def finite_difference(p: Values, X: Floats, y: Ints, name: str, place: tuple[int, ...], step: float = 1e-6) -> float:
    """Return the slope of the loss in one parameter: central difference of two losses."""
    moved = {key: value.copy() for key, value in p.items()}
    moved[name][place] += step
    above = loss(moved, X, y)
    moved[name][place] -= 2 * step
    return (above - loss(moved, X, y)) / (2 * step)


TRAINING = (
    "train_no_momentum",
    "train_averaged_momentum",
    "train_uphill",
    "train_one_epoch_more",
    "train_one_epoch_less",
    "train_one_epoch",
    "train_untrained",
    "train_biases_fixed",
    "train_weights_fixed",
    "train_summed",
    "train_momentum_doubled",
    "train_nesterov",
)


def trained(p: Values, X: Floats, y: Ints, epochs: int, lr: float, momentum: float, flaw: str = "") -> Values:
    """Return parameters after updates on all examples at once, or what a flaw of `TRAINING` makes of them."""
    p = {name: value.copy() for name, value in p.items()}
    velocity = {name: np.zeros_like(value) for name, value in p.items()}
    epochs += {"train_one_epoch_more": 1, "train_one_epoch_less": -1}.get(flaw, 0)
    epochs = {"train_one_epoch": 1, "train_untrained": 0}.get(flaw, epochs)
    momentum = 0 if flaw == "train_no_momentum" else momentum
    rate = lr * {"train_uphill": -1, "train_averaged_momentum": 1 - momentum, "train_summed": len(y)}.get(flaw, 1)
    fixed = {"train_biases_fixed": "b", "train_weights_fixed": "W"}.get(flaw, "none")
    for _ in range(epochs):
        g = gradient(p, X, y)
        for name in (name for name in p if not name.startswith(fixed)):
            velocity[name] = momentum * velocity[name] - rate * g[name]
            step = momentum * velocity[name] if flaw == "train_nesterov" else velocity[name]
            p[name] += step - (rate * g[name] if flaw in {"train_momentum_doubled", "train_nesterov"} else 0)
    return p


SCALED = (
    "scaler_variance",
    "scaler_not_centred",
    "scaler_not_divided",
    "scaler_one_mean",
    "scaler_by_row",
    "scaler_to_unit_range",
    "scaler_of_what_it_is_applied_to",
    "scaler_multiplied",
)


def scaled(X: Floats, Z: Floats, flaw: str = "") -> Floats:
    """Return Z standardised by X, or what a flaw of `SCALED` makes of it."""
    mean, spread = X.mean(axis=0), X.std(axis=0)
    low, high = X.min(axis=0), X.max(axis=0)
    made: dict[str, Any] = {
        "scaler_variance": lambda: (Z - mean) / spread**2,
        "scaler_not_centred": lambda: Z / spread,
        "scaler_not_divided": lambda: Z - mean,
        "scaler_one_mean": lambda: (Z - X.mean()) / X.std(),
        "scaler_by_row": lambda: (Z - Z.mean(axis=1, keepdims=True)) / Z.std(axis=1, keepdims=True),
        "scaler_to_unit_range": lambda: (Z - low) / (high - low),
        "scaler_of_what_it_is_applied_to": lambda: (Z - Z.mean(axis=0)) / Z.std(axis=0),
        "scaler_multiplied": lambda: (Z - mean) * spread,
    }
    result: Floats = made.get(flaw, lambda: (Z - mean) / spread)()
    return result

"""A network small enough to be worked through by hand: forward, backward, one step, and the check of the gradient.

The formulas of the book in NumPy, and nothing else; a test compares them with the network that studies train.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARAMETERS", "Check", "Pass", "Worked", "forward_backward", "work_through"]

Array = NDArray[np.float64]
Vector = list[float]
Matrix = list[list[float]]
Parameters = tuple[Array, Array, Array, Array]  # W1 (I, H), b1 (H,), W2 (H, C), b2 (C,)

#: Chosen so that one hidden unit is on and the other is off, and the network is wrong at first.
PARAMETERS: Parameters = (
    np.array([[0.5, -0.3], [0.25, -0.2]]),
    np.array([0.1, 0.2]),
    np.array([[0.6, -0.4], [0.3, 0.7]]),
    np.array([0.0, 0.1]),
)
X = np.array([1.0, 2.0])
LABEL = 1
STEP = 1e-5  # of central differences: the error of the formula and that of rounding are about as large


class Pass(NamedTuple):
    """One example forward and backward; the gradients are in the order of the parameters."""

    z1: Array
    h: Array
    z2: Array
    p: Array
    loss: float
    delta2: Array
    delta1: Array
    gradients: Parameters


class Check(TypedDict):
    """One number of the gradient, the slope seen by moving its parameter, and how far apart they are."""

    parameter: str
    gradient: float
    slope: float
    error: float


class Worked(TypedDict):
    """The example of the book, as lists of numbers."""

    x: Vector
    label: int
    onehot: Vector
    W1: Matrix
    b1: Vector
    W2: Matrix
    b2: Vector
    z1: Vector
    h: Vector
    slopes: Vector
    z2: Vector
    p: Vector
    loss: float
    delta2: Vector
    delta1: Vector
    dW1: Matrix
    db1: Vector
    dW2: Matrix
    db2: Vector
    lr: float
    loss_after: float
    checks: list[Check]
    largest: float
    step: float


def forward_backward(parameters: Parameters, x: Array, label: int) -> Pass:
    """Take one example through a network with one ReLU layer, and the gradient of its loss back to every parameter.

    Parameters
    ----------
    parameters
        W1 (I, H), b1 (H,), W2 (H, C), b2 (C,).
    x : (I,)
    label
        Its class, from 0.
    """
    W1, b1, W2, b2 = parameters
    z1 = x @ W1 + b1  # (H,)
    h = np.maximum(z1, 0)
    z2 = h @ W2 + b2  # (C,)
    e = np.exp(z2 - z2.max())
    p = e / e.sum()
    delta2 = p - np.eye(p.size)[label]  # (C,)
    delta1 = (W2 @ delta2) * (z1 > 0)  # (H,)
    gradients = (np.outer(x, delta1), delta1, np.outer(h, delta2), delta2)
    return Pass(z1, h, z2, p, float(-np.log(p[label])), delta2, delta1, gradients)


def work_through(lr: float) -> Worked:
    """Return the example of the book: the gradient, its check, and the loss after a step of size `lr`."""
    before = forward_backward(PARAMETERS, X, LABEL)
    moved = tuple(p - lr * g for p, g in zip(PARAMETERS, before.gradients, strict=True))
    after = forward_backward((moved[0], moved[1], moved[2], moved[3]), X, LABEL)
    checks = _checks(before.gradients)
    W1, b1, W2, b2 = PARAMETERS
    dW1, db1, dW2, db2 = before.gradients
    return {
        "x": X.tolist(),
        "label": LABEL,
        "onehot": np.eye(2)[LABEL].tolist(),
        "W1": W1.tolist(),
        "b1": b1.tolist(),
        "W2": W2.tolist(),
        "b2": b2.tolist(),
        "z1": before.z1.tolist(),
        "h": before.h.tolist(),
        "slopes": np.sign(before.h).tolist(),
        "z2": before.z2.tolist(),
        "p": before.p.tolist(),
        "loss": before.loss,
        "delta2": before.delta2.tolist(),
        "delta1": before.delta1.tolist(),
        "dW1": dW1.tolist(),
        "db1": db1.tolist(),
        "dW2": dW2.tolist(),
        "db2": db2.tolist(),
        "lr": lr,
        "loss_after": after.loss,
        "checks": checks,
        "largest": max(c["error"] for c in checks),
        "step": STEP,
    }


def _checks(gradients: Parameters) -> list[Check]:
    """Compare each number of the gradient with the slope when its parameter is moved up and down."""
    checks: list[Check] = []
    for k, (name, gradient) in enumerate(zip(("W1", "b1", "W2", "b2"), gradients, strict=True)):
        for place in np.ndindex(gradient.shape):
            losses = [_loss(k, place, sign * STEP) for sign in (1, -1)]
            slope = (losses[0] - losses[1]) / (2 * STEP)
            label = f"{name}[{', '.join(str(i + 1) for i in place)}]"
            value = float(gradient[place])
            checks.append({"parameter": label, "gradient": value, "slope": slope, "error": abs(value - slope)})
    return checks


def _loss(k: int, place: tuple[int, ...], shift: float) -> float:
    """Return the loss with one parameter moved."""
    moved = [p.copy() for p in PARAMETERS]
    moved[k][place] += shift
    return forward_backward((moved[0], moved[1], moved[2], moved[3]), X, LABEL).loss

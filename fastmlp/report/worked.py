"""A network small enough to be worked through by hand: forward, backward, one step, and the check of the gradient.

The formulas of the book in NumPy, and nothing else; a test holds them against the network that studies train.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARAMETERS", "check_of", "forward_backward", "work_through"]

Json = dict[str, Any]
Array = NDArray[np.float64]
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
ROUNDING = {"float32": 1e-4, "float64": 1e-6}  # relative errors that it can explain, with some room


def forward_backward(parameters: Parameters, x: Array, label: int) -> Json:
    """One example through a network with one ReLU layer, and the gradient of its loss back to every parameter.

    Parameters
    ----------
    parameters
        W1 (I, H), b1 (H,), W2 (H, C), b2 (C,).
    x : (I,)
    label
        Its class, from 0.

    Returns
    -------
    dict
        `z1`, `h`, `z2`, `p`, `loss`, `delta2`, `delta1` and `gradients`, in the order of the parameters.
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
    return {
        "z1": z1,
        "h": h,
        "z2": z2,
        "p": p,
        "loss": float(-np.log(p[label])),
        "delta2": delta2,
        "delta1": delta1,
        "gradients": gradients,
    }


def work_through(lr: float) -> Json:
    """The example of the book, as lists of numbers: the gradient, its check, and a step of size `lr`."""
    before = forward_backward(PARAMETERS, X, LABEL)
    moved = [p - lr * g for p, g in zip(PARAMETERS, before["gradients"], strict=True)]
    after = forward_backward((moved[0], moved[1], moved[2], moved[3]), X, LABEL)
    checks = _checks(before["gradients"])
    names = ("W1", "b1", "W2", "b2")
    return {
        **{name: value.tolist() for name, value in before.items() if isinstance(value, np.ndarray)},
        **{name: p.tolist() for name, p in zip(names, PARAMETERS, strict=True)},
        **{f"d{name}": g.tolist() for name, g in zip(names, before["gradients"], strict=True)},
        "x": X.tolist(),
        "label": LABEL,
        "onehot": np.eye(2)[LABEL].tolist(),
        "slopes": np.sign(before["h"]).tolist(),
        "loss": before["loss"],
        "lr": lr,
        "loss_after": after["loss"],
        "checks": checks,
        "largest": max(c["error"] for c in checks),
        "step": STEP,
    }


def check_of(text: str | None) -> Json | None:
    """The gradient check that a study has run on its own network, and whether rounding explains what it found.

    Parameters
    ----------
    text
        The JSON object that the study kept, see `fastmlp.study.gradient_check`.
    """
    if not text:
        return None
    found = json.loads(text)
    largest = max(part["error"] for part in found["parts"])
    case = "agrees" if largest <= ROUNDING[found["dtype"]] else "differs"
    return {**found, "largest": largest, "checked": sum(p["checked"] for p in found["parts"]), "case": case}


def _checks(gradients: Parameters) -> list[Json]:
    """Each number of the gradient against the slope that is seen when its parameter is moved a little both ways."""
    checks = []
    for k, (name, gradient) in enumerate(zip(("W1", "b1", "W2", "b2"), gradients, strict=True)):
        for place in np.ndindex(gradient.shape):
            losses = [_loss(k, place, sign * STEP) for sign in (1, -1)]
            slope = (losses[0] - losses[1]) / (2 * STEP)
            label = f"{name}[{', '.join(str(i + 1) for i in place)}]"
            found = float(gradient[place])
            checks.append({"parameter": label, "gradient": found, "slope": slope, "error": abs(found - slope)})
    return checks


def _loss(k: int, place: tuple[int, ...], shift: float) -> float:
    """The loss with one parameter moved."""
    moved = [p.copy() for p in PARAMETERS]
    moved[k][place] += shift
    return float(forward_backward((moved[0], moved[1], moved[2], moved[3]), X, LABEL)["loss"])

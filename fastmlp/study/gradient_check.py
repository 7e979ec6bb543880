"""The gradient check of a study: compare the gradient that its trainings use with finite differences of the loss.

The gradient comes from the backend that trains, in its precision. The slope comes from the reference backend in double
precision: one parameter is moved a little both ways (central differences).
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from ..network import Network, backward, init_mlp
from ..problems import Problem
from ..seeds import rng_for
from .settings.schema import Settings

EXAMPLES, CHECKED = 16, 20  # in the batch; parameters drawn of each weight matrix and each bias
STEP = 1e-5  # the error of the formula, step squared, and of rounding, 1e-16 / step, are both small


def check_gradient(settings: Settings, problem: Problem, backend: str) -> str:
    """Check the gradient of a newly drawn network of the study, on examples of the target pool.

    Returns
    -------
    str
        A JSON object: `step`, `examples`, `dtype`, `backend`, and for each of the `parts` W1, b1, W2, ... how many of
        its `parameters` were `checked` and the relative `error`, the length of the difference by that of the slope.
    """
    split, target, rng = problem.split(0), problem.target, rng_for("gradient check")
    rows = split.subset(min(EXAMPLES, len(split.pool)))
    sizes = (target.X.shape[1], *settings.network.hidden, target.n_classes)
    net = init_mlp(sizes, rng=rng, dtype=settings.network.dtype, activation=settings.network.activation)
    X, y = target.scaler(split.pool).transform(target.X[rows], net.dtype), target.y[rows]
    gradient = backward(net, X, y, backend=backend)[1].theta
    parts = []
    for name, places in _parts(net):
        drawn = np.sort(rng.choice(places, size=min(CHECKED, len(places)), replace=False))
        slopes = np.array([_slope(net, place, X, y) for place in drawn])
        error = np.linalg.norm(gradient[drawn] - slopes) / max(float(np.linalg.norm(slopes)), np.finfo(float).tiny)
        parts.append({"name": name, "parameters": len(places), "checked": len(drawn), "error": float(error)})
    facts = {"step": STEP, "examples": len(rows), "dtype": settings.network.dtype, "backend": backend, "parts": parts}
    return json.dumps(facts)


def _parts(net: Network) -> list[tuple[str, np.ndarray]]:
    """Return the name of each weight matrix and bias, and the positions of its parameters."""
    weights, biases = net.layout.views(np.arange(len(net.theta), dtype=np.float64))
    pairs = [((f"W{k}", W), (f"b{k}", b)) for k, (W, b) in enumerate(zip(weights, biases, strict=True), start=1)]
    return [(name, places.ravel().astype(np.int64)) for pair in pairs for name, places in pair]


def _slope(net: Network, place: int, X: np.ndarray, y: np.ndarray) -> float:
    """Return the slope of the loss along one parameter, by central differences."""
    losses = []
    for step in (STEP, -STEP):
        theta = net.theta.astype(np.float64)
        theta[place] += step
        losses.append(backward(replace(net, theta=theta), X, y, backend="numpy")[0])
    return (losses[0] - losses[1]) / (2 * STEP)

"""A backend of one's own beside the reference: whether both compute the same, and how fast it is."""

from __future__ import annotations

import json
from math import isfinite
from time import perf_counter

import numpy as np

from ..backends import choose_backend
from ..network import Network, backward, init_mlp, predict
from ..problems import Problem
from ..seeds import rng_for
from ..training import Fit, train_mlp
from .settings.schema import Settings

EXAMPLES = 100
EPOCHS = 10  # few, so that rounding has not grown to the size of the parameters
SECONDS = 0.2  # of training that are timed


def compare_with_reference(settings: Settings, problem: Problem, backend: str) -> str:
    """Train the study's network on examples of the target pool, by a backend and by the reference.

    Returns
    -------
    str
        A JSON object: `dtype`; relative differences of the `loss`, the `gradient` and the `parameters` after `epochs`
        of training on `examples`; the share of these on which both trained networks `agree`; floating-point operations
        a second of the backend (`flops`), of the fastest one here (`fastest`, called `fastest_name`), and the `peak` of
        one core, or null where it cannot be measured.
    """
    split, target, rng = problem.split(0), problem.target, rng_for("backend comparison")
    rows = split.subset(min(EXAMPLES, len(split.pool)))
    sizes = (target.X.shape[1], *settings.network.hidden, target.n_classes)
    net = init_mlp(sizes, rng=rng, dtype=settings.network.dtype, activation=settings.network.activation)
    X, y = target.scaler(split.pool).transform(target.X[rows], net.dtype), target.y[rows]
    (loss, gradient), (right, slope) = (backward(net, X, y, backend=name) for name in (backend, "numpy"))
    mine, theirs = (_train(settings, net, X, y, name, EPOCHS).network for name in (backend, "numpy"))
    fastest = choose_backend()[0]
    facts = {
        "backend": backend,
        "dtype": settings.network.dtype,
        "examples": len(rows),
        "epochs": EPOCHS,
        "loss": abs(loss - right) / max(abs(right), np.finfo(float).tiny),
        "gradient": _apart(gradient.theta, slope.theta),
        "parameters": _apart(mine.theta, theirs.theta),
        "agree": float(np.mean(predict(mine, X) == predict(theirs, X))),
        "flops": _flops(settings, net, X, y, backend),
        "fastest_name": fastest,
        "fastest": _flops(settings, net, X, y, fastest),
        "peak": _peak(settings.network.dtype),
    }
    return json.dumps(
        {name: None if isinstance(fact, float) and not isfinite(fact) else fact for name, fact in facts.items()}
    )


def _train(settings: Settings, net: Network, X: np.ndarray, y: np.ndarray, backend: str, epochs: int) -> Fit:
    training = settings.training
    return train_mlp(
        net,
        X,
        y,
        epochs=epochs,
        batch_size=training.batch_size,
        lr=training.lr,
        momentum=training.momentum,
        optimizer=training.optimizer,
        weight_decay=training.weight_decay,
        rng=0,
        backend=backend,
    )


def _apart(first: np.ndarray, second: np.ndarray) -> float:
    """Return the length of the difference, relative to that of the second."""
    return float(np.linalg.norm(first - second) / max(float(np.linalg.norm(second)), np.finfo(float).tiny))


def _flops(settings: Settings, net: Network, X: np.ndarray, y: np.ndarray, backend: str) -> float:
    """Return floating-point operations a second: two for each weight and example, forward and, twice that, backward."""
    _train(settings, net, X, y, backend, 1)  # compiles
    best, epochs, spent = 0.0, EPOCHS, 0.0
    while spent < SECONDS:
        start = perf_counter()
        _train(settings, net, X, y, backend, epochs)
        seconds = perf_counter() - start
        spent += seconds
        best = max(best, 6 * net.theta.size * len(X) * epochs / seconds)
    return best


def _peak(dtype: str) -> float | None:
    try:
        from ..backends.peak import fma_peak
    except ImportError:  # numba is missing
        return None
    return fma_peak(dtype)

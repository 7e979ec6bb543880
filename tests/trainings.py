"""Trainings as the backends see them: the arguments of `train`, drawn from names."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from fastmlp.backends.between import (
    BEFORE,
    BEFORE_KEY,
    BEHIND,
    BEHIND_KEY,
    INNER,
    N_COLUMNS,
    NORM,
    rescaled_layers,
)
from fastmlp.backends.watch import Watch
from fastmlp.layout import Layout
from fastmlp.registry import ACTIVATIONS, CROSS_ENTROPY, LOSS_ROWS, LOSSES, OPTIMIZERS

RATES = {"sgd": 0.05, "adam": 0.01, "adamw": 0.01}


def training(
    sizes: tuple[int, ...] = (5, 4, 3),
    *,
    activation: str = "relu",
    optimizer: str = "sgd",
    dtype: str = "float64",
    n: int = 19,
    batch_size: int = 8,
    epochs: int = 4,
    seed: int = 0,
    weighted: bool = False,
    loss: str = LOSSES[CROSS_ENTROPY],
    has_weights: bool = False,
    **changes: Any,
) -> dict[str, Any]:
    """Arguments of `train`; one of `changes` replaces the argument of its name, filled to the same shape."""
    draw = np.random.default_rng(seed)
    layout = Layout(sizes, rescaled_layers(changes.get("between")))
    theta = draw.normal(scale=0.4, size=layout.n_parameters).astype(dtype)
    per_part = np.zeros((layout.n_layers, 2))
    arguments: dict[str, Any] = {
        "theta": theta,
        "state": np.zeros((2, theta.size), dtype),
        "sizes": np.array(sizes),
        "activation": ACTIVATIONS.index(activation),
        "optimizer": OPTIMIZERS.index(optimizer),
        "x": draw.normal(size=(n, sizes[0])).astype(dtype),
        "y": targets(loss, draw, n, sizes[-1], dtype),
        "order": np.array([draw.permutation(n) for _ in range(epochs)]),
        "batch_size": batch_size,
        "rates": per_part + RATES[optimizer],
        "decays": per_part.copy(),
        "pulls": per_part.copy(),
        "anchor": draw.normal(scale=0.4, size=theta.size).astype(dtype),
        "momentum": 0.9,
        "losses": np.zeros(epochs),
        "first": 0,
        "last": epochs * -(-n // batch_size),
        "weighted": weighted,
        "loss": LOSSES.index(loss),
    }
    if has_weights:
        arguments["sample_weight"] = draw.choice([0.0, 0.3, 1.0, 2.5], n).astype(dtype)
    if loss == "poisson":  # exp(z) runs away from a step that is too large
        arguments["theta"] *= 0.5
        changes["rates"] = np.multiply(changes.get("rates", arguments["rates"]), 0.1)
    for name, value in changes.items():
        arguments[name] = (
            np.broadcast_to(value, per_part.shape).copy() if name in {"rates", "decays", "pulls"} else value
        )
    return arguments


def between_of(n_layers: int) -> Any:
    """What lies between layers: every second one of each kind, so that all meet somewhere; one layer has nothing."""
    table = np.zeros((n_layers, N_COLUMNS))
    table[1::2, NORM], table[: n_layers - 1, INNER] = 1e-3, np.resize([1e-2, 0.0], n_layers - 1)
    table[0, BEFORE], table[1:, BEFORE], table[1::2, BEHIND] = 0.2, np.resize([0.0, 0.3], n_layers - 1), 0.4
    table[:, [BEFORE_KEY, BEHIND_KEY]] = np.random.default_rng(1).integers(2**32, size=(n_layers, 2))
    return table


def targets(loss: str, draw: np.random.Generator, n: int, outputs: int, dtype: str) -> Any:
    """Something for each loss to fit: labels (n,), or targets (n, outputs) of which some are at its ends."""
    row = LOSS_ROWS[LOSSES.index(loss)]
    if row.labels:
        return draw.integers(0, max(2, outputs), n)
    return np.clip(0.5 + draw.standard_normal((n, outputs)), row.least, row.most).astype(dtype)


def watched(arguments: dict[str, Any], held_back: int = 0, **options: Any) -> dict[str, Any]:
    """The same training with a watch, and the last examples held back."""
    order, n = arguments["order"], len(arguments["x"]) - held_back
    order = order[order < n].reshape(len(order), n)
    watch = Watch(np.arange(n, n + held_back), np.zeros(len(order)), arguments["theta"].copy(), **options)
    return arguments | {"order": order, "watch": watch, "last": len(order) * -(-n // arguments["batch_size"])}


def run(backend: Any, arguments: dict[str, Any], **changes: Any) -> tuple[int, dict[str, Any]]:
    """Train on copies; return the steps completed and the arrays as the training left them."""
    copies = {
        name: value.copy() if isinstance(value, np.ndarray) else deepcopy(value)
        for name, value in (arguments | changes).items()
    }
    return backend.train(**copies), copies

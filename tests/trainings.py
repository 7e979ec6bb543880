"""Trainings as the backends see them: the arguments of `train`, drawn from names."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.layout import Layout
from fastmlp.registry import ACTIVATIONS, OPTIMIZERS

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
    **changes: Any,
) -> dict[str, Any]:
    """Arguments of `train`; one of `changes` replaces the argument of its name, filled to the same shape."""
    draw = np.random.default_rng(seed)
    layout = Layout(sizes)
    theta = draw.normal(scale=0.4, size=layout.n_parameters).astype(dtype)
    per_part = np.zeros((layout.n_layers, 2))
    arguments: dict[str, Any] = {
        "theta": theta,
        "state": np.zeros((2, theta.size), dtype),
        "sizes": np.array(sizes),
        "activation": ACTIVATIONS.index(activation),
        "optimizer": OPTIMIZERS.index(optimizer),
        "x": draw.normal(size=(n, sizes[0])).astype(dtype),
        "y": draw.integers(0, max(2, sizes[-1]), n),
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
    }
    for name, value in changes.items():
        arguments[name] = (
            np.broadcast_to(value, per_part.shape).copy() if name in {"rates", "decays", "pulls"} else value
        )
    return arguments


def run(backend: Any, arguments: dict[str, Any], **changes: Any) -> tuple[int, dict[str, Any]]:
    """Train on copies; return the steps completed and the arrays as the training left them."""
    copies = {
        name: value.copy() if isinstance(value, np.ndarray) else value for name, value in (arguments | changes).items()
    }
    return backend.train(**copies), copies

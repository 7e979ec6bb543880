"""Results of small fixed trainings, which show any change of what the package computes.

There is one for each optimiser, activation, strategy and loss, in both dtypes, with a rank, with a pull, with a head of
one logit, and with each way to watch a training. No size is a multiple of the tile's, so that padding and short batches
take part. Only public functions are used, so that this file works with any revision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

import fastmlp
from fastmlp.network import DTYPES

from .kernel_modules import names

Training = Callable[[str], Any]  # from the name of a backend to a Fit

HIDDEN, EXAMPLES, CLASSES = (13, 21, 18), 45, 5
ACTIVATIONS, OPTIMIZERS, LOSSES = names("ACTIVATIONS"), names("OPTIMIZERS"), names("LOSSES")
WEIGHTED: dict[str, Any] = {"sample_weight": np.linspace(0.1, 2, EXAMPLES)}
# What a training can do beside its loss, in revisions that know losses
MANNERS: dict[str, dict[str, Any]] = {
    "nesterov, penalty, invscaling": {"nesterov": True, "weight_decay": 0.0, "l2": 0.5, "learning_rate": "invscaling"},
    "adaptive": {"learning_rate": "adaptive", "patience": 1, "tol": 0.2, "epochs": 12},
    "held back": {"held_back": 0.2, "patience": 1, "tol": 0.01, "epochs": 12, "lr": 0.01},
}
RATES = {"sgd": 0.05}  # the others take a fifth of it
SHARED: dict[str, Any] = {"epochs": 6, "batch_size": 8, "weight_decay": 0.01}


class Learned(NamedTuple):
    """Result of a training."""

    losses: list[float]  # (epochs,)
    length: float  # of the vector of all parameters
    bits: str  # hash of losses and parameters

    @classmethod
    def of(cls, fit: Any) -> Learned:
        """Reduce a `Fit` to what is compared."""
        theta = fit.network.theta
        length = math.sqrt(math.fsum(float(x) ** 2 for x in theta))  # rounds once, whatever the library
        bits = sha256(theta.tobytes() + fit.losses.astype("<f8").tobytes()).hexdigest()[:16]
        return cls([float(loss) for loss in fit.losses], length, bits)

    @property
    def numbers(self) -> list[float]:
        """The numbers that are compared within a tolerance."""
        return [*self.losses, self.length]


def trainings() -> dict[str, Training]:
    """Return the fixed trainings by name; each name ends in its dtype."""
    found: dict[str, Training] = {}
    for dtype in DTYPES:
        for optimizer in OPTIMIZERS:
            found[f"{optimizer}, {dtype}"] = _training(dtype, optimizer=optimizer)
            found[f"rank 3, {optimizer}, {dtype}"] = _transfer(_within_rank(3), dtype, optimizer=optimizer)
        for optimizer in OPTIMIZERS[1:]:
            found[f"l2-sp, {optimizer}, {dtype}"] = _transfer(fastmlp.STRATEGIES["l2-sp"], dtype, optimizer=optimizer)
        for activation in ACTIVATIONS[1:]:
            found[f"{activation}, {dtype}"] = _training(dtype, activation=activation)
        found[f"one logit, {dtype}"] = _training(dtype, outputs=1)
        for name, strategy in fastmlp.STRATEGIES.items():
            if strategy.phases:
                found[f"{name}, {dtype}"] = _transfer(strategy, dtype)
        for loss in LOSSES:
            found[f"{loss}, weights, {dtype}"] = _training(dtype, y=_goal(loss), loss=loss, **WEIGHTED)
        for manner, options in MANNERS.items() if LOSSES else ():
            found[f"{manner}, {dtype}"] = _training(dtype, **WEIGHTED, **options)
    return found


def learn(backend: str, chosen: Mapping[str, Training] | None = None) -> dict[str, Learned]:
    """Run the trainings."""
    return {name: Learned.of(training(backend)) for name, training in (chosen or trainings()).items()}


def _training(
    dtype: str, *, optimizer: str = "sgd", activation: str = "relu", outputs: int = CLASSES, y: Any = None, **more: Any
) -> Training:
    x, labels = _examples(max(2, outputs))
    net = fastmlp.init_mlp((*HIDDEN, outputs), rng=1, dtype=dtype, activation=activation)
    options = SHARED | {"lr": _rate(optimizer), "optimizer": optimizer, "rng": 2} | more
    if more.get("loss") in {"poisson", "squared-error"}:  # which run away from a larger one
        options["lr"] /= 20
    return lambda backend: fastmlp.train_mlp(net, x, labels if y is None else y, backend=backend, **options)


def _transfer(strategy: Any, dtype: str, optimizer: str = "sgd") -> Training:
    x, y = _examples(CLASSES)
    keeps_head = getattr(strategy, "head", "new") == "source"  # revisions of before know no such strategy
    net = fastmlp.init_mlp((*HIDDEN, CLASSES if keeps_head else 3), rng=1, dtype=dtype)
    options = SHARED | {"lr": _rate(optimizer), "optimizer": optimizer, "rng": 2, "n_classes": CLASSES}
    return lambda backend: fastmlp.transfer(net, x, y, strategy=strategy, backend=backend, **options)


def _within_rank(rank: int) -> Any:
    lora = fastmlp.STRATEGIES["lora-4"]
    return replace(lora, phases=tuple(replace(phase, rank=rank) for phase in lora.phases))


def _examples(classes: int) -> tuple[Any, Any]:
    """Draw one cloud of points per class, wide enough that the classes overlap."""
    rng = np.random.default_rng(20_261_121)
    y = np.arange(EXAMPLES) % classes
    return rng.standard_normal((classes, HIDDEN[0]))[y] + rng.standard_normal((EXAMPLES, HIDDEN[0])), y


def _goal(loss: str) -> Any:
    """Return what a loss is to fit: labels, a number of yes and no, or numbers, for each output."""
    _, y = _examples(CLASSES)
    if loss == "cross-entropy":
        return y
    near = np.abs(y[:, None] - np.arange(CLASSES))
    return {"binary-cross-entropy": near <= 1, "squared-error": near / 2, "poisson": near}[loss]


def _rate(optimizer: str) -> float:
    return RATES.get(optimizer, 0.01)

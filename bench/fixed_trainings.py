"""Results of small fixed trainings, which show any change of what the package computes.

There is one for each optimiser, activation, strategy and loss, in both dtypes, with a rank, with a pull, with a head of
one logit, and with each way to watch a training. Wide networks come last, with a rank too, in batches of many rows and
by two threads. No size is a multiple of the tile's, so that padding and short batches take part. Only public functions
are used, so that this file works with any revision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

import fastmlp
from fastmlp.network import DTYPES

from .kernel_modules import SHARES_TRAININGS, names

Training = Callable[[str], Any]  # from the name of a backend to a Fit

HIDDEN, EXAMPLES, CLASSES = (13, 21, 18), 45, 5
# Sums are cut where they have more than some hundred terms: here over a layer's inputs and outputs, and in batches of
# many rows over the examples. Two threads share the columns of layers, and of the last one the rows.
WIDE, MANY = (401, 37, 389), 601
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
    return found | wide_trainings()


def wide_trainings() -> dict[str, Training]:
    """Return those of wide networks: in small batches, in batches of many rows, and the latter by two threads."""
    found: dict[str, Training] = {}
    for dtype in DTYPES:
        for optimizer in OPTIMIZERS[:2]:  # adamw is adam with other coefficients
            found[f"wide, {optimizer}, {dtype}"] = _wide_training(dtype, optimizer, batch_size=32, n=75)
            for name, threads in (("many rows", 1), ("two threads", 2)):
                training = _wide_training(dtype, optimizer, batch_size=MANY, n=MANY + 70, threads=threads)
                found[f"wide, {name}, {optimizer}, {dtype}"] = training
        found[f"wide, rank 3, {dtype}"] = _transfer(_within_rank(3), dtype, hidden=WIDE)
    return found


def learn(backend: str, chosen: Mapping[str, Training] | None = None) -> dict[str, Learned]:
    """Run the trainings, with one thread in BLAS: their number changes the last bits of the reference's wide ones."""
    with threadpool_limits(1, "blas"):
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


def _wide_training(dtype: str, optimizer: str, *, batch_size: int, n: int, threads: int = 1) -> Training:
    x, y = _examples(CLASSES, WIDE[0], n)
    net = fastmlp.init_mlp((*WIDE, CLASSES), rng=1, dtype=dtype)
    options = SHARED | {"epochs": 2, "batch_size": batch_size, "lr": _rate(optimizer) / 10, "optimizer": optimizer}
    if SHARES_TRAININGS:
        options["threads"] = threads
    return lambda backend: fastmlp.train_mlp(net, x, y, backend=backend, rng=2, **options)


def _transfer(strategy: Any, dtype: str, optimizer: str = "sgd", hidden: tuple[int, ...] = HIDDEN) -> Training:
    x, y = _examples(CLASSES, hidden[0])
    keeps_head = getattr(strategy, "head", "new") == "source"  # revisions of before know no such strategy
    net = fastmlp.init_mlp((*hidden, CLASSES if keeps_head else 3), rng=1, dtype=dtype)
    options = SHARED | {"lr": _rate(optimizer), "optimizer": optimizer, "rng": 2, "n_classes": CLASSES}
    return lambda backend: fastmlp.transfer(net, x, y, strategy=strategy, backend=backend, **options)


def _within_rank(rank: int) -> Any:
    lora = fastmlp.STRATEGIES["lora-4"]
    return replace(lora, phases=tuple(replace(phase, rank=rank) for phase in lora.phases))


@cache
def _examples(classes: int, features: int = HIDDEN[0], n: int = EXAMPLES) -> tuple[Any, Any]:
    """Draw one cloud of points per class, wide enough that the classes overlap."""
    rng = np.random.default_rng(20_261_121)
    y = np.arange(n) % classes
    return rng.standard_normal((classes, features))[y] + rng.standard_normal((n, features)), y


def _goal(loss: str) -> Any:
    """Return what a loss is to fit: labels, a number of yes and no, or numbers, for each output."""
    _, y = _examples(CLASSES)
    if loss == "cross-entropy":
        return y
    near = np.abs(y[:, None] - np.arange(CLASSES))
    return {"binary-cross-entropy": near <= 1, "squared-error": near / 2, "poisson": near}[loss]


def _rate(optimizer: str) -> float:
    return RATES.get(optimizer, 0.01)

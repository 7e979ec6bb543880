"""The smallest call of each function of a backend: it compiles what a real call needs, and computes nothing of use.

Its arguments have the types of all real calls, of which there are no others: see `compiled`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .between import N_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from . import Backend

SIZES = np.array([1, 1, 2], dtype=np.int64)
N_PARAMETERS = N_FACTORS = 6  # of that network; and of what is trained of it within rank 1


def train(backend: Backend, dtype: np.dtype[Any], **options: Any) -> None:
    """Make one update."""
    theta, rates = np.zeros(N_PARAMETERS, dtype), np.zeros((2, 2))
    backend.train(
        theta, np.zeros((2, N_PARAMETERS), dtype), SIZES, 0, 0, *_visits(dtype), rates, rates, rates, theta.copy(), 0.0,
        np.zeros(1), 0, 1, **options,
    )  # fmt: skip


def train_between(backend: Backend, dtype: np.dtype[Any]) -> None:
    """Make one update of a network that may have more than activations between its layers."""
    train(backend, dtype, between=np.zeros((2, N_COLUMNS)))


def train_lora(backend: Backend, dtype: np.dtype[Any], **options: Any) -> None:
    """Make one update within rank 1."""
    theta, factors, rates = np.zeros(N_PARAMETERS, dtype), np.zeros(N_FACTORS, dtype), np.zeros((2, 2))
    backend.train_lora(
        theta, factors, np.zeros((2, N_FACTORS), dtype), SIZES, 0, 0, *_visits(dtype), 1, 1.0, rates, rates,
        theta.copy(), 0.0, np.zeros(1), 0, 1, **options,
    )  # fmt: skip


def train_lora_between(backend: Backend, dtype: np.dtype[Any]) -> None:
    """Make one update within rank 1 of a network that may have more than activations between its layers."""
    train_lora(backend, dtype, between=np.zeros((2, N_COLUMNS)))


def forward(backend: Backend, dtype: np.dtype[Any]) -> None:
    """Compute the logits of one example; `features` calls the same kernel."""
    backend.forward(np.zeros(N_PARAMETERS, dtype), SIZES, 0, np.zeros((1, 1), dtype))


def data(backend: Backend, dtype: np.dtype[Any]) -> None:
    """Standardise one input, and count over one prediction."""
    backend.standardise(np.zeros((1, 1)), np.zeros(1), np.ones(1), dtype)
    backend.count_right(np.ones((1, 1, 1), dtype), np.zeros(1, np.int64))
    backend.count(np.ones((1, 1)), np.zeros(1, np.int64))


def _visits(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """One example, its label, the order in which it is visited, and the size of a batch."""
    return np.zeros((1, 1), dtype), np.zeros(1, np.int64), np.zeros((1, 1), np.int64), 1


CALLS: dict[str, Callable[[Backend, np.dtype[Any]], None]] = {
    "train": train,
    "train_between": train_between,
    "train_lora": train_lora,
    "train_lora_between": train_lora_between,
    "forward": forward,
    "data": data,
}

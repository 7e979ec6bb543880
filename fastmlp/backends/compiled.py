"""The functions of `reference`, compiled: the same names, signatures and numbers, at the speed of the machine.

Here arrays are made what the compiled code expects; `engine` holds the work. README.md beside this file explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import engine
from .rules import SGD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints


def features(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    """See `reference.features`."""
    if depth == 0:
        return x
    result: Floats = engine.predict(_own(theta), _own(sizes), activation, _own(x), depth)
    return result


def forward(theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
    """See `reference.forward`."""
    result: Floats = engine.predict(_own(theta), _own(sizes), activation, _own(x), len(sizes) - 1)
    return result


def loss_and_gradient(
    theta: Floats, sizes: Ints, activation: int, x: Floats, y: NDArray[np.int64]
) -> tuple[float, Floats]:
    """See `reference.loss_and_gradient`.

    The gradient never reaches memory in a training, so it is read off one: from rest, a step of rate 1 leaves the
    velocity ``0 - gradient``. If the loss is not finite no step is made, and the gradient is NaN.
    """
    rates = np.ones((len(sizes) - 1, 2))
    zeros, losses = np.zeros_like(rates), np.zeros(1)
    moved, state = theta.copy(), np.zeros((2, len(theta)), theta.dtype)
    order = np.arange(len(x))[np.newaxis]
    done = train(
        moved, state, sizes, activation, SGD, x, y, order, len(x), rates, zeros, zeros, theta, 0.0, losses, 0, 1
    )
    return losses[0].item(), -state[0] if done else np.full_like(theta, np.nan)


def train(
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[np.int64],
    order: Ints,
    batch_size: int,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    pulls: NDArray[np.float64],
    anchor: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
) -> int:
    """See `reference.train`."""
    done: int = engine.train(
        theta, state, _own(sizes), activation, optimizer, _own(x), _own(y), _own(order), batch_size, _own(rates),
        _own(decays), _own(pulls), _own(anchor), float(momentum), losses, first, last,
    )  # fmt: skip
    return done


def _own(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy of one that is read-only or strided: either is another type, to be compiled again."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy(order="C")

"""A backend made of two functions: whoever writes a forward pass and a gradient has all that a study needs.

The loop, the optimisers and the freezing are those of `reference`, as is training within low rank.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from . import Backend
from .reference import moving_parts, part_sizes, quiet, update
from .reference_lora import train_lora

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints

    Gradient = Callable[[Floats, Ints, int, Floats, NDArray[np.int64]], tuple[float, Floats]]


def make_backend(
    name: str,
    features: Callable[..., Floats],
    forward: Callable[[Floats, Ints, int, Floats], Floats],
    loss_and_gradient: Gradient,
) -> Backend:
    """Return a backend; the arguments of its functions are those of `reference`."""

    @quiet
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
        n_batches = math.ceil(order.shape[1] / batch_size)
        for step in range(first, last):
            epoch, batch = divmod(step, n_batches)
            chosen = order[epoch, batch * batch_size : (batch + 1) * batch_size]
            loss, gradient = loss_and_gradient(theta, sizes, activation, x[chosen], y[chosen])
            losses[epoch] += loss * len(chosen) / order.shape[1]
            if not math.isfinite(loss):
                losses[epoch + 1 :] = math.nan
                return step
            for part, rate, decay, pull in moving_parts(part_sizes(sizes), rates, decays, pulls):
                update(optimizer, theta[part], state[:, part], gradient[part], rate, decay, momentum, step + 1)
                if pull > 0:
                    theta[part] = anchor[part] + (theta[part] - anchor[part]) / (1 + rate * pull)
        return last

    return Backend(name, features, forward, loss_and_gradient, train, train_lora)

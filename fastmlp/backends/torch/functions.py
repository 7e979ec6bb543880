"""`features`, `forward` and `loss_and_gradient` of `reference`, by PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...registry import CROSS_ENTROPY
from .library import import_torch
from .losses import mean_loss
from .stages import Between, compose, mlp_stages, parameters_of, tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Floats, Ints


def features(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    """See `reference.features`."""
    return _after(theta, sizes, activation, x, depth) if depth else x


def forward(theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
    """See `reference.forward`."""
    return _after(theta, sizes, activation, x, len(sizes) - 1)


def _after(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    with import_torch().no_grad():
        values: Floats = compose(mlp_stages(theta, sizes, activation)[:depth], tensor(x)).numpy()
    return values


def loss_and_gradient(
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    y: NDArray[Any],
    sample_weight: Floats | None = None,
    loss: int = CROSS_ENTROPY,
    between: NDArray[np.float64] | None = None,
) -> tuple[float, Floats]:
    """See `reference.loss_and_gradient`; autograd finds the gradient."""
    stages = mlp_stages(theta, sizes, activation, None if between is None else Between(between))
    parameters = [parameter.requires_grad_() for parameter in parameters_of(stages)]
    weights = None if sample_weight is None else tensor(sample_weight)
    mean = mean_loss(loss, compose(stages, tensor(x)), tensor(y), weights)
    gradients = import_torch().autograd.grad(mean, parameters)
    return mean.item(), np.concatenate([gradient.numpy().ravel() for gradient in gradients])

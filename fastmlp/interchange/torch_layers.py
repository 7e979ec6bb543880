"""Layers of PyTorch as steps."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .chain import Drop, Foreign, Linear, Norm, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray


def linear(name: str, weight: Any, bias: Any) -> Step:
    """Return a linear layer; without a bias that is zero."""
    matrix = _array(weight)
    if matrix is None or matrix.ndim != 2 or not matrix.size:
        return Foreign(name, "it has no weights yet, or none that can be read")
    offset = np.zeros(len(matrix), matrix.dtype) if bias is None else _array(bias)
    if offset is None or offset.shape != (len(matrix),):
        return Foreign(name, f"its bias does not fit its weight of shape {matrix.shape}")
    return Linear(name, np.ascontiguousarray(matrix.T), offset)


def layer_norm(name: str, shape: Any, weight: Any, bias: Any, epsilon: float) -> Step:
    """Return LayerNorm; without a gain that is one, and without a shift that is zero."""
    gain, shift = _array(weight), _array(bias)
    if len(shape) != 1 or (weight is not None and gain is None):
        return Foreign(
            name, f"it normalises {tuple(shape)}; rows of one size, and numbers that can be read, are needed"
        )
    if not 0 < epsilon < 1:
        return Foreign(name, f"it adds {epsilon} to the variance; a number above 0 and below 1 is needed")
    dtype = "float32" if gain is None else gain.dtype
    gain = np.ones(shape, dtype) if gain is None else gain
    return Norm(name, float(epsilon), gain, np.zeros(shape, dtype) if shift is None else shift)


def dropout(name: str, share: Any) -> Step | None:
    """Return dropout; None if it drops nothing."""
    if not isinstance(share, int | float) or not 0 <= share < 1:
        return Foreign(name, f"it drops {share}; a share from 0 to below 1 is needed")
    return Drop(name, float(share)) if share else None


def batch_norm(name: str, weight: Any, bias: Any, mean: Any, variance: Any, epsilon: float) -> Step:
    """Return what batch normalisation does to a prediction: (x - mean) / sqrt(variance + epsilon) * weight + bias."""
    centre, spread, scale, offset = (_array(part) for part in (mean, variance, weight, bias))
    if centre is None or spread is None:
        return Foreign(name, "it keeps no running mean and variance, so that a prediction depends on the batch")
    slope = (1.0 if scale is None else scale) / np.sqrt(spread.astype(np.float64) + epsilon)
    shift = (0.0 if offset is None else offset) - centre * slope
    return Linear(name, np.diag(slope).astype(centre.dtype), shift.astype(centre.dtype))


def _array(tensor: Any) -> NDArray[Any] | None:
    """Return a tensor as an array of float32 or float64; None if there is none, or it holds no numbers yet."""
    if tensor is None:
        return None
    with suppress(TypeError, RuntimeError, NotImplementedError, ValueError):  # of meta tensors, lazy and sparse ones
        plain = tensor.detach().cpu()
        array: NDArray[Any] = (plain if str(plain.dtype) == "torch.float64" else plain.float()).numpy()
        return array.copy()
    return None

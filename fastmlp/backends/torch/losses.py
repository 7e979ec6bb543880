"""The losses of `reference_losses` by PyTorch, which differentiates them."""

from __future__ import annotations

from typing import Any

from ...registry import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, SQUARED_ERROR
from .library import import_torch


def mean_loss(loss: int, z: Any, y: Any, sample_weight: Any = None) -> Any:
    """Return the mean loss of a batch, a tensor of one number; see `reference_losses.mean_loss`."""
    losses = _losses(loss, z, y)
    if sample_weight is None:
        return losses.mean()
    total = sample_weight.sum()
    return (sample_weight @ losses) / (total if total > 0 else 1)


def _losses(loss: int, z: Any, y: Any) -> Any:
    """Return the loss of each example, (B,)."""
    torch = import_torch()
    functional = torch.nn.functional
    if loss == CROSS_ENTROPY:
        return functional.cross_entropy(_two_logits(z), y, reduction="none")
    if loss == BINARY_CROSS_ENTROPY:
        return functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(dim=1)
    if loss == SQUARED_ERROR:
        return ((z - y) ** 2 / 2).sum(dim=1)
    mean = torch.exp(z)
    return (torch.special.xlogy(y, y) - y * z - (y - mean)).sum(dim=1)


def _two_logits(z: Any) -> Any:
    """Return logits of at least two classes: one logit z stands for the two logits (0, z)."""
    torch = import_torch()
    return torch.cat([torch.zeros_like(z), z], dim=1) if z.shape[1] == 1 else z

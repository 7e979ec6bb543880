"""Training within low rank: every linear layer of a stage, those of attention included, moves as W + A @ B.

Hu et al. 2021, arXiv 2106.09685, section 4.1, as `fastmlp.backends.reference_lora` has it; convolutions and biases of
the body stay. PyTorch's parametrisations compute the sum, so a module need not know of it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import Stage, import_torch, tensor
from ..training.phases import Adapters
from .int8 import int8_kind
from .stages import SUM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..layout import Floats
    from .network import BackboneNetwork
    from .stages import BackboneStage


def linear_layers(stage: BackboneStage) -> list[Any]:
    """Return the linear layers of a stage, each once; those with eight bits for each weight among them."""
    kinds = import_torch().nn.Linear, int8_kind()
    return list({id(module): module for module in stage.submodules() if isinstance(module, kinds)}.values())


def draw_factors(net: BackboneNetwork, rank: int, rng: np.random.Generator) -> Adapters:
    """Draw A from the normal law with variance 1 / in and set B to zero, for all linear layers of each stage.

    Returns
    -------
    One array a stage: A (in, rank), then B (rank, out), of its layers one after the other; empty if it has none.
    """
    factors = []
    for stage in net.stages:
        parts = [np.empty(0)]
        for layer in linear_layers(stage):
            drawn = rng.normal(scale=layer.in_features**-0.5, size=layer.in_features * rank)
            parts += [drawn, np.zeros(rank * layer.out_features)]
        factors.append(np.concatenate(parts).astype(net.dtype))
    return Adapters(rank, tuple(factors))


class LowRank:
    """Stages of a network while their linear layers move within low rank.

    Parameters
    ----------
    stages
        Of the network; from here to `merge` their weights are sums.
    factors
        What they begin with, an array for each of these stages, as `draw_factors` has them.
    rank
        Of each.
    """

    def __init__(self, stages: Sequence[BackboneStage], factors: Sequence[Floats], rank: int) -> None:
        parametrize = import_torch().nn.utils.parametrize
        self._layers: list[Any] = []
        self.parts: list[Stage] = []
        for stage, flat in zip(stages, factors, strict=True):
            pairs = _factors_of(stage, flat.copy(), rank)
            for layer, (a, b) in zip(linear_layers(stage), pairs, strict=True):
                if isinstance(layer, int8_kind()):
                    layer.factors = (a, b)  # and they stay beside it: eight bits cannot take them up
                    continue
                parametrize.register_parametrization(layer, "weight", _sum(a, b))
                layer.parametrizations.weight.original.requires_grad_(False)  # noqa: FBT003  PyTorch's own
                self._layers.append(layer)
            self.parts.append(Stage(stage, tuple(a for a, _ in pairs), tuple(b for _, b in pairs)))

    def merge(self) -> None:
        """Write the sums into the weights, where they lie, and let them be plain weights again."""
        torch = import_torch()
        for part in self.parts:
            for factor in (*part.matrices, *part.others):
                factor.requires_grad_(False)  # noqa: FBT003  PyTorch's own
        for layer in self._layers:
            merged = layer.weight.detach().clone()
            torch.nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
            with torch.no_grad():
                layer.weight.copy_(merged)
        self._layers.clear()


def _factors_of(stage: BackboneStage, flat: Any, rank: int) -> list[tuple[Any, Any]]:
    """Return A (in, rank) and B (rank, out) of each linear layer, as tensors in the memory of one array."""
    sizes = [(layer.in_features * rank, rank * layer.out_features) for layer in linear_layers(stage)]
    stops = np.cumsum([0, *(size for pair in sizes for size in pair)]).tolist()
    parts = [tensor(flat[start:stop]) for start, stop in pairwise(stops)]
    return [(a.view(-1, rank), b.view(rank, -1)) for a, b in zip(parts[::2], parts[1::2], strict=True)]


def _sum(a: Any, b: Any) -> Any:
    """Return a module that adds A @ B to a weight, which PyTorch keeps as (out, in)."""
    module = import_torch().nn.Module

    class Sum(module):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            setattr(self, SUM, True)

        def forward(self, weight: Any) -> Any:
            return weight + (a @ b).T

    return Sum()

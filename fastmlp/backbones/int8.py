"""A body in eight bits: every linear layer's weights as int8, a scale for each of its outputs.

Where nothing is differentiated, inputs are turned into eight bits too, row by row as they come ("dynamic"), and
PyTorch's integer kernels multiply. A gradient goes through the weights as numbers again, so adapters of a low rank may
train above and on them (Dettmers et al. 2023, arXiv 2305.14314, with four bits); the eight bits themselves never move.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ..backends.torch import import_torch
from ..errors import InvalidInput, shown
from .backbone import Backbone
from .stages import copy_stages

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 127  # of the integers, symmetric around zero


def quantise(backbone: Backbone) -> Backbone:
    """Return a backbone whose linear layers hold eight bits for each weight.

    Convolutions, embeddings and normalisations stay as they are: PyTorch has no dynamic kernels for them.

    Parameters
    ----------
    backbone
        It is not changed.

    Raises
    ------
    InvalidInput
        If it has no linear layers, as many convolutional networks have none below their head.
    """
    if not isinstance(backbone, Backbone):
        raise InvalidInput(f"backbone is {shown(backbone)}; a Backbone is needed")
    stages = tuple(
        replace(stage, modules=tuple(map(_in_eight_bits, stage.modules))) for stage in copy_stages(backbone.stages)
    )
    if not any(True for stage in stages for module in stage.modules for _ in int8_layers(module)):
        raise InvalidInput(f"{backbone.name} has no linear layers below its head; convolutions stay as they are")
    return replace(backbone, name=f"{backbone.name} in int8", stages=stages, origin=None)


def _in_eight_bits(module: Any) -> Any:
    """Return a module whose linear layers, and it itself if it is one, are replaced."""
    if type(module) is import_torch().nn.Linear:  # its children may read `weight` in their own way
        return int8_of(module)
    for name, child in module.named_children():
        setattr(module, name, _in_eight_bits(child))
    return module


def body_bytes(backbone: Backbone) -> int:
    """Return how many bytes the parameters and buffers of all stages take."""
    return sum(
        one.numel() * one.element_size()
        for stage in backbone.stages
        for _, one in (*stage.parameters(), *stage.buffers())
    )


def int8_of(layer: Any) -> Any:
    """Return a linear layer's stand-in with eight bits for each weight."""
    torch = import_torch()
    weight = layer.weight.detach()
    scale = weight.abs().amax(dim=1).clamp(min=torch.finfo(weight.dtype).tiny) / MOST
    whole = torch.round(weight / scale[:, None]).to(torch.int8).T.contiguous()
    return made(whole, scale, None if layer.bias is None else layer.bias.detach().clone(), None)


def int8_layers(module: Any) -> Iterator[Any]:
    """Yield the layers of a module that hold eight bits for each weight."""
    return (one for one in module.modules() if isinstance(one, int8_kind()))


def made(weight: Any, scale: Any, bias: Any, factors: tuple[Any, Any] | None) -> Any:
    """Return a layer of eight bits; pickles call it.

    Parameters
    ----------
    weight : (in, out)
        int8.
    scale : (out,)
        What each column is multiplied by.
    bias : (out,)
        Or None.
    factors
        A (in, rank) and B (rank, out), whose product is added; or None.
    """
    return int8_kind()(weight, scale, bias, factors)


@cache
def int8_kind() -> type[Any]:
    """Return the class of these layers, which is PyTorch's child and made when PyTorch is there."""
    torch = import_torch()

    class Int8Linear(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, weight: Any, scale: Any, bias: Any, factors: Any) -> None:
            super().__init__()
            self.register_buffer("weight", weight)
            self.register_buffer("scale", scale)
            self.bias = None if bias is None else torch.nn.Parameter(bias)
            self.factors = factors
            self.in_features, self.out_features = weight.shape

        def __reduce__(self) -> tuple[Any, ...]:
            factors = self.factors and tuple(one.detach().clone() for one in self.factors)
            bias = None if self.bias is None else self.bias.detach().clone()
            return made, (self.weight, self.scale, bias, factors)

        def forward(self, x: Any) -> Any:
            if torch.is_grad_enabled() and x.requires_grad:
                found = x @ (self.weight.to(x.dtype) * self.scale)
            else:
                found = integer_product(x.flatten(0, -2), self.weight, self.scale).unflatten(0, x.shape[:-1])
            if self.bias is not None:
                found = found + self.bias
            return found if self.factors is None else found + x @ self.factors[0] @ self.factors[1]

    return Int8Linear


def integer_product(x: Any, weight: Any, scale: Any) -> Any:
    """Return x @ (weight * scale), each row of x rounded to eight bits by its own largest number.

    Parameters
    ----------
    x : (n, in)
    weight : (in, out)
        int8.
    scale : (out,)
    """
    torch = import_torch()
    largest = x.abs().amax(dim=1, keepdim=True).clamp(min=torch.finfo(x.dtype).tiny) / MOST
    whole = torch.round(x / largest).to(torch.int8)
    # torchao builds on _int_mm too; cuBLAS has it for some shapes and layouts only, and doubles hold the same sums
    product = whole.double() @ weight.double() if x.is_cuda else torch._int_mm(whole, weight)  # noqa: SLF001
    return product.to(x.dtype).mul_(largest).mul_(scale)

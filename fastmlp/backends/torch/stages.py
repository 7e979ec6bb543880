"""A network as stages, from the inputs up; an MLP has one for each layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ...layout import Layout
from .library import import_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from ...layout import Floats, Ints


@dataclass(frozen=True, eq=False)
class Stage:
    """A part of a network: what it computes, and the parameters that the two columns of a phase's tables speak of.

    Parameters
    ----------
    call
        From the values below it to its own.
    matrices
        Parameters of two or more axes: the first column.
    others
        Biases, and whatever else has one axis: the second column.
    """

    call: Callable[[Any], Any]
    matrices: tuple[Tensor, ...]
    others: tuple[Tensor, ...]


class Cell(NamedTuple):
    """The parameters of one cell of the tables, which move, and its numbers."""

    parameters: tuple[Tensor, ...]
    anchors: tuple[Tensor, ...]
    rate: float
    decay: float
    pull: float


def mlp_stages(theta: Floats, sizes: Ints, activation: int, norms: NDArray[np.float64] | None = None) -> list[Stage]:
    """Return an MLP's stages; their parameters share the memory of theta.

    With `norms`, a layer above the first normalises its inputs, as `reference.loss_and_gradient` says.
    """
    weights, biases = _views(theta, sizes)
    epsilons = [0.0] * len(weights) if norms is None else [0.0, *norms[1:].tolist()]
    bends = [*[_activations()[activation]] * (len(weights) - 1), None]
    return [
        Stage(_layer(w, b, bend, epsilon), (w,), (b,))
        for w, b, bend, epsilon in zip(weights, biases, bends, epsilons, strict=True)
    ]


def lora_stages(theta: Floats, factors: Floats, sizes: Ints, activation: int, rank: int, scale: float) -> list[Stage]:
    """Return the stages of an MLP whose weights below the head move as W + scale * A @ B, as `reference_lora` says.

    Parameters
    ----------
    theta
        Holds W and the biases, which do not move.
    factors
        A and B of each layer, then the head's weights and bias: what is trained. The stages share its memory.
    """
    weights, biases = _views(theta, sizes)
    bend, flat = _activations()[activation], tensor(factors)
    stages, start = [], 0
    for layer, (n_in, n_out) in enumerate(pairwise(sizes.tolist())):
        is_head = layer == len(weights) - 1
        shapes = ((n_in, n_out), (n_out,)) if is_head else ((n_in, rank), (rank, n_out))
        middle = start + math.prod(shapes[0])
        end = middle + math.prod(shapes[1])
        a, b = flat[start:middle].view(shapes[0]).detach(), flat[middle:end].view(shapes[1]).detach()
        call = _layer(a, b, None) if is_head else _adapted(weights[layer], biases[layer], a, b, scale, bend)
        stages.append(Stage(call, (a,), (b,)))
        start = end
    return stages


def compose(stages: Sequence[Stage], x: Any) -> Any:
    """Return the values after some stages."""
    for stage in stages:
        x = stage.call(x)
    return x


def pick(values: Any, rows: Any) -> Any:
    """Return some examples of a value, which is a tensor (n, ...) or a tuple of them."""
    return tuple(part[rows] for part in values) if isinstance(values, tuple) else values[rows]


def moving_cells(
    stages: Sequence[Stage],
    anchors: Sequence[Stage],
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    pulls: NDArray[np.float64],
) -> list[Cell]:
    """Return the cells whose rate is not zero, and let those parameters and no others have gradients."""
    cells = []
    for row, (stage, anchor) in enumerate(zip(stages, anchors, strict=True)):
        both = (stage.matrices, anchor.matrices), (stage.others, anchor.others)
        for column, (parameters, kept) in enumerate(both):
            moves = rates[row, column] != 0
            for parameter in parameters:
                parameter.requires_grad_(bool(moves))
            if moves and parameters:
                numbers = (float(table[row, column]) for table in (rates, decays, pulls))
                cells.append(Cell(parameters, kept, *numbers))
    return cells


def freeze(stages: Sequence[Stage]) -> None:
    """Let no parameter have a gradient."""
    for parameter in parameters_of(stages):
        parameter.requires_grad_(False)  # noqa: FBT003  PyTorch's own


def tensor(array: NDArray[Any]) -> Tensor:
    """Return a tensor that shares an array's memory, or that of a copy if PyTorch cannot take the array."""
    torch = import_torch()
    usable = array.flags.writeable and all(stride >= 0 for stride in array.strides)
    return torch.from_numpy(array if usable else array.copy())


def _views(theta: Floats, sizes: Ints) -> tuple[list[Tensor], list[Tensor]]:
    """Return weights (in, out) and biases, each a leaf of its own in the memory of theta."""
    weights, biases = Layout(tuple(sizes.tolist())).views(theta)
    return [tensor(w) for w in weights], [tensor(b) for b in biases]


def _activations() -> tuple[Callable[[Any], Any], ...]:
    """Return the activations in the order of `registry.ACTIVATIONS`."""
    torch = import_torch()
    gelu = torch.nn.functional.gelu
    return torch.relu, torch.tanh, torch.sigmoid, lambda z: z, gelu, partial(gelu, approximate="tanh")


def _layer(
    weight: Tensor, bias: Tensor, bend: Callable[[Any], Any] | None, epsilon: float = 0.0
) -> Callable[[Any], Any]:
    normalise = import_torch().nn.functional.layer_norm

    def layer(x: Any) -> Any:
        z = (normalise(x, x.shape[1:], eps=epsilon) if epsilon else x) @ weight + bias
        return z if bend is None else bend(z)

    return layer


def _adapted(
    weight: Tensor, bias: Tensor, a: Tensor, b: Tensor, scale: float, bend: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    return lambda x: bend(x @ (weight + scale * a @ b) + bias)


def parameters_of(stages: Sequence[Stage]) -> Iterator[Tensor]:
    """Yield all parameters, stage by stage: matrices, then the others."""
    for stage in stages:
        yield from stage.matrices
        yield from stage.others

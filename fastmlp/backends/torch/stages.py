"""A network as stages, from the inputs up; an MLP has one for each layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...layout import Layout
from ..between import BEFORE, BEFORE_KEY, BEHIND, BEHIND_KEY, INNER, NO_VISIT, NORM, mask, rescaled_layers
from .library import import_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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


class Between:
    """What lies between the layers of an MLP besides activations, see `fastmlp.backends.between`.

    Parameters
    ----------
    table : (L, columns)

    Attributes
    ----------
    visit
        The number of the visit of the first example of the batch that goes through next; with `NO_VISIT` nothing is
        dropped.
    """

    def __init__(self, table: NDArray[np.float64]) -> None:
        self.table, self.visit = table, NO_VISIT

    def taken(self, layer: int, x: Any) -> Any:
        """Return what a layer takes of its inputs (B, I)."""
        row = self.table[layer]
        x = self._dropped(x, row[BEFORE], row[BEFORE_KEY])
        if row[NORM] > 0:
            x = import_torch().nn.functional.layer_norm(x, x.shape[1:], eps=row[NORM].item())
        return self._dropped(x, row[BEHIND], row[BEHIND_KEY])

    def _dropped(self, x: Any, share: float, key: float) -> Any:
        dtype = np.dtype(str(x.dtype).removeprefix("torch."))
        factors = mask(share, key, self.visit, tuple(x.shape), dtype)
        return x if factors is None else x * tensor(factors)


def mlp_stages(theta: Floats, sizes: Ints, activation: int, between: Between | None = None) -> list[Stage]:
    """Return an MLP's stages; their parameters share the memory of theta."""
    weights, others = _views(theta, sizes, between)
    bends = [*[_activations()[activation]] * (len(weights) - 1), None]
    return [
        Stage(_layer(weight, vectors, bend, layer, between), (weight,), vectors)
        for layer, (weight, vectors, bend) in enumerate(zip(weights, others, bends, strict=True))
    ]


def lora_stages(
    theta: Floats,
    factors: Floats,
    sizes: Ints,
    activation: int,
    rank: int,
    scale: float,
    between: Between | None = None,
) -> list[Stage]:
    """Return the stages of an MLP whose weights below the head move as W + scale * A @ B, as `reference_lora` says.

    Parameters
    ----------
    theta
        Holds W and the biases, which do not move.
    factors
        A and B of each layer, then the head's weights and bias: what is trained. The stages share its memory.
    """
    weights, others = _views(theta, sizes, between)
    bend, flat = _activations()[activation], tensor(factors)
    stages, start = [], 0
    for layer, (n_in, n_out) in enumerate(pairwise(sizes.tolist())):
        is_head = layer == len(weights) - 1
        shapes = ((n_in, n_out), (n_out,)) if is_head else ((n_in, rank), (rank, n_out))
        middle = start + math.prod(shapes[0])
        end = middle + math.prod(shapes[1])
        a, b = flat[start:middle].view(shapes[0]).detach(), flat[middle:end].view(shapes[1]).detach()
        weight = a if is_head else _adapted(weights[layer], a, b, scale)
        call = _layer(weight, (b,) if is_head else others[layer], None if is_head else bend, layer, between)
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


def _views(theta: Floats, sizes: Ints, between: Between | None) -> tuple[list[Tensor], list[tuple[Tensor, ...]]]:
    """Return weights (in, out); and biases, with gains and shifts: each a leaf of its own in the memory of theta."""
    layout = Layout(tuple(sizes.tolist()), rescaled_layers(None if between is None else between.table))
    weights, biases = layout.views(theta)
    gains = [() if gain is None else tuple(gain) for gain in layout.gains(theta)]
    vectors = [tuple(map(tensor, (bias, *gain))) for bias, gain in zip(biases, gains, strict=True)]
    return [tensor(weight) for weight in weights], vectors


def _activations() -> tuple[Callable[[Any], Any], ...]:
    """Return the activations in the order of `registry.ACTIVATIONS`."""
    torch = import_torch()
    gelu = torch.nn.functional.gelu
    return torch.relu, torch.tanh, torch.sigmoid, lambda z: z, gelu, partial(gelu, approximate="tanh")


def _layer(
    weight: Tensor | Callable[[], Tensor],
    others: tuple[Tensor, ...],
    bend: Callable[[Any], Any] | None,
    place: int,
    between: Between | None,
) -> Callable[[Any], Any]:
    normalise = import_torch().nn.functional.layer_norm

    def layer(x: Any) -> Any:
        bias, *gain = others
        taken = x if between is None else between.taken(place, x)
        z = taken @ (weight() if callable(weight) else weight) + bias
        if gain and between is not None:
            z = normalise(z, z.shape[1:], *gain, eps=between.table[place, INNER].item())
        return z if bend is None else bend(z)

    return layer


def _adapted(weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Callable[[], Tensor]:
    return lambda: weight + scale * a @ b


def parameters_of(stages: Sequence[Stage]) -> Iterator[Tensor]:
    """Yield all parameters, stage by stage: matrices, then the others."""
    for stage in stages:
        yield from stage.matrices
        yield from stage.others

"""Training within low rank (LoRA) in NumPy: the text to read, beside `reference`.

Hu et al. (2021, arXiv 2106.09685), section 4.1. A weight matrix below the head moves as W = base + scale * A @ B with A
(I, r) and B (r, O); B begins at zero, so the first output is the base's. What is trained is one flat vector::

    | A1 (I, r) | B1 (r, O) | A2 | B2 | ... | weights of the head | bias of the head |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..layout import Layout
from ..registry import ADAM_DEFAULTS, CROSS_ENTROPY
from .between import rescaled_layers
from .reference import gradient_of_batch, gradients, moving_parts, quiet
from .reference_optimizer import step_of, update

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats, Ints


@quiet
def train_lora(
    theta: Floats,
    factors: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
    order: Ints,
    batch_size: int,
    rank: int,
    scale: float,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    base: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    between: NDArray[np.float64] | None = None,
) -> int:
    """Make updates as `reference.train` does, but move the weights below the head within low rank, and no bias there.

    Parameters
    ----------
    theta : (P,) the merged parameters, on entry and after every update. Changed in place.
    factors : (F,) what is trained, as above. Changed in place.
    state : (2, F) its moments, changed in place.
    rank, scale : r, and what the product is multiplied by.
    rates, decays : (L, 2) of A and B; in the last row of the head's weights and bias.
    base : (P,) the weights that are not trained.
    sizes, activation, optimizer, x, y, order, batch_size, momentum, losses, first, last, weighted, loss, sample_weight,
    nesterov, between
        As in `reference.train`.

    Returns
    -------
    As `reference.train`.
    """
    done = first
    slopes = np.empty_like(factors)
    lengths = factor_sizes(sizes, rank)
    head = -sum(lengths[-2:])
    for gradient, _ in gradients(
        gradient_of_batch, theta, sizes, activation, x, y, order, batch_size, losses, first, last, loss=loss,
        sample_weight=sample_weight, between=between,
    ):  # fmt: skip
        done += 1
        full, pairs, slots = _body(gradient, sizes, between), _pairs(factors, sizes, rank), _pairs(slopes, sizes, rank)
        for slope, (a, b), (d_a, d_b) in zip(full, pairs, slots, strict=True):
            d_a[:] = scale * slope @ b.T  # (I, r): the chain rule through scale * A @ B
            d_b[:] = scale * a.T @ slope  # (r, O)
        slopes[head:] = gradient[head:]
        step = step_of(done, order.shape[1], batch_size, weighted=weighted, adam=ADAM_DEFAULTS)
        for part, rate, decay in moving_parts(lengths, rates, decays):
            update(
                optimizer, factors[part], state[:, part], slopes[part], rate, decay, momentum, step, nesterov=nesterov
            )
        merge(theta, base, factors, sizes, rank, scale, between)
    return done


def merge(
    theta: Floats,
    base: Floats,
    factors: Floats,
    sizes: Ints,
    rank: int,
    scale: float,
    between: NDArray[np.float64] | None = None,
) -> None:
    """Write base + scale * A @ B into the weights of theta, and the trained head into its head."""
    weights, starts = (_body(flat, sizes, between) for flat in (theta, base))
    for weight, start, (a, b) in zip(weights, starts, _pairs(factors, sizes, rank), strict=True):
        weight[:] = start + scale * a @ b  # (I, O)
    head = -sum(factor_sizes(sizes, rank)[-2:])
    theta[head:] = factors[head:]


def factor_sizes(sizes: Ints, rank: int) -> list[int]:
    """Number of parameters of each part of what is trained, in order."""
    *widths, last, classes = sizes.tolist()
    pairs = zip(widths, [*widths[1:], last], strict=False)  # a network of one layer has no body
    return [*(size for n_in, n_out in pairs for size in (n_in * rank, rank * n_out)), last * classes, classes]


def _body(flat: Floats, sizes: Ints, between: NDArray[np.float64] | None) -> list[Floats]:
    """Weight matrices below the head, sharing memory."""
    return Layout(tuple(sizes.tolist()), rescaled_layers(between)).views(flat)[0][:-1]


def _pairs(factors: Floats, sizes: Ints, rank: int) -> list[tuple[Floats, Floats]]:
    """A and B of each layer below the head, sharing memory."""
    stops = np.cumsum(factor_sizes(sizes, rank)).tolist()
    parts = [factors[start:stop] for start, stop in zip([0, *stops], stops, strict=False)][:-2]
    return [(a.reshape(-1, rank), b.reshape(rank, -1)) for a, b in zip(parts[::2], parts[1::2], strict=True)]

"""A backend made of two functions: whoever writes a forward pass and a gradient has all that a study needs.

The loop, the optimisers and the freezing are those of `reference`, as is training within low rank. Its loss is the mean
cross-entropy, because that is the one whose gradient was written.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..registry import CROSS_ENTROPY, LOSSES
from . import Backend
from .reference import quiet, train_by
from .reference_lora import train_lora

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .reference import Gradient


def make_backend(
    name: str,
    features: Callable[..., Floats],
    forward: Callable[[Floats, Ints, int, Floats], Floats],
    loss_and_gradient: Callable[[Floats, Ints, int, Floats, Ints], tuple[float, Floats]],
) -> Backend:
    """Return a backend; the arguments of its functions are those of `reference`, without weights or another loss."""
    gradient = _of_cross_entropy(name, loss_and_gradient)
    return Backend(name, features, forward, gradient, quiet(partial(train_by, gradient)), train_lora)


def _of_cross_entropy(
    name: str, loss_and_gradient: Callable[[Floats, Ints, int, Floats, Ints], tuple[float, Floats]]
) -> Gradient:
    """Return a function that takes what that of `reference` takes, and refuses what this one cannot compute."""

    @wraps(loss_and_gradient)
    def gradient(
        theta: Floats,
        sizes: Ints,
        activation: int,
        x: Floats,
        y: NDArray[Any],
        sample_weight: Floats | None = None,
        loss: int = CROSS_ENTROPY,
    ) -> tuple[float, Floats]:
        if loss != CROSS_ENTROPY:
            raise InvalidInput(f"loss is {LOSSES[loss]!r}; backend {name!r} knows {LOSSES[CROSS_ENTROPY]!r} only")
        if sample_weight is not None:
            raise InvalidInput(f"sample_weight is given; backend {name!r} knows examples that count alike only")
        return loss_and_gradient(theta, sizes, activation, x, y)

    return gradient

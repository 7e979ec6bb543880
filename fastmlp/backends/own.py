"""A backend made of two functions: whoever writes a forward pass and a gradient has all that a study needs.

The loop, the optimisers and the freezing are those of `reference`, as is training within low rank.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import Backend
from .reference import quiet, train_by
from .reference_lora import train_lora

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..layout import Floats, Ints
    from .reference import Gradient


def make_backend(
    name: str,
    features: Callable[..., Floats],
    forward: Callable[[Floats, Ints, int, Floats], Floats],
    loss_and_gradient: Gradient,
) -> Backend:
    """Return a backend; the arguments of its functions are those of `reference`."""
    train = quiet(partial(train_by, loss_and_gradient))
    return Backend(name, features, forward, loss_and_gradient, train, train_lora)

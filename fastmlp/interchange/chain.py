"""What other libraries' networks have in common: steps one after the other, from which a `Network` is put together.

A reader of a library makes steps; what it finds and cannot make a step of becomes `Foreign`. Nothing is put together
before all of them are named, so that a user sees at once what stands in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InvalidInput, NotFiniteError, one_line
from ..network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats

MOST_NAMED = 20  # problems that a refusal names


@dataclass(frozen=True, eq=False)
class Linear:
    """x @ weight + bias, with weight (in, out) and bias (out,), float32 or float64."""

    name: str
    weight: Floats
    bias: Floats


class Activation(NamedTuple):
    """An activation function of fastmlp, by its name."""

    name: str
    function: str


class Foreign(NamedTuple):
    """Something that no step can be made of, and why."""

    name: str
    reason: str


Step = Linear | Activation | Foreign


def network_of(steps: Sequence[Step], what: str) -> Network:
    """Return the network that computes what steps do.

    Linear steps that follow one another become one. A chain that ends in its activation gets a head that hands on what
    it is given; a chain with no activation at all has the identity between its layers.

    Parameters
    ----------
    steps
        In the order in which they are computed.
    what
        How messages call the model.

    Raises
    ------
    InvalidInput
        If something cannot be translated: all of it is named.
    NotFiniteError
        If a weight is NaN or infinite.
    """
    problems = _problems(steps)
    if problems:
        more = [f"and {len(problems) - MOST_NAMED} more"] if len(problems) > MOST_NAMED else []
        raise InvalidInput(one_line(f"{what} cannot be translated: {'; '.join(problems[:MOST_NAMED] + more)}"))
    functions = {step.function for step in steps if isinstance(step, Activation)}
    layers = _layers(steps, merge=bool(functions))
    for layer in layers:
        if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
            raise NotFiniteError(one_line(f"{what} cannot be translated: {layer.name} has NaN or infinity in it"))
    dtype = np.result_type(*(layer.weight for layer in layers))
    sizes = (len(layers[0].weight), *(len(layer.bias) for layer in layers))
    theta = np.concatenate([part.ravel() for layer in layers for part in (layer.weight, layer.bias)])
    return Network(sizes, theta.astype(dtype, copy=False), functions.pop() if functions else "identity")


def _problems(steps: Sequence[Step]) -> list[str]:
    """Return why a chain is no network of ours, step by step."""
    found = [f"{step.name}: {step.reason}" for step in steps if isinstance(step, Foreign)]
    width: int | None = None
    before, after = "", ""
    for step in steps:
        if isinstance(step, Linear):
            if width not in {None, len(step.weight)}:
                found.append(f"{step.name} takes {len(step.weight)} inputs, and {before} before it gives {width}")
            width, before = len(step.bias), step.name
            after = ""
        elif isinstance(step, Activation):
            if width is None:
                found.append(f"{step.name} ({step.function}) comes before any linear layer")
            elif after:
                found.append(f"{step.name} ({step.function}) follows {after}, with no linear layer between them")
            after = step.name
    activations = [step for step in steps if isinstance(step, Activation)]
    if len({step.function for step in activations}) > 1:
        named = ", ".join(f"{step.name} is {step.function}" for step in activations)
        found.append(f"all hidden layers have one activation, and here {named}")
    if width is None and not found:
        found.append("it has no linear layer")
    return found


def _layers(steps: Sequence[Step], *, merge: bool) -> list[Linear]:
    """Return the layers of weights; those with no activation between them in one, if `merge` says so."""
    layers: list[Linear] = []
    follows = False  # whether the step before was linear too
    for step in steps:
        if isinstance(step, Linear):
            if follows and merge:
                layers[-1] = _merged(layers[-1], step)
            else:
                layers.append(step)
        follows = isinstance(step, Linear)
    if isinstance(steps[-1], Activation):
        width, dtype = len(layers[-1].bias), layers[-1].weight.dtype
        layers.append(Linear("the end", np.eye(width, dtype=dtype), np.zeros(width, dtype)))
    return layers


def _merged(below: Linear, above: Linear) -> Linear:
    """Return one linear step for two, computed in double precision."""
    dtype = np.result_type(below.weight, above.weight)
    wide: NDArray[Any] = above.weight.astype(np.float64)
    weight, bias = below.weight.astype(np.float64) @ wide, below.bias.astype(np.float64) @ wide + above.bias
    return Linear(f"{below.name} and {above.name}", weight.astype(dtype), bias.astype(dtype))

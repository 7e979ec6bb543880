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


@dataclass(frozen=True, eq=False)
class Norm:
    """LayerNorm: (x - mean) / sqrt(variance + epsilon) * gain + shift, with gain and shift (units,)."""

    name: str
    epsilon: float
    gain: Floats
    shift: Floats


class Foreign(NamedTuple):
    """Something that no step can be made of, and why."""

    name: str
    reason: str


Step = Linear | Activation | Norm | Foreign


def network_of(steps: Sequence[Step], what: str) -> Network:
    """Return the network that computes what steps do.

    Linear steps that follow one another become one, and so do a LayerNorm's gain and shift and the linear step behind
    it. A chain that ends in its activation or a LayerNorm gets a head that hands on what it is given; a chain with no
    activation at all has the identity between its layers.

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
    layers, norms = _layers(steps, merge=bool(functions))
    for layer in layers:
        if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
            raise NotFiniteError(one_line(f"{what} cannot be translated: {layer.name} has NaN or infinity in it"))
    dtype = np.result_type(*(layer.weight for layer in layers))
    sizes = (len(layers[0].weight), *(len(layer.bias) for layer in layers))
    theta = np.concatenate([part.ravel() for layer in layers for part in (layer.weight, layer.bias)])
    function = functions.pop() if functions else "identity"
    return Network(sizes, theta.astype(dtype, copy=False), function, norms)


def _problems(steps: Sequence[Step]) -> list[str]:
    """Return why a chain is no network of ours, step by step."""
    found = [f"{step.name}: {step.reason}" for step in steps if isinstance(step, Foreign)]
    known = [step for step in steps if not isinstance(step, Foreign)]
    width, giver = None, ""
    for step in known:
        takes, gives = _widths(step)
        if takes is not None and width not in {None, takes}:
            found.append(f"{step.name} takes {takes} inputs, and {giver} before it gives {width}")
        if gives is not None:
            width, giver = gives, step.name
    activations = [step for step in known if isinstance(step, Activation)]
    for before, step in zip([None, *known], known, strict=False):
        found += [f"{step.name} {reason}" for reason in [_out_of_place(before, step, bool(activations))] if reason]
    if len({step.function for step in activations}) > 1:
        named = ", ".join(f"{step.name} is {step.function}" for step in activations)
        found.append(f"all hidden layers have one activation, and here {named}")
    if not found and not any(isinstance(step, Linear) for step in steps):
        found.append("it has no linear layer")
    return found


def _widths(step: Step) -> tuple[int | None, int | None]:
    """Return how many numbers a step takes and gives, if it matters."""
    if isinstance(step, Linear):
        return step.weight.shape
    return (len(step.gain), len(step.gain)) if isinstance(step, Norm) else (None, None)


def _out_of_place(before: Step | None, step: Step, has_activations: bool) -> str:  # noqa: FBT001
    """Return why a step cannot come where it does; nothing if it can."""
    if isinstance(step, Activation) and not isinstance(before, Linear):
        where = f"follows {before.name}" if before else "comes first"
        return f"({step.function}) {where}; an activation comes behind a linear layer"
    if isinstance(step, Norm) and isinstance(before, Norm):
        return f"follows {before.name}, with no linear layer between them"
    if isinstance(step, Norm) and isinstance(before, Linear) and has_activations:
        return f"follows {before.name} with no activation between them"
    return ""


def _layers(steps: Sequence[Step], *, merge: bool) -> tuple[list[Linear], tuple[float, ...]]:
    """Return the layers of weights and their norms; `merge` makes one of those with no activation between them."""
    layers: list[Linear] = []
    norms: list[float] = []
    before: Step | None = None
    for step in [*steps, *_end(steps)]:
        if isinstance(step, Linear) and isinstance(before, Linear) and merge:
            layers[-1] = _merged(layers[-1], step)
        elif isinstance(step, Linear):
            layers.append(_behind(before, step) if isinstance(before, Norm) else step)
            norms.append(before.epsilon if isinstance(before, Norm) else 0.0)
        before = step
    return layers, tuple(norms)


def _end(steps: Sequence[Step]) -> list[Linear]:
    """Return the head of a chain that has none."""
    if isinstance(steps[-1], Linear):
        return []
    width = next(gives for step in reversed(steps) for _, gives in [_widths(step)] if gives is not None)
    dtype = next(step.weight.dtype for step in reversed(steps) if isinstance(step, Linear))
    return [Linear("the end", np.eye(width, dtype=dtype), np.zeros(width, dtype))]


def _behind(norm: Norm, layer: Linear) -> Linear:
    """Return a linear step that does what it did behind a gain and a shift."""
    gain = Linear(norm.name, np.diag(norm.gain), norm.shift)
    return _merged(gain, layer)


def _merged(below: Linear, above: Linear) -> Linear:
    """Return one linear step for two, computed in double precision."""
    dtype = np.result_type(below.weight, above.weight)
    wide: NDArray[Any] = above.weight.astype(np.float64)
    weight, bias = below.weight.astype(np.float64) @ wide, below.bias.astype(np.float64) @ wide + above.bias
    return Linear(f"{below.name} and {above.name}", weight.astype(dtype), bias.astype(dtype))

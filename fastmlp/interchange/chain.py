"""What other libraries' networks have in common: steps one after the other, from which a `Network` is put together.

A reader of a library makes steps; what it finds and cannot make a step of becomes `Foreign`. Nothing is put together
before all of them are named, so that a user sees at once what stands in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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


class Drop(NamedTuple):
    """Dropout of a share of what it is given, from 0 to below 1, the rest being divided by what is left of 1."""

    name: str
    share: float


class Foreign(NamedTuple):
    """Something that no step can be made of, and why."""

    name: str
    reason: str


Step = Linear | Activation | Norm | Drop | Foreign
HOMOGENEOUS = ("relu", "identity")  # f(c x) = c f(x) for c of at least 0: dropout before it is dropout behind it


class Between(NamedTuple):
    """What the steps between two linear ones are, or those before the first and behind the last.

    In this order, each once at most: `inner`, a norm before the activation; `function`, the activation; `dropout`;
    `norm`; `norm_dropout`.
    """

    inner: Norm | None = None
    function: str | None = None
    dropout: float = 0.0
    norm: Norm | None = None
    norm_dropout: float = 0.0


def network_of(steps: Sequence[Step], what: str) -> Network:
    """Return the network that computes what steps do.

    Linear steps that follow one another become one, and so do the gain and the shift of a LayerNorm and the linear step
    behind it; one before an activation keeps them. A chain that ends in anything but a linear step gets a head that
    hands on what it is given; a chain with no activation at all has the identity between its layers.

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
    layers, gaps = _layers(steps, merge=bool(functions))
    inner = [*(gap.inner for gap in gaps[1:]), None]
    parts: list[tuple[str, Floats]] = []
    for layer, norm in zip(layers, inner, strict=True):
        parts += [(layer.name, layer.weight), (layer.name, layer.bias)]
        parts += [(norm.name, norm.gain), (norm.name, norm.shift)] if norm else []
    for name, part in parts:
        if not np.isfinite(part).all():
            raise NotFiniteError(one_line(f"{what} cannot be translated: {name} has NaN or infinity in it"))
    dtype = np.result_type(*(layer.weight for layer in layers))
    return Network(
        (len(layers[0].weight), *(len(layer.bias) for layer in layers)),
        np.concatenate([part.ravel() for _, part in parts]).astype(dtype, copy=False),
        functions.pop() if functions else "identity",
        norms=tuple(gap.norm.epsilon if gap.norm else 0.0 for gap in gaps),
        inner_norms=tuple(norm.epsilon if norm else 0.0 for norm in inner),
        dropout=tuple(gap.dropout for gap in gaps),
        norm_dropout=tuple(gap.norm_dropout for gap in gaps),
    )


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
    for before, gap in _gaps(known):
        found += _read_gap(before, gap, has_activations=bool(activations))[1]
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


def _gaps(steps: Sequence[Step]) -> list[tuple[Linear | None, list[Step]]]:
    """Return what lies before the first linear step and behind each of them, with the linear step before it."""
    gaps: list[tuple[Linear | None, list[Step]]] = [(None, [])]
    for step in steps:
        if isinstance(step, Linear):
            gaps.append((step, []))
        else:
            gaps[-1][1].append(step)
    return gaps


def _read_gap(before: Linear | None, gap: Sequence[Step], *, has_activations: bool) -> tuple[Between, list[str]]:
    """Return what the steps between two linear ones are, and what cannot come where it does."""
    read = Between()
    previous: Step | None = before
    problems: list[str] = []
    bend = next((step for step in gap if isinstance(step, Activation)), None)
    for step in gap:
        reason = ""
        if bend is None and before is not None and has_activations:
            reason = f"follows {before.name} with no activation between them"
        elif isinstance(step, Activation):
            reason = _refusal_of_activation(before, previous, read, step)
            read = read._replace(function=step.function)
        elif isinstance(step, Norm):
            read, reason = _with_norm(read, step, early=bend is not None and read.function is None)
        elif isinstance(step, Drop):
            read, reason = _with_dropout(read, step, None if read.function else bend)
        if reason:
            hint = " (with a share of 0 it is left out)" if isinstance(step, Drop) else ""
            problems.append(f"{step.name} {reason}{hint}")
        previous = step
    return read, problems


def _refusal_of_activation(before: Linear | None, previous: Step | None, read: Between, step: Activation) -> str:
    """Return why an activation cannot come where it does; nothing if it can."""
    if before is not None and read.function is None:
        return ""
    where = f"follows {previous.name}" if previous else "comes first"
    return f"({step.function}) {where}; an activation comes behind a linear layer"


def _with_norm(read: Between, step: Norm, *, early: bool) -> tuple[Between, str]:
    """Take a norm in, before the activation or behind it; return why it cannot come there, if it cannot."""
    there = read.inner if early else read.norm
    if there is not None:
        return read, f"follows {there.name}, with no linear layer between them"
    if early and read.dropout:
        return read, "follows dropout before an activation; there, dropout comes behind it"
    return (read._replace(inner=step) if early else read._replace(norm=step)), ""


def _with_dropout(read: Between, step: Drop, bend: Activation | None) -> tuple[Between, str]:
    """Take dropout in, which `bend` follows if that is given; two that follow one another drop what either does."""
    if bend is not None and bend.function not in HOMOGENEOUS and step.share:
        return read, f"comes before {bend.name} ({bend.function}); dropout comes behind it"
    if read.norm is None:
        return read._replace(dropout=_either(read.dropout, step.share)), ""
    return read._replace(norm_dropout=_either(read.norm_dropout, step.share)), ""


def _either(first: float, second: float) -> float:
    """Return the share that is dropped by either of two, which are independent."""
    return first + second - first * second  # in this form 0 and 0.1 are 0.1


def _layers(steps: Sequence[Step], *, merge: bool) -> tuple[list[Linear], list[Between]]:
    """Return the layers of weights, and what lies before each; `merge` makes one of those with nothing between them."""
    layers: list[Linear] = []
    before: list[Between] = []
    gaps = _gaps([*steps, *_end(steps)])
    for (giver, gap), (layer, _) in pairwise(gaps):
        read, _ = _read_gap(giver, gap, has_activations=merge)
        if layer is not None and merge and layers and not gap:
            layers[-1] = _merged(layers[-1], layer)
        elif layer is not None:
            layers.append(layer if read.norm is None else _behind(read.norm, layer))
            before.append(read)
    return layers, before


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

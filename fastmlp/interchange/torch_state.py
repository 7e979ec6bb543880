"""State dicts of PyTorch as steps: names and shapes tell the layers, and nothing tells the functions between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from ..errors import InvalidInput, shown
from ..registry import ACTIVATIONS
from .chain import Activation, Foreign, Linear, Norm, Step
from .saved_tensors import unwrapped
from .torch_layers import layer_norm, linear

PARTS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
SIDE = "a state dict does not say on which side of an activation it normalises; the module does"
NORM_EPSILON = 1e-5  # PyTorch's own, which a state dict does not say either


def steps_of_state(torch: Any, state: Mapping[Any, Any], activation: str | None, prefix: str) -> list[Step]:
    """Return the steps of a state dict."""
    state = unwrapped(state)
    chosen = {str(key): value for key, value in state.items() if str(key).startswith(prefix)}
    if not chosen:
        raise InvalidInput(f"the state dict has no name that begins with {prefix!r}; it has {shown(list(state), 200)}")
    layers: list[Step] = []
    for name, group in groupby(sorted(chosen, key=_order(chosen)), key=lambda key: key.rpartition(".")[0]):
        layers.append(_step_of_parts(torch, name, {key.rpartition(".")[2]: chosen[key] for key in group}))
    hidden = [step for step in layers if isinstance(step, Linear)][:-1]
    if hidden and activation is None and not any(isinstance(step, Foreign) for step in layers):
        raise InvalidInput(
            "a state dict does not say which activation its hidden layers have; activation= one of "
            f"{', '.join(ACTIVATIONS)} says it"
        )
    return _with_activations(layers, activation)


def _order(names: Mapping[str, Any]) -> Any:
    """Return the key by which names are sorted: numbered layers by number, else as they lie in the dict."""
    places: dict[str, int] = {}
    for name in names:
        places.setdefault(name.rpartition(".")[0], len(places))
    numbered = all(re.search(r"\d+$", layer) for layer in places)

    def key(name: str) -> tuple[Any, ...]:
        layer = name.rpartition(".")[0]
        pieces = [int(piece) if k % 2 else piece for k, piece in enumerate(re.split(r"(\d+)", layer))]
        return (pieces,) if numbered else (places[layer],)

    return key


def _step_of_parts(torch: Any, name: str, parts: dict[str, Any]) -> Step:
    """Return the step that the tensors of one layer are."""
    called = name or "the nameless layer"
    if not all(isinstance(value, torch.Tensor) for value in parts.values()) or not set(parts) <= PARTS:
        return Foreign(called, f"it holds {shown(sorted(parts))}; weight and bias are known")
    weight = parts.get("weight")
    if "running_mean" in parts:
        return Foreign(called, SIDE)
    if weight is not None and weight.ndim == 1:
        return layer_norm(called, weight.shape, weight, parts.get("bias"), NORM_EPSILON)
    if weight is None or weight.ndim != 2:
        shape = None if weight is None else tuple(weight.shape)
        return Foreign(called, f"its weight has shape {shape}; that of a linear layer has two sizes")
    return linear(called, weight, parts.get("bias"))


def _with_activations(layers: list[Step], activation: str | None) -> list[Step]:
    """Return the layers with an activation between each linear one and the next."""
    steps: list[Step] = []
    for before, step in zip([None, *layers], layers, strict=False):
        if isinstance(before, Linear) and isinstance(step, Linear) and activation not in {None, "identity"}:
            steps.append(Activation(f"between {before.name} and {step.name}", str(activation)))
        lost = before and isinstance(step, Norm) and activation != "identity"
        steps.append(Foreign(step.name, SIDE) if lost else step)
    return steps

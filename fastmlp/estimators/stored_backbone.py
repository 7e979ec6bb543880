"""A fitted `TransferClassifier` on a backbone as a state: what moved, the head, and what they stand on."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbones import Backbone, BackboneNetwork, Preparation, bytes_of, linear_layers, load_backbone
from ..backends.torch import tensor
from ..errors import CheckpointError, InvalidInput, shown
from ..files import check_path, entry_at
from ..state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..backbones import BackboneStage

PLAIN_NAME = re.compile(r"[\w.-]+")  # of a model of timm or torchvision: no address of a hub


def state_of_stages(net: BackboneNetwork, backbone: Backbone) -> State:
    """Return what a file holds of a trained network: what is not as the backbone has it any more, and the head.

    Parameters
    ----------
    net
        The trained network.
    backbone
        What it was trained from; a hash of it is kept, and how it was loaded.
    """
    arrays, factors = {"head": net.head.copy()}, []
    for place, (ours, theirs) in enumerate(zip(net.stages, backbone.stages, strict=False)):
        for (name, one), (_, other) in zip(tensors_of(ours), tensors_of(theirs), strict=True):
            if bytes_of(one) != bytes_of(other):
                arrays[f"stages.{place}.{name}"] = _array(one)
        beside = [_array(one) for one in ours.factors()]
        arrays |= {f"factors.{place}.{k}": array for k, array in enumerate(beside)}
        factors.append([list(array.shape) for array in beside])
    fields = {
        "name": backbone.name,
        "fingerprint": backbone.fingerprint,
        "origin": None if backbone.origin is None else dict(backbone.origin),
        "depth": len(net.stages),
        "classes": net.n_classes,
        "factors": factors,
    }
    return State(fields, arrays)


def _array(one: Any) -> Any:
    return np.array(one.detach().numpy())


def tensors_of(stage: BackboneStage) -> Iterator[tuple[str, Any]]:
    """Yield a stage's parameters and buffers with their names."""
    yield from stage.parameters()
    yield from stage.buffers()


def stages_of_state(state: State, given: Backbone | None) -> tuple[Backbone, BackboneNetwork]:
    """Return the backbone that a file stands on, and the trained network.

    Parameters
    ----------
    state
        As `state_of_stages` makes it.
    given
        The backbone; None if the file says how it is loaded.

    Raises
    ------
    CheckpointError
        If it is not that which the network was trained from, or the file does not fit it.
    """
    backbone = _loaded(state) if given is None else given
    if backbone.fingerprint != (expected := state.field("fingerprint", str)):
        raise CheckpointError(
            f"it stands on a backbone of fingerprint {expected}; {backbone.name!r} has {backbone.fingerprint}: other "
            "weights, or another preparation"
        )
    depth = state.field("depth", int)
    if not 1 <= depth <= len(backbone.stages):
        raise CheckpointError(f"it has {depth} stages; the backbone has {len(backbone.stages)}")
    net = backbone.network(depth, state.field("classes", int))
    for place, stage in enumerate(net.stages):
        for name, one in tensors_of(stage):
            if (key := f"stages.{place}.{name}") in state.arrays:
                array = state.array(key, tuple(one.shape), one.detach().numpy().dtype)
                one.detach().copy_(tensor(array))
    for place, shapes in enumerate(state.field("factors", list[list[tuple[int, int]]])):
        arrays = [state.array(f"factors.{place}.{k}", shape, net.dtype) for k, shape in enumerate(shapes)]
        _set_factors(net, place, [tensor(array) for array in arrays])
    net.head[:] = state.array("head", net.head.shape, net.dtype)
    return backbone, net


def _set_factors(net: BackboneNetwork, place: int, factors: Sequence[Any]) -> None:
    """Put what was trained within a low rank beside weights of eight bits again."""
    if not factors:
        return
    layers = linear_layers(net.stages[place]) if place < len(net.stages) else []
    if len(factors) != 2 * len(layers) or not all(hasattr(layer, "factors") for layer in layers):
        raise CheckpointError(f"it has factors of {len(factors) // 2} layers of stage {place}, which has {len(layers)}")
    for layer, a, b in zip(layers, factors[::2], factors[1::2], strict=True):
        if a.shape[0] != layer.in_features or b.shape != (a.shape[1], layer.out_features):
            raise CheckpointError(f"factors of shapes {tuple(a.shape)} and {tuple(b.shape)} do not fit stage {place}")
        layer.factors = (a, b)


def _loaded(state: State) -> Backbone:
    """Return the backbone that a file names, by a name that no one else's file hides behind."""
    name, origin = state.field("name", str), state.field("origin", dict[str, Any] | None)
    if origin is None:
        raise CheckpointError(
            f"it stands on the backbone {name!r}, which was made of a module; load it with backbone= that one"
        )
    try:
        _check_origin(origin)
        fields = origin.get("preparation")
        preparation = None if fields is None else Preparation(**fields)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is not the checkpoint's: that was said before the training
            return load_backbone(**{**origin, "preparation": preparation})
    except (InvalidInput, TypeError) as error:
        raise CheckpointError(f"it stands on the backbone {name!r}: {error}") from error


def _check_origin(origin: Mapping[str, Any]) -> None:
    """Refuse a name that would fetch something from a place that the file chose."""
    source, _, model = str(origin.get("name")).partition(":")
    if source == "transformers":
        if entry_at(check_path("folder", model)) != "folder":
            raise InvalidInput(f"{model}: no such folder; load the file with backbone= that one")
    elif model and not PLAIN_NAME.fullmatch(model):
        raise InvalidInput(f"{shown(model)} is no plain name; load the file with backbone= that one")

"""Networks of PyTorch, in and out.

A module is traced (`torch.fx`), so what counts is what it computes and in which order, and not how its layers are
stored. A state dict holds no functions: there, names and shapes tell the layers, and the caller the activation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import check_name
from ..errors import InvalidInput, MissingLibrary, shown
from ..files import check_path, entry_at
from ..network import Network, check_network
from ..registry import ACTIVATIONS
from .chain import Activation, Foreign, Linear, Step, network_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODULES = {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "logistic"}  # and GELU, which has two forms
KNOWN = "Linear, ReLU, Tanh, Sigmoid, GELU, BatchNorm1d and Dropout"
FUNCTIONS = {"relu": "relu", "relu_": "relu", "tanh": "tanh", "sigmoid": "logistic", "gelu": "gelu"}
# What changes nothing when a module predicts, and what turns logits into probabilities at its end
NOTHING = {"Dropout", "AlphaDropout", "Identity", "dropout", "alpha_dropout", "contiguous"}
LINKS = {"Softmax", "LogSoftmax", "Sigmoid", "softmax", "log_softmax", "sigmoid"}
INSIDE = ("state_dict", "model_state_dict", "model")  # where training scripts put a state dict
BATCH_NORM_EPSILON = 1e-5  # PyTorch's own, which a state dict does not say
PARTS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


def from_torch(source: Any, *, activation: str | None = None, prefix: str = "") -> Network:
    """Return the network that a module of PyTorch computes when it predicts, or that a state dict holds.

    Linear layers with no activation between them become one, dropout is left out, and batch normalisation in its form
    for predictions becomes part of a linear layer. A softmax or logistic function at the end is left out too: the
    network gives the logits. A module that ends in its activation gets a head that hands it on.

    Parameters
    ----------
    source
        A module, a state dict, or the path of a file that holds a state dict; such a file is read without running
        anything of it. Half precision becomes float32.
    activation
        Of a state dict, which does not say it: that of the hidden layers.
    prefix
        Of a state dict: only names that begin so count, such as ``head.``.

    Raises
    ------
    InvalidInput
        If something cannot be translated; all layers of which that is true are named.
    MissingLibrary
        If PyTorch cannot be imported.

    Examples
    --------
    >>> from torch.nn import GELU, Linear, Sequential  # doctest: +SKIP
    >>> from_torch(Sequential(Linear(384, 64), GELU(), Linear(64, 5)))  # doctest: +SKIP
    Network(sizes=(384, 64, 5), activation='gelu')
    """
    torch = import_torch()
    if isinstance(source, torch.nn.Module):
        if activation is not None or prefix:
            raise InvalidInput(
                f"activation is {shown(activation)} and prefix {shown(prefix)}; a module says itself what it computes"
            )
        return network_of(list(_steps_of_module(torch, source)), f"the {type(source).__name__}")
    if isinstance(source, str | os.PathLike):
        source = _read(torch, check_path("source", source))
    if not isinstance(source, Mapping):
        raise InvalidInput(f"source is {shown(source)}; a module, a state dict or the path of one is needed")
    function = None if activation is None else check_name("activation", activation, ACTIVATIONS)
    return network_of(_steps_of_state(torch, source, function, prefix), "the state dict")


def to_torch(net: Network) -> Any:
    """Return a network as a ``torch.nn.Sequential`` of ``Linear`` layers and activations, with its own parameters.

    Raises
    ------
    InvalidInput
        If it is no network.
    MissingLibrary
        If PyTorch cannot be imported.
    """
    check_network(net)
    nn, torch = import_torch().nn, import_torch()
    functions = {
        "relu": nn.ReLU,
        "tanh": nn.Tanh,
        "logistic": nn.Sigmoid,
        "identity": nn.Identity,
        "gelu": nn.GELU,
        "gelu-tanh": lambda: nn.GELU(approximate="tanh"),
    }
    layers: list[Any] = []
    for weight, bias in zip(net.weights, net.biases, strict=True):
        if layers:
            layers.append(functions[net.activation]())
        layer = nn.utils.skip_init(nn.Linear, *weight.shape, dtype=getattr(torch, net.dtype.name))
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias.copy()))
        layers.append(layer)
    return nn.Sequential(*layers)


def import_torch() -> Any:
    """Return PyTorch.

    Raises
    ------
    MissingLibrary
        If it cannot be imported.
    """
    try:
        import torch
        import torch.fx
    except ImportError as error:
        raise MissingLibrary("torch", f"pip install 'fastmlp[torch]' ({error})") from error
    return torch


def _steps_of_module(torch: Any, module: Any) -> Iterator[Step]:
    """Yield the steps of a module."""
    whole = torch.nn.Sequential(module)  # a layer by itself would be traced into its products
    try:
        graph = torch.fx.symbolic_trace(whole).graph
    except Exception as error:  # noqa: BLE001  whatever the forward method of a stranger raises
        yield Foreign(type(module).__name__, f"it cannot be traced ({type(error).__name__}: {shown(str(error), 100)})")
        return
    nodes = [node for node in graph.nodes if node.op not in {"placeholder", "output"}]
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    before = inputs[0] if inputs else None
    for node in nodes:
        name, step = _step_of_node(torch, whole, node, last=node is nodes[-1])
        if node.all_input_nodes != [before]:
            yield Foreign(name, f"it takes {node.all_input_nodes}, and not only what comes before it, {before}")
        elif step is not None:
            yield step
        before = node
    ends = [node for node in graph.nodes if node.op == "output"]
    if ends and ends[0].all_input_nodes != [before]:
        yield Foreign("the output", f"it is {ends[0].all_input_nodes}, and not {before}")


def _step_of_node(torch: Any, module: Any, node: Any, *, last: bool) -> tuple[str, Step | None]:
    """Return the name of a node, and the step that it is; None if it changes nothing."""
    if node.op != "call_module":
        function = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        return str(node.name), _step_of_function(str(node.name), function, node, last=last)
    layer = module.get_submodule(node.target)
    name = f"{node.target.partition('.')[2]} ({type(layer).__name__})".lstrip()  # the first part is the whole module
    return name, _step_of_layer(torch, name, layer, last=last)


def _step_of_layer(torch: Any, name: str, layer: Any, *, last: bool) -> Step | None:
    """Return the step that a layer of PyTorch's is; None if it changes nothing."""
    kind = type(layer).__name__
    if isinstance(layer, torch.nn.Linear):
        return _linear(name, layer.weight, layer.bias)
    if isinstance(layer, torch.nn.BatchNorm1d):
        return _batch_norm(name, layer.weight, layer.bias, layer.running_mean, layer.running_var, layer.eps)
    if kind in NOTHING or (kind == "Flatten" and layer.start_dim == 1) or (last and kind in LINKS):
        return None
    if kind == "GELU":
        return Activation(name, "gelu-tanh" if layer.approximate == "tanh" else "gelu")
    if kind in MODULES:
        return Activation(name, MODULES[kind])
    return Foreign(name, f"a network of fastmlp has no {kind}; it has {KNOWN}")


def _step_of_function(name: str, function: str, node: Any, *, last: bool) -> Step | None:
    """Return the step that a call of a function or method is; None if it changes nothing."""
    if function in NOTHING or (function == "flatten" and node.args[1:] == (1,)) or (last and function in LINKS):
        return None
    if function == "gelu" and node.kwargs.get("approximate") == "tanh":
        return Activation(name, "gelu-tanh")
    if function in FUNCTIONS:
        return Activation(name, FUNCTIONS[function])
    return Foreign(name, f"there is no such step in a network of fastmlp: {function}")


def _steps_of_state(torch: Any, state: Mapping[Any, Any], activation: str | None, prefix: str) -> list[Step]:
    """Return the steps of a state dict."""
    for key in INSIDE:
        if isinstance(state.get(key), Mapping):
            state = state[key]
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
        pieces = [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", layer)]
        return (pieces,) if numbered else (places[layer],)

    return key


def _step_of_parts(torch: Any, name: str, parts: dict[str, Any]) -> Step:
    """Return the step that the tensors of one layer are."""
    called = name or "the nameless layer"
    if not all(isinstance(value, torch.Tensor) for value in parts.values()) or not set(parts) <= PARTS:
        return Foreign(called, f"it holds {shown(sorted(parts))}; weight and bias are known")
    weight = parts.get("weight")
    if "running_mean" in parts and "running_var" in parts:
        found = map(parts.get, ("weight", "bias", "running_mean", "running_var"))
        return _batch_norm(called, *found, epsilon=BATCH_NORM_EPSILON)
    if weight is None or weight.ndim != 2:
        shape = None if weight is None else tuple(weight.shape)
        return Foreign(called, f"its weight has shape {shape}; that of a linear layer has two sizes")
    return _linear(called, weight, parts.get("bias"))


def _with_activations(layers: list[Step], activation: str | None) -> list[Step]:
    """Return the layers with an activation before each linear one but the first."""
    steps: list[Step] = []
    for step in layers:
        if isinstance(step, Linear) and steps and activation not in {None, "identity"}:
            steps.append(Activation(f"before {step.name}", str(activation)))
        steps.append(step)
    return steps


def _linear(name: str, weight: Any, bias: Any) -> Step:
    matrix = _array(weight)
    if matrix is None or matrix.ndim != 2 or not matrix.size:
        return Foreign(name, "it has no weights yet, or none that can be read")
    offset = np.zeros(len(matrix), matrix.dtype) if bias is None else _array(bias)
    if offset is None or offset.shape != (len(matrix),):
        return Foreign(name, f"its bias does not fit its weight of shape {matrix.shape}")
    return Linear(name, np.ascontiguousarray(matrix.T), offset)


def _batch_norm(name: str, weight: Any, bias: Any, mean: Any, variance: Any, epsilon: float) -> Step:
    """Return what batch normalisation does to a prediction: (x - mean) / sqrt(variance + epsilon) * weight + bias."""
    centre, spread, scale, offset = (_array(part) for part in (mean, variance, weight, bias))
    if centre is None or spread is None:
        return Foreign(name, "it keeps no running mean and variance, so that a prediction depends on the batch")
    slope = (1.0 if scale is None else scale) / np.sqrt(spread.astype(np.float64) + epsilon)
    shift = (0.0 if offset is None else offset) - centre * slope
    return Linear(name, np.diag(slope).astype(centre.dtype), shift.astype(centre.dtype))


def _array(tensor: Any) -> NDArray[Any] | None:
    """Return a tensor as an array of float32 or float64; None if there is none, or it holds no numbers yet."""
    if tensor is None:
        return None
    with suppress(TypeError, RuntimeError, NotImplementedError, ValueError):  # of meta tensors, lazy and sparse ones
        plain = tensor.detach().cpu()
        array: NDArray[Any] = (plain if str(plain.dtype) == "torch.float64" else plain.float()).numpy()
        return array.copy()
    return None


def _read(torch: Any, path: Path) -> Any:
    """Read a state dict from a file of PyTorch's or in safetensors; nothing of it is run."""
    if entry_at(path) != "file":
        raise InvalidInput(f"{path}: there is no such file")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = shown(f"{type(error).__name__}: {error}", 200)
        raise InvalidInput(f"{path}: it is no state dict that can be read without running code: {reason}") from error

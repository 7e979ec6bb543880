"""Networks of PyTorch, in and out.

A module is traced (`torch.fx`), so what counts is what it computes and in which order, and not how its layers are
stored. A state dict holds no functions: there, names and shapes tell the layers, and the caller the activation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ..backends.torch import import_torch
from ..checks import check_name
from ..errors import InvalidInput, shown
from ..files import check_path
from ..network import Network, check_network
from ..registry import ACTIVATIONS
from .chain import Activation, Foreign, Step, network_of
from .saved_tensors import read_saved
from .torch_layers import batch_norm, dropout, layer_norm, linear
from .torch_state import steps_of_state

MODULES = {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "logistic", "GELU": "gelu"}
KNOWN = "Linear, ReLU, Tanh, Sigmoid, GELU, LayerNorm, BatchNorm1d and Dropout"
FUNCTIONS = {"relu": "relu", "relu_": "relu", "tanh": "tanh", "sigmoid": "logistic", "gelu": "gelu"}
NOTHING = {"Identity", "contiguous"}  # what changes nothing
ROWS = (None, 1, -1)  # the dimension of a softmax over the outputs of each example
# What turns logits into probabilities at the end
LINKS = {"Softmax", "LogSoftmax", "Sigmoid", "softmax", "log_softmax", "sigmoid"}


def from_torch(source: Any, *, activation: str | None = None, prefix: str = "") -> Network:
    """Return the network that a module of PyTorch computes, or that a state dict holds.

    Linear layers with no activation between them become one. Batch normalisation, in its form for predictions, becomes
    part of a linear layer, and so do the gain and the shift of a LayerNorm before a linear layer (``norms`` of
    `Network`); one before an activation keeps them (``inner_norms``). Dropout comes in with its share: a training has
    it, and a prediction has not. A softmax or logistic function at the end is left out: the network gives the logits. A
    module that ends in anything but a linear layer gets a head that hands on what it is given.

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
        source = read_saved(check_path("source", source))
    if not isinstance(source, Mapping):
        raise InvalidInput(f"source is {shown(source)}; a module, a state dict or the path of one is needed")
    function = None if activation is None else check_name("activation", activation, ACTIVATIONS)
    return network_of(steps_of_state(torch, source, function, prefix), "the state dict")


def to_torch(net: Network) -> Any:
    """Return a network as a ``torch.nn.Sequential``, with parameters of its own.

    It has ``Linear`` layers, activations, ``Dropout``, and a ``LayerNorm`` where rows are normalised: with gain and
    shift before an activation, without where a linear layer follows, which has them in itself.

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
    kind, layers = {"dtype": getattr(torch, net.dtype.name)}, []
    for depth, (weight, bias, gain) in enumerate(zip(net.weights, net.biases, net.gains, strict=True)):
        if depth:
            layers.append(functions[net.activation]())
        layers += [nn.Dropout(share) for share in net.dropout[depth : depth + 1] if share]
        layers += [
            nn.LayerNorm(len(weight), epsilon, elementwise_affine=False, **kind)
            for epsilon in net.norms[depth : depth + 1]
            if epsilon
        ]
        layers += [nn.Dropout(share) for share in net.norm_dropout[depth : depth + 1] if share]
        layers.append(_filled(torch, nn.utils.skip_init(nn.Linear, *weight.shape, **kind), weight.T, bias))
        if gain is not None:
            layers.append(_filled(torch, nn.LayerNorm(len(bias), net.inner_norms[depth], **kind), *gain))
    return nn.Sequential(*layers)


def _filled(torch: Any, layer: Any, weight: Any, bias: Any) -> Any:
    """Return a layer after it got a copy of its parameters."""
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.copy()))
        layer.bias.copy_(torch.from_numpy(bias.copy()))
    return layer


def _steps_of_module(torch: Any, module: Any) -> Iterator[Step]:
    """Yield the steps of a module."""
    from torch import fx

    whole = torch.nn.Sequential(module)  # a layer by itself would be traced into its products
    modes = {layer: layer.training for layer in whole.modules()}
    try:
        graph = fx.symbolic_trace(whole.eval()).graph  # what is asked for is what it predicts
    except Exception as error:  # noqa: BLE001  whatever the forward method of a stranger raises
        yield Foreign(type(module).__name__, f"it cannot be traced ({type(error).__name__}: {shown(str(error), 100)})")
        return
    finally:
        for layer, training in modes.items():
            layer.training = training
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
    for end in graph.nodes:
        if end.op == "output" and end.args[0] is not before:
            yield Foreign("the output", f"it is {shown(end.args[0])}, and not {before}")


def _step_of_node(torch: Any, module: Any, node: Any, *, last: bool) -> tuple[str, Step | None]:
    """Return the name of a node, and the step that it is; None if it changes nothing."""
    if node.op != "call_module":
        function = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        return str(node.name), _step_of_function(str(node.name), function, node, last=last)
    layer = module.get_submodule(node.target)
    name = f"{node.target.partition('.')[2]} ({type(layer).__name__})".lstrip()  # the first part is the whole module
    return name, _step_of_layer(torch, name, layer, last=last)


def _step_of_layer(torch: Any, name: str, layer: Any, *, last: bool) -> Step | None:  # noqa: PLR0911  one for each kind
    """Return the step that a layer of PyTorch's is; None if it changes nothing."""
    kind, nn = type(layer).__name__, torch.nn
    if isinstance(layer, nn.Linear):
        return linear(name, layer.weight, layer.bias)
    if isinstance(layer, nn.LayerNorm):
        return layer_norm(name, layer.normalized_shape, layer.weight, layer.bias, layer.eps)
    if isinstance(layer, nn.Dropout):
        return dropout(name, layer.p)
    if isinstance(layer, nn.BatchNorm1d):
        return batch_norm(name, layer.weight, layer.bias, layer.running_mean, layer.running_var, layer.eps)
    is_link = last and kind in LINKS and getattr(layer, "dim", None) in ROWS
    if kind in NOTHING or is_link or (kind == "Flatten" and layer.start_dim == 1):
        return None
    function = "gelu-tanh" if getattr(layer, "approximate", "") == "tanh" else MODULES.get(kind)
    if function is None:
        return Foreign(name, f"a network of fastmlp has no {kind}; it has {KNOWN}")
    return Activation(name, function)


def _step_of_function(name: str, function: str, node: Any, *, last: bool) -> Step | None:
    """Return the step that a call of a function or method is; None if it changes nothing."""
    options = (*node.args[1:], *(value for key, value in node.kwargs.items() if key != "_stacklevel"))
    is_link = last and function in LINKS and all(option in ROWS for option in options)
    if function in NOTHING or is_link or (function == "flatten" and options == (1,)):
        return None
    if function == "dropout":
        return dropout(name, node.kwargs.get("p", (*node.args, 0.5)[1]))
    if function == "gelu" and "tanh" in options:
        return Activation(name, "gelu-tanh")
    if function in FUNCTIONS:
        return Activation(name, FUNCTIONS[function])
    return Foreign(name, f"there is no such step in a network of fastmlp: {function}")

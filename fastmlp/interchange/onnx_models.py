"""Networks for ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingLibrary
from ..network import check_network

if TYPE_CHECKING:
    from ..network import Network

OPSET, IR_VERSION = 20, 9  # the first that has GELU, of December 2023, and the format that came with it
OPERATORS: dict[str, tuple[str, dict[str, str]]] = {
    "relu": ("Relu", {}),
    "tanh": ("Tanh", {}),
    "logistic": ("Sigmoid", {}),
    "identity": ("Identity", {}),
    "gelu": ("Gelu", {}),
    "gelu-tanh": ("Gelu", {"approximate": "tanh"}),
}


def to_onnx(net: Network) -> Any:
    """Return a network as an ``onnx.ModelProto``, for ``onnx.save`` and any runtime.

    Its input ``X`` is (n, sizes[0]) of the network's dtype, for any n, and its output ``logits`` is (n, sizes[-1]). It
    predicts, so that it has no dropout.

    Raises
    ------
    InvalidInput
        If it is no network.
    MissingLibrary
        If onnx cannot be imported.
    """
    check_network(net)
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError as error:
        raise MissingLibrary("onnx", f"pip install 'fastmlp[onnx]' ({error})") from error
    nodes, constants, value = [], [], "X"
    last = net.layout.n_layers - 1
    operator, attributes = OPERATORS[net.activation]

    def constant(name: str, array: Any) -> str:
        constants.append(numpy_helper.from_array(array, name))
        return name

    def add(kind: str, inputs: list[str], output: str, **options: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output

    for layer, (weight, bias, gain) in enumerate(zip(net.weights, net.biases, net.gains, strict=True)):
        if net.norms and net.norms[layer]:
            ones = constant(f"ones{layer}", np.ones(len(weight), net.dtype))
            value = add("LayerNormalization", [value, ones], f"n{layer}", axis=-1, epsilon=net.norms[layer])
        names = [constant(f"layers.{layer}.weight", weight), constant(f"layers.{layer}.bias", bias)]
        value = add("Gemm", [value, *names], "logits" if layer == last else f"z{layer}")
        if gain is not None:
            names = [
                constant(f"layers.{layer}.{name}", array) for name, array in zip(("gain", "shift"), gain, strict=True)
            ]
            epsilon = net.inner_norms[layer]
            value = add("LayerNormalization", [value, *names], f"m{layer}", axis=-1, epsilon=epsilon)
        if layer < last:
            value = add(operator, [value], f"a{layer}", **attributes)
    number = helper.np_dtype_to_tensor_dtype(net.dtype)
    ends = [
        helper.make_tensor_value_info(name, number, ["n", width])
        for name, width in (("X", net.sizes[0]), ("logits", net.sizes[-1]))
    ]
    graph = helper.make_graph(nodes, "fastmlp", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="fastmlp")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model

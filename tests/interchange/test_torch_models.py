"""Networks of PyTorch and ONNX: the same outputs there and here, and back. `make oracles` installs both."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp import from_torch, to_onnx, to_torch
from fastmlp.backends.torch import import_torch
from fastmlp.errors import InvalidInput, MissingLibrary, NotFiniteError, UnknownName
from fastmlp.network import BY_LAYER
from fastmlp.registry import ACTIVATIONS

Oracle = Callable[[str], ModuleType]
X = np.random.default_rng(0).normal(size=(30, 12))
CLOSE = {"float32": 1e-6, "float64": 1e-13}


def shifted(norm: Any) -> Any:
    norm.weight.data.uniform_(0.5, 2)
    norm.bias.data.uniform_(-1, 1)
    return norm


def trained_batch_norm(nn: Any, torch: Any) -> Any:
    module = nn.Sequential(nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 3))
    module(torch.from_numpy(X.astype("float32")))
    return module


def custom_head(nn: Any, torch: Any) -> Any:
    """Layers stored in another order than the one in which they are computed, and functions."""

    class Head(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.out, self.fc, self.drop = nn.Linear(8, 3), nn.Linear(12, 8, bias=False), nn.Dropout(0.5)

        def forward(self, x: Any) -> Any:
            if self.training:
                x = x + torch.randn_like(x)  # noise that is no part of a prediction
            return self.out(self.drop(torch.nn.functional.gelu(self.fc(x.flatten(1)), approximate="tanh")))

    return Head()


def nested(nn: Any, _: Any) -> Any:
    body = nn.Sequential(nn.Dropout(0.3), nn.Linear(12, 8), nn.Tanh())
    return nn.Sequential(
        body, nn.Sequential(nn.Linear(8, 7), nn.Linear(7, 6), nn.Tanh(), nn.Identity()), nn.Linear(6, 1)
    )


MODULES: dict[str, tuple[Callable[[Any, Any], Any], tuple[int, ...], str]] = {
    "gelu and dropout": (
        lambda nn, _: nn.Sequential(nn.Linear(12, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 3)),
        (12, 8, 3),
        "gelu",
    ),
    "a class of one's own": (custom_head, (12, 8, 3), "gelu-tanh"),
    "nested, one logit": (nested, (12, 8, 6, 1), "tanh"),
    "the head of a transformer": (
        lambda nn, _: nn.Sequential(
            shifted(nn.LayerNorm(12)), nn.Linear(12, 8), nn.GELU(), nn.Dropout(), nn.Linear(8, 3)
        ),
        (12, 8, 3),
        "gelu",
    ),
    "norms inside and at the end": (
        lambda nn, _: nn.Sequential(
            nn.Linear(12, 8),
            nn.GELU(),
            shifted(nn.LayerNorm(8, eps=1e-12)),
            nn.Linear(8, 6),
            nn.GELU(),
            nn.LayerNorm(6, elementwise_affine=False),
        ),
        (12, 8, 6, 6),
        "gelu",
    ),
    "norm, activation, dropout": (
        lambda nn, _: nn.Sequential(
            nn.Dropout(0.1), nn.Linear(12, 8), shifted(nn.LayerNorm(8)), nn.ReLU(), nn.Dropout(0.25),
            nn.Linear(8, 6), nn.LayerNorm(6, eps=1e-3), nn.Dropout(0.5), nn.ReLU(), shifted(nn.LayerNorm(6)),
            nn.Dropout(0.2), nn.Linear(6, 3),
        ),
        (12, 8, 6, 3),
        "relu",
    ),
    "one layer": (lambda nn, _: nn.Linear(12, 2), (12, 2), "identity"),
    "no bias": (
        lambda nn, _: nn.Sequential(nn.Linear(12, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False)),
        (12, 4, 2),
        "relu",
    ),
    "no head": (lambda nn, _: nn.Sequential(nn.Linear(12, 4), nn.ReLU()), (12, 4, 4), "relu"),
    "batch normalisation": (trained_batch_norm, (12, 8, 3), "relu"),
    "double": (
        lambda nn, _: nn.Sequential(nn.Linear(12, 8), nn.Sigmoid(), nn.Linear(8, 3)).double(),
        (12, 8, 3),
        "logistic",
    ),
}  # fmt: skip


def outputs(torch: Any, module: Any, dtype: str) -> Any:
    module.eval()
    with torch.no_grad():
        return module(torch.from_numpy(X.astype(dtype))).numpy()


@pytest.mark.parametrize("name", MODULES)
def test_outputs_agree_there_and_back(name: str, oracle: Oracle) -> None:
    torch = oracle("torch")
    make, sizes, activation = MODULES[name]
    torch.manual_seed(0)
    module = make(torch.nn, torch)
    net = from_torch(module)
    dtype = net.dtype.name
    assert module.training, "it is left in the mode in which it was"
    assert (net.sizes, net.activation) == (sizes, activation)
    ours = fastmlp.forward(net, X, backend="numpy")
    assert_allclose(ours, outputs(torch, module, dtype), rtol=0, atol=CLOSE[dtype])
    back = to_torch(net)
    assert_allclose(ours, outputs(torch, back, dtype), rtol=0, atol=CLOSE[dtype])
    again = from_torch(back)
    assert_array_equal(again.theta, net.theta)
    for numbers in BY_LAYER:
        assert getattr(again, numbers) == getattr(net, numbers), numbers
    for parameter in back.parameters():
        parameter.data.zero_()
    assert net.theta.any(), "they share no memory"


@pytest.mark.parametrize("end", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_probabilities_at_the_end_are_left_to_the_network(end: str, oracle: Oracle) -> None:
    torch = oracle("torch")
    torch.manual_seed(0)
    layers = [torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1 if end == "Sigmoid" else 3)]
    link = torch.nn.Sigmoid() if end == "Sigmoid" else getattr(torch.nn, end)(dim=1)
    expected = outputs(torch, torch.nn.Sequential(*layers, link), "float32")
    expected = np.exp(expected) if end == "LogSoftmax" else expected
    probabilities = fastmlp.predict_proba(from_torch(torch.nn.Sequential(*layers, link)), X, backend="numpy")
    assert_allclose(probabilities[:, -expected.shape[1] :], expected, atol=1e-6)


def test_functions_at_the_end(oracle: Oracle) -> None:
    torch = oracle("torch")
    functional = torch.nn.functional

    class Ending(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, end: Callable[[Any], Any]) -> None:
            super().__init__()
            self.layer, self.end = torch.nn.Linear(3, 2), end

        def forward(self, x: Any) -> Any:
            return self.end(self.layer(x))

    for end in (
        torch.sigmoid,
        lambda x: functional.softmax(x, dim=1),
        lambda x: x.softmax(-1),
        lambda x: functional.log_softmax(x, dim=-1),
        lambda x: functional.dropout(x.flatten(start_dim=1), 0.0),
    ):
        assert from_torch(Ending(end)).sizes == (3, 2)
    for end, says in (
        (lambda x: functional.softmax(x, dim=0), "no such step in a network of fastmlp: softmax"),
        (torch.nn.Softmax(dim=0), "has no Softmax"),
        (lambda x: x.reshape(-1, 2), "no such step in a network of fastmlp: reshape"),
        (lambda x: functional.dropout(x, p=1.0), "dropout: it drops 1.0; a share from 0 to below 1 is needed"),
        (lambda x: (x, x), r"the output: it is \(_0_layer, _0_layer\), and not _0_layer"),
    ):
        with pytest.raises(InvalidInput, match=says):
            from_torch(Ending(end))


def test_what_cannot_be_translated_is_named_layer_by_layer(oracle: Oracle) -> None:
    nn = oracle("torch").nn

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(12, 12)

        def forward(self, x: Any) -> Any:
            return x + self.layer(x)

    class Branching(nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return x if x.sum() > 0 else -x

    wrong = {
        r"0 \(Conv1d\): a network of fastmlp has no Conv1d; .*; 3 \(LSTM\)": [
            nn.Conv1d(1, 2, 3),
            nn.Linear(12, 3),
            nn.ReLU(),
            nn.LSTM(3, 3),
        ],
        r"0 \(TransformerEncoderLayer\)": [nn.TransformerEncoderLayer(12, 2)],
        r"2 \(Linear\) takes 5 inputs, and 0 \(Linear\) before it gives 3": [
            nn.Linear(12, 3),
            nn.ReLU(),
            nn.Linear(5, 2),
        ],
        r"add: it takes \[input_1, _0_0_layer\]": [Residual()],
        r"it cannot be traced \(TraceError": [Branching()],
        r"0 \(LazyLinear\): it has no weights yet": [nn.LazyLinear(3)],
        r"0 \(Linear\): it has no weights yet, or none that can be read": [nn.Linear(12, 3, device="meta")],
        r"1 \(BatchNorm1d\): it keeps no running mean": [
            nn.Linear(12, 3),
            nn.BatchNorm1d(3, track_running_stats=False),
        ],
        r"0 \(LayerNorm\): it adds 0.0 to the variance": [nn.LayerNorm(12, eps=0.0), nn.Linear(12, 3)],
        r"0 \(LayerNorm\): it normalises \(3, 4\)": [nn.LayerNorm((3, 4))],
        "it has no linear layer": [],
    }
    for says, layers in wrong.items():
        with pytest.raises(InvalidInput, match=f"the Sequential cannot be translated: .*{says}"):
            from_torch(nn.Sequential(*layers))
    broken = nn.Linear(12, 3)
    broken.weight.data[0, 0] = float("nan")
    with pytest.raises(NotFiniteError, match="has NaN or infinity"):
        from_torch(broken)
    for source in (None, 3, X):
        with pytest.raises(InvalidInput, match="a module, a state dict or the path of one is needed"):
            from_torch(source)
    with pytest.raises(InvalidInput, match="a module says itself what it computes"):
        from_torch(nn.Linear(12, 3), activation="relu")


def test_state_dicts_with_prefixes_in_files_and_in_any_order(oracle: Oracle, tmp_path: Path) -> None:
    torch = oracle("torch")
    nn = torch.nn
    torch.manual_seed(0)
    layers = [layer for _ in range(6) for layer in (nn.Linear(12, 12), nn.GELU())]
    module = nn.Sequential(*layers, nn.Linear(12, 2))
    expected = from_torch(module)
    state = {f"module.head.{key}": value for key, value in module.state_dict().items()}
    alphabetical = {key: state[key] for key in sorted(state)}  # as safetensors has them: 10 before 2
    whole = state | {"module.body.weight": torch.zeros(2, 3, 3, 3), "step": torch.tensor(3)}
    for source in (state, alphabetical, {"state_dict": whole, "epoch": 3}):
        net = from_torch(source, activation="gelu", prefix="module.head.")
        assert_array_equal(net.theta, expected.theta)
    with pytest.raises(InvalidInput, match=r"module\.body: its weight has shape \(2, 3, 3, 3\)"):
        from_torch(whole, activation="gelu")
    with pytest.raises(InvalidInput, match="does not say which activation its hidden layers have"):
        from_torch(state)
    with pytest.raises(InvalidInput, match=r"no name that begins with 'head\.'; it has \['module\.head\.0\.weight'"):
        from_torch(state, prefix="head.", activation="gelu")
    with pytest.raises(UnknownName, match="did you mean 'gelu'"):
        from_torch(state, activation="gleu")
    torch.save(module.state_dict(), tmp_path / "state.pt")
    from safetensors.torch import save_file

    save_file(module.state_dict(), tmp_path / "state.safetensors")
    for path in tmp_path.iterdir():
        assert_array_equal(from_torch(path, activation="gelu").theta, expected.theta)
    torch.save(module, tmp_path / "module.pt")  # a pickle of a class: reading it would run code
    with pytest.raises(InvalidInput, match="could run code; nothing of it was run"):
        from_torch(tmp_path / "module.pt", activation="gelu")
    with pytest.raises(InvalidInput, match="there is no such file"):
        from_torch(tmp_path / "none.pt")


def test_a_layer_norm_of_a_state_dict_is_taken_where_its_place_is_known(oracle: Oracle) -> None:
    nn = oracle("torch").nn
    first = nn.Sequential(shifted(nn.LayerNorm(12)), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2))
    assert_array_equal(from_torch(first.state_dict(), activation="relu").theta, from_torch(first).theta)
    inside = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 2))
    batch = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 2))
    for module in (inside, batch):
        with pytest.raises(
            InvalidInput, match="2: a state dict does not say on which side of an activation it normalises"
        ):
            from_torch(module.state_dict(), activation="relu")


def test_half_precision_becomes_single(oracle: Oracle) -> None:
    torch = oracle("torch")
    module = torch.nn.Linear(12, 3).to(torch.bfloat16)
    net = from_torch(module)
    assert net.dtype == "float32"
    assert_array_equal(net.weights[0], module.weight.detach().float().numpy().T)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_runtime_of_onnx_agrees(activation: str, dtype: str, oracle: Oracle) -> None:
    oracle("onnx")
    runtime = oracle("onnxruntime")
    between: Any = {"norms": (2**-17, 0, 2**-10), "inner_norms": (0, 2**-10, 0), "dropout": 0.5}
    net = fastmlp.init_mlp((12, 8, 7, 3), activation=activation, dtype=dtype, rng=1, **between)
    model = to_onnx(net).SerializeToString()
    if (activation, dtype) == ("gelu", "float64"):
        with pytest.raises(Exception, match=r"(?i)not.?implemented.*Erf"):  # its limit: it has no erf in double
            runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(["logits"], {"X": X.astype(dtype)})
    close = 1e-7 if activation == "gelu-tanh" and dtype == "float64" else CLOSE[dtype]  # its constants are in single
    assert_allclose(found, fastmlp.forward(net, X, backend="numpy"), rtol=0, atol=close)


@pytest.mark.parametrize(
    ("library", "call"), [("torch", to_torch), ("torch", from_torch), ("onnx", to_onnx)], ids=["to", "from", "onnx"]
)
def test_a_library_that_is_not_there_is_named(
    library: str, call: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    import_torch.cache_clear()
    request.addfinalizer(import_torch.cache_clear)
    with pytest.raises(MissingLibrary, match=rf"{library} cannot be imported; pip install 'fastmlp\[{library}\]'"):
        call(fastmlp.init_mlp((2, 2)))

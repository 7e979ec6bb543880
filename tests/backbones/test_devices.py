"""A device is another memory: here a second one of the host's, so that what is not brought there, or back, shows."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastmlp
from fastmlp.errors import FastmlpError

from .modules import BLOCKS, pictures, sequential, small_cnn

X, Y = pictures()


@pytest.mark.parametrize("strategy", ["finetune", "partial-1", "l2-sp", "frozen", "plateau"])
def test_a_training_on_another_memory_is_the_same(
    strategy: str, oracle: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    cnn = fastmlp.make_backbone(small_cnn(oracle("torch")), BLOCKS, X[:4])
    options: dict[str, Any] = {"strategy": strategy, "n_classes": 4, "epochs": 8, "batch_norm": "moving", "lr": 0.01}
    options["sample_weight"] = np.linspace(0.5, 2, len(Y))
    here = fastmlp.transfer_backbone(cnn, X, Y, **options)
    monkeypatch.setattr("fastmlp.backbones.devices.is_host", lambda _: False)
    there = fastmlp.transfer_backbone(cnn, X, Y, **options)
    assert_array_equal(there.network.theta, here.network.theta)
    assert_array_equal(there.losses, here.losses)
    assert_array_equal(there.network.logits(cnn.prepare(X)), here.network.logits(cnn.prepare(X)))
    assert there.frozen_before == there.frozen_after == here.frozen_after


def test_so_is_one_within_a_low_rank(oracle: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    net = fastmlp.init_mlp((6, 9, 7, 4), rng=1)
    inputs = np.random.default_rng(0).normal(size=(24, 6))
    mlp = fastmlp.make_backbone(sequential(oracle("torch"), net), [["0", "1"], ["2", "3"]], inputs[:3])
    fits = []
    for here in (True, False):
        monkeypatch.setattr("fastmlp.backbones.devices.is_host", lambda _, here=here: here)
        fits.append(fastmlp.transfer_backbone(mlp, inputs, Y, strategy="lora-2", n_classes=4, epochs=4))
    assert_array_equal(fits[0].network.theta, fits[1].network.theta)


def test_a_gpu_that_is_not_there_is_refused(
    oracle: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastmlp.backbones import device_of

    torch = oracle("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [device_of(name) for name in ("cpu", "auto")] == ["cpu", "cpu"]
    for version, why in ((None, "this build of PyTorch is for CPUs"), ("13.0", "PyTorch finds no GPU")):
        monkeypatch.setattr(torch.version, "cuda", version)
        with pytest.raises(FastmlpError, match=f"device is 'cuda', and {why}; 'cpu' computes here"):
            device_of("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [device_of(name) for name in ("cpu", "auto", "cuda")] == ["cpu", "cuda", "cuda"]

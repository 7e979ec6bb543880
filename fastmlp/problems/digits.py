"""Problems made of scikit-learn's digits: the target is the ten digits, the source has other inputs or labels."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ..seeds import rng_for
from .bundled import table_of_sklearn
from .split import Sizes
from .task import Problem, Shift, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Inputs = NDArray[np.float64]
    Rng = np.random.Generator

SIDE, BRIGHTEST = 8, 16.0  # pixels a side, and the largest value of a pixel
SPREAD = 6.0  # standard deviation of all its pixels, the unit of noise


@cache
def digits() -> Task:
    """Return scikit-learn's digits: 1797 images of 8 x 8 pixels, ten classes."""
    return Task("digits", *table_of_sklearn("digits"), classes=tuple("0123456789"))


def rotated(X: Inputs, degrees: float) -> Inputs:
    """Rotate images (n, 64) about their centre; each new pixel is a weighted mean of the nearest old ones."""
    images: Inputs = X @ _rotation(degrees)
    return images


@cache
def _rotation(degrees: float) -> csr_array:
    """Return the matrix of a rotation, (64, 64): a rotation is linear, so one product rotates all images.

    It is sparse, and a sparse product adds up the few pixels of a sum in the same order on every machine.
    """
    from scipy.ndimage import rotate
    from scipy.sparse import csr_array

    pixels = np.eye(SIDE**2).reshape(-1, SIDE, SIDE)
    rotation = rotate(pixels, degrees, axes=(1, 2), reshape=False, order=1, mode="constant")
    return csr_array(rotation.reshape(SIDE**2, SIDE**2))


def noisy(X: Inputs, rng: Rng, strength: float) -> Inputs:
    """Add normal noise, in units of the pixels' standard deviation."""
    return X + strength * SPREAD * rng.normal(size=X.shape)


def inverted(X: Inputs) -> Inputs:
    """Turn black to white."""
    return BRIGHTEST - X


def shuffled_blocks(X: Inputs, rng: Rng) -> Inputs:
    """Put the four blocks of 4 x 4 pixels in another order: the same for all images, and never the true one."""
    half = SIDE // 2
    blocks = X.reshape(-1, 2, half, 2, half).transpose(0, 1, 3, 2, 4).reshape(-1, 4, half, half)
    order = rng.permutation(4)
    while (order == np.arange(4)).all():
        order = rng.permutation(4)
    moved = blocks[:, order].reshape(-1, 2, 2, half, half).transpose(0, 1, 3, 2, 4)
    return moved.reshape(X.shape)


# Shifts for accuracy out of distribution: large enough to hurt, and small enough to leave some accuracy
SHIFTS: Mapping[str, Shift] = MappingProxyType(
    {
        "rotated": lambda X, _: rotated(X, 20),
        "noisy": lambda X, rng: noisy(X, rng, 0.5),
        "inverted": lambda X, _: inverted(X),
    }
)


def of_digits(
    name: str, X: Inputs | None = None, y: NDArray[np.int64] | None = None, *, control: bool = False
) -> Problem:
    """Make a problem whose target is the ten digits, and whose source has other inputs or labels, row by row.

    Without other labels, the classes are the same.
    """
    target = digits()
    source = Task(name, target.X if X is None else X, target.y if y is None else y)
    return Problem(name, source, target, shifts=SHIFTS, images=True, same_classes=y is None, control=control)


def halves(name: str, seed: int, *, on_subset: bool) -> Problem:
    """Take five random classes as the source and the other five as the target."""
    whole = digits()
    order = rng_for("halves", seed=seed).permutation(whole.n_classes)
    source, target = (_only(whole, classes) for classes in np.split(order, 2))
    sizes = Sizes(heldout=300, pool=500, probe=80)  # the smallest five classes have 888 examples
    if on_subset:
        return Problem(
            name, target, target, sizes, on_subset=True, shifts=SHIFTS, images=True, same_classes=True, control=True
        )
    return Problem(name, source, target, sizes, shared=False, shifts=SHIFTS, images=True)


def _only(task: Task, classes: NDArray[np.int64]) -> Task:
    """Keep some classes of a task, numbered from 0."""
    number = np.full(task.n_classes, -1)
    number[np.sort(classes)] = np.arange(len(classes))
    kept = number[task.y] >= 0
    which = "".join(str(label) for label in np.sort(classes))
    return Task(f"{task.name}-{which}", task.X[kept], number[task.y[kept]])

"""The problems, on a graded axis: from a source that is the target to one that knows nothing of it.

The target is always the ten digits, drawn alike for all of them, unless a problem says otherwise; so on the axis only
the source changes. How near a source is, is measured and not asserted: see `fastmlp.similarity`.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UnknownName
from ..network import forward, init_mlp
from ..seeds import rng_for
from .tasks import Problem, Shift, Sizes, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from ..network import Network

    Inputs = NDArray[np.float64]
    Rng = np.random.Generator

SIDE, BRIGHTEST = 8, 16.0  # of an image of a digit
SPREAD = 6.0  # standard deviation of all its pixels, the unit of noise


@cache
def digits() -> Task:
    """Return scikit-learn's digits: 1797 images of 8 x 8 pixels, ten classes."""
    X, y = np.split(_digits_of_sklearn(), [-1], axis=1)
    return Task("digits", np.ascontiguousarray(X), y[:, 0].astype(np.int64))


def _digits_of_sklearn() -> Inputs:
    """Return inputs and labels side by side, (1797, 65).

    scikit-learn takes longer to import than a study with nothing left to do takes in all, so its file is read directly.
    """
    package = find_spec("sklearn")
    if package is not None and package.origin is not None:
        with suppress(OSError, ValueError):
            return np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    from sklearn.datasets import load_digits

    return np.column_stack(load_digits(return_X_y=True))


def rotated(X: Inputs, degrees: float) -> Inputs:
    """Rotate images about their middle, (n, 64), each new pixel a weighted mean of the old ones nearest to it."""
    turned: Inputs = X @ _rotation(degrees)
    return turned


@cache
def _rotation(degrees: float) -> csr_array:
    """Return what a rotation does to each pixel alone, (64, 64): it is linear, and one product serves all images.

    Few pixels touch a new one, and a sparse product adds them up in the same order on every machine.
    """
    from scipy.ndimage import rotate
    from scipy.sparse import csr_array

    pixels = np.eye(SIDE**2).reshape(-1, SIDE, SIDE)
    turned = rotate(pixels, degrees, axes=(1, 2), reshape=False, order=1, mode="constant")
    return csr_array(turned.reshape(SIDE**2, SIDE**2))


def noisy(X: Inputs, rng: Rng, strength: float) -> Inputs:
    """Add normal noise, in units of the pixels' standard deviation."""
    return X + strength * SPREAD * rng.normal(size=X.shape)


def inverted(X: Inputs) -> Inputs:
    """Turn black to white."""
    return BRIGHTEST - X


def shuffled_blocks(X: Inputs, rng: Rng) -> Inputs:
    """Put the four blocks of 4 x 4 pixels in another order, the same for all images and never the true one."""
    half = SIDE // 2
    blocks = X.reshape(-1, 2, half, 2, half).transpose(0, 1, 3, 2, 4).reshape(-1, 4, half, half)
    order = rng.permutation(4)
    while (order == np.arange(4)).all():
        order = rng.permutation(4)
    moved = blocks[:, order].reshape(-1, 2, 2, half, half).transpose(0, 1, 3, 2, 4)
    return moved.reshape(X.shape)


# Accuracy out of distribution is measured under these; far enough to hurt, not so far that nothing is left
SHIFTS: Mapping[str, Shift] = MappingProxyType(
    {
        "rotated": lambda X, _: rotated(X, 20),
        "noisy": lambda X, rng: noisy(X, rng, 0.5),
        "inverted": lambda X, _: inverted(X),
    }
)


def of_digits(name: str, X: Inputs | None = None, y: NDArray[np.int64] | None = None) -> Problem:
    """Make a problem whose source has other inputs or labels than the digits, row by row."""
    target = digits()
    source = Task(name, target.X if X is None else X, target.y if y is None else y)
    return Problem(name, source, target, shifts=SHIFTS, images=True)


def halves(name: str, seed: int, *, on_subset: bool) -> Problem:
    """Take five random classes as the source and the other five as the target."""
    whole = digits()
    order = rng_for("halves", seed=seed).permutation(whole.n_classes)
    source, target = (_only(whole, classes) for classes in np.split(order, 2))
    sizes = Sizes(heldout=300, pool=500, probe=80)  # the smallest five classes have 888 examples
    if on_subset:
        return Problem(name, target, target, sizes, on_subset=True, shifts=SHIFTS, images=True)
    return Problem(name, source, target, sizes, shared=False, shifts=SHIFTS, images=True)


def _only(task: Task, classes: NDArray[np.int64]) -> Task:
    """Keep some classes of a task, numbered from 0."""
    number = np.full(task.n_classes, -1)
    number[np.sort(classes)] = np.arange(len(classes))
    kept = number[task.y] >= 0
    which = "".join(str(label) for label in np.sort(classes))
    return Task(f"{task.name}-{which}", task.X[kept], number[task.y[kept]])


def teacher(
    name: str, seed: int, overlap: float, *, n: int = 1797, n_features: int = 16, width: int = 4, n_classes: int = 10
) -> Problem:
    """Let two random networks label normal inputs, drawn anew for each seed; their hidden weights overlap.

    The source's hidden weights are ``overlap * target's + sqrt(1 - overlap**2) * others``, so at 1 the tasks share
    their features and differ in their heads, and at 0 they share nothing.

    Parameters
    ----------
    overlap
        Correlation of the teachers' hidden weights, in [0, 1].
    n, n_features, width, n_classes
        Examples, inputs, hidden units of the teachers, and classes. So narrow a teacher can be learned from hundreds of
        examples, and what its source has taught shows.
    """
    sizes = (n_features, width, n_classes)
    X = rng_for("teacher inputs", seed=seed).normal(size=(n, n_features))
    wanted, others, known = (
        init_mlp(sizes, rng=rng_for("teacher", role=role, seed=seed), dtype="float64")
        for role in ("target", "others", "source")
    )
    known.weights[0][:] = overlap * wanted.weights[0] + np.sqrt(1 - overlap**2) * others.weights[0]
    target = Task(f"teacher-{n}-{n_features}-{width}-{n_classes}", X, _labels(wanted, X))
    source = Task(f"{target.name}-{overlap:g}", X, _labels(known, X))
    return Problem(name, source, target, shifts={"noisy": lambda X, rng: X + 0.5 * rng.normal(size=X.shape)})


def _labels(net: Network, X: Inputs) -> NDArray[np.int64]:
    """Let a teacher label inputs; its logits are standardised first, or some classes would hardly occur."""
    logits = forward(net, X, backend="numpy")
    labels: NDArray[np.int64] = ((logits - logits.mean(axis=0)) / logits.std(axis=0)).argmax(axis=1)
    return labels


PROBLEMS: Mapping[str, Callable[[int], Problem]] = MappingProxyType(
    {
        "same": lambda _: of_digits("same"),
        "halves": lambda seed: halves("halves", seed, on_subset=False),
        "halves-self": lambda seed: halves("halves-self", seed, on_subset=True),
        "parity": lambda _: of_digits("parity", y=digits().y % 2),
        "high-low": lambda _: of_digits("high-low", y=digits().y // 5),
        "inverted": lambda _: of_digits("inverted", inverted(digits().X)),
        "blocks": lambda seed: of_digits("blocks", shuffled_blocks(digits().X, rng_for("blocks", seed=seed))),
        "permuted": lambda seed: of_digits("permuted", rng_for("permuted", seed=seed).permutation(digits().X, axis=1)),
        "random-labels": lambda seed: of_digits(
            "random-labels", y=rng_for("random labels", seed=seed).permutation(digits().y)
        ),
    }
)


def _rotated(name: str, _: int, degrees: float) -> Problem:
    return of_digits(name, rotated(digits().X, degrees))


def _noisy(name: str, seed: int, strength: float) -> Problem:
    return of_digits(name, noisy(digits().X, rng_for("noise", seed=seed), strength))


# A family's name is followed by a number, and the number lies within these bounds.
FAMILIES: Mapping[str, tuple[str, float, float, Callable[[str, int, float], Problem]]] = MappingProxyType(
    {
        "rotated": ("A", 0, 180, _rotated),
        "noisy": ("s", 0, 100, _noisy),
        "teacher": ("r", 0, 1, teacher),
    }
)


@lru_cache(maxsize=64)  # a study asks for one problem and seed many times in a row
def load_problem(name: str, seed: int = 0) -> Problem:
    """Return a problem as one seed sees it; ``rotated-30`` is found in the family ``rotated-A``.

    A number has one spelling, ``rotated-30.0`` is none: one problem under two names would be compared with itself.

    Raises
    ------
    UnknownName
        If there is none, with the nearest name.

    Examples
    --------
    >>> load_problem("teacher-0.5", seed=3).target.n_classes
    10
    """
    if name in PROBLEMS:
        return PROBLEMS[name](seed)
    family, _, number = name.partition("-")
    spelled = []
    if family in FAMILIES:
        _, low, high, build = FAMILIES[family]
        with suppress(ValueError):
            value = float(number) + 0.0  # without the sign of a zero
            if low <= value <= high:
                spelled.append(f"{family}-{repr(value).removesuffix('.0')}")
        if name in spelled:
            return build(name, seed, value)
    families = (f"{family}-{letter} ({low:g} to {high:g})" for family, (letter, low, high, _) in FAMILIES.items())
    raise UnknownName("problem", name, [*spelled, *PROBLEMS, *families])

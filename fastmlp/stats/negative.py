"""Negative transfer: where starting from a pretrained network is worse than starting from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ShapeError
from .comparisons import Difference, Test, paired_family
from .values import LEVEL, array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class NegativeTransfer:
    """What the search found.

    Attributes
    ----------
    differences
        One a cell, transferred minus scratch, corrected by Holm over all of them.
    found
        The cells with verdict *worse*, the worst first.
    tested
        How many cells could be tested.
    dropped
        Pairs that lack one of the two, in all cells.
    """

    differences: tuple[Difference, ...]
    found: tuple[int, ...]
    tested: int
    dropped: int


def negative_transfer(
    transferred: ArrayLike, scratch: ArrayLike, *, margin: float, level: float = LEVEL, test: Test = "t"
) -> NegativeTransfer:
    """Look for negative transfer in every cell.

    Parameters
    ----------
    transferred, scratch
        Shape (cells, seeds): accuracies of a pretrained strategy, and of scratch in the same cell and on the same
        seeds, NaN where a trial is missing. A cell is a problem, a size and a strategy.
    margin
        The smallest difference that matters: a loss that is surely smaller is *tied*.
    level
        With this probability, nothing is found where nothing is.
    test
        As for `paired_family`.

    Examples
    --------
    >>> found = negative_transfer(
    ...     [[0.71, 0.72, 0.70], [0.9, 0.8, 0.9]], [[0.81, 0.83, 0.80], [0.8, 0.9, 0.8]], margin=0.01
    ... )
    >>> found.found, found.tested
    ((0,), 2)
    """
    a, b = (array(x, ndim=2, expected="(cells, seeds)") for x in (transferred, scratch))
    if a.shape != b.shape:
        raise ShapeError(f"accuracies of shape {a.shape} cannot be paired with {b.shape}")
    differences = paired_family(list(zip(a, b, strict=True)), margin=margin, level=level, test=test)
    worse = [k for k, d in enumerate(differences) if d.verdict == "worse"]
    return NegativeTransfer(
        differences=tuple(differences),
        found=tuple(sorted(worse, key=lambda k: differences[k].mean or 0.0)),
        tested=sum(d.p_different is not None for d in differences),
        dropped=sum(d.dropped for d in differences),
    )

"""The test by flipping signs: it assumes that a difference and its opposite were equally likely, and no normal law.

If two strategies are equally good, each seed's difference might as well have come out with the other sign. So the sum
of the differences is compared with the sums under all 2^n choices of signs, or, where those are too many, under some
that are drawn. A drawn p-value counts the data themselves as one of the draws, so that it is never below its own
resolution and the test never errs more often than it says.

References
----------
Fisher (1935), The design of experiments, section 21. Phipson and Smyth (2010), Permutation p-values should never be
zero, doi 10.2202/1544-6115.1585.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..seeds import rng_for
from ._arrays import check_count, rounding, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from ._arrays import Bools, Floats

    Signs = NDArray[np.float64 | np.int8]

DRAWS = 9_999
SMALL, PART = 2**20, 2**18  # more signs are kept as bytes and not as numbers; so many are multiplied with at a time
EXACT = 13  # seeds up to which all 2^n signs are gone through: no more of them than are drawn otherwise


@dataclass(frozen=True, slots=True)
class SignFlip:
    """A two-sided test of "no difference" by flipping signs.

    Attributes
    ----------
    n, dropped
        Pairs it rests on, and pairs of which one is missing.
    mean
        Mean difference, first minus second.
    p
        How often flipped signs give a sum at least as far from zero.
    resolution
        The smallest p that so many seeds, or draws, can give at all.
    exact
        Whether all choices of signs were gone through.
    reason
        Why there is no p, or None.
    """

    n: int
    mean: float | None
    p: float | None
    resolution: float | None
    exact: bool
    dropped: int
    reason: Literal["no data"] | None


def sign_flip_test(first: ArrayLike, second: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> SignFlip:
    """Test whether two strategies differ, on the seeds they share.

    Parameters
    ----------
    first, second
        Shape (n,), the same seeds in the same order, NaN where a trial is missing.
    draws
        Signs that are drawn where n is above 13.
    seed
        Another seed draws other signs.

    Examples
    --------
    >>> sign_flip_test([0.91, 0.93, 0.92, 0.95], [0.81, 0.84, 0.82, 0.83]).p  # 2 of 16 choices of signs
    0.125
    """
    a, b, dropped = shared(first, second)
    if a.size == 0:
        return SignFlip(0, None, None, None, exact=True, dropped=dropped, reason="no data")
    d = differences(a, b)
    exact = a.size <= EXACT
    return SignFlip(
        n=a.size,
        mean=float(d.mean()),
        p=two_sided(d, draws=draws, seed=seed),
        resolution=resolution(a.size, draws, seed),
        exact=exact,
        dropped=dropped,
        reason=None,
    )


def resolution(n: int, draws: int = DRAWS, seed: int = 0) -> float:
    """The smallest two-sided p that a test by flipping the signs of `n` seeds can give.

    Besides the data themselves, signs that are all alike give as large a sum, and may be drawn too.
    """
    if n <= EXACT:
        return 2.0 ** (1 - n)
    flips, certain = signs(n, draws, seed)
    return _share(np.abs(flips.sum(axis=1)) == n, certain=certain)


def two_sided(d: Floats, *, draws: int = DRAWS, seed: int = 0) -> float:
    """How often flipped signs give a sum at least as far from zero as the differences do, which are (n,)."""
    sums, certain = _sums(d, draws, seed)
    return _share(np.abs(sums) >= abs(d.sum()) - _slack(d), certain=certain)


def above(d: Floats, *, draws: int = DRAWS, seed: int = 0) -> float:
    """How often flipped signs give a sum at least as high: small if the differences lie above zero."""
    sums, certain = _sums(d, draws, seed)
    return _share(sums >= d.sum() - _slack(d), certain=certain)


def differences(a: Floats, b: Floats) -> Floats:
    """First minus second, zero where rounding alone tells them apart."""
    d = a - b
    d[np.abs(d) <= rounding(a, b)] = 0.0
    return d


@lru_cache(maxsize=8)
def signs(n: int, draws: int = DRAWS, seed: int = 0) -> tuple[Signs, bool]:
    """Choices of signs for `n` seeds, and whether they are all there are.

    Returns
    -------
    (rows, n) of -1 and 1, read-only. The first row is all 1 where all are gone through; drawn rows leave it out.
    """
    check_count("draws", draws)
    if n <= EXACT:
        flips: Signs = (1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)).astype(np.float64)
    else:
        few = draws * n <= SMALL
        rng = rng_for("signs", n=n, draws=draws, seed=seed)
        bits = rng.integers(2, size=(draws, n), dtype=np.int64 if few else np.int8)
        bits *= -2
        bits += 1
        flips = bits.astype(np.float64 if few else np.int8, copy=False)
    flips.flags.writeable = False
    return flips, n <= EXACT


def flipped(flips: Signs, d: Floats) -> Iterator[Floats]:
    """Sums of differences, (n,) or (n, k), under each choice of signs: (rows,) or (rows, k), some rows at a time."""
    rows = max(1, PART // flips.shape[1])
    return (flips[k : k + rows].astype(np.float64, copy=False) @ d for k in range(0, len(flips), rows))


def _sums(d: Floats, draws: int, seed: int) -> tuple[Floats, bool]:
    """Sums under flipped signs. Sizes are sorted first, so that the order of the seeds changes nothing."""
    flips, certain = signs(d.size, draws, seed)
    return np.concatenate(list(flipped(flips, np.sort(np.abs(d))))), certain


def _share(as_far: Bools, *, certain: bool) -> float:
    """A p-value from what was counted; where signs were drawn, the data are one more draw."""
    extra = not certain
    return float((np.count_nonzero(as_far) + extra) / (as_far.size + extra))


def _slack(d: Floats) -> float:
    """Sums that are equal but for rounding count as equal."""
    return 1e-9 * float(np.abs(d).sum())

"""Random signs for tests by sign flipping, which assume no normal law.

If two strategies are equally good, each seed's difference might as well have had the other sign. So a statistic is
compared with the same statistic under all 2^n choices of signs, or, where those are too many, under some that are
drawn. A drawn p-value counts the data themselves as one of the draws, so that it is never below its own resolution and
the test never errs more often than it says.

References
----------
Fisher (1935), The design of experiments, section 21. Phipson and Smyth (2010), Permutation p-values should never be
zero, doi 10.2202/1544-6115.1585.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..seeds import rng_for
from ._arrays import check_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ._arrays import Floats

    Signs = NDArray[np.float64 | np.int8]

DRAWS = 9_999
SMALL, PART = 2**20, 2**18  # more signs are kept as bytes and not as numbers; so many are multiplied with at a time
EXACT = 13  # seeds up to which all 2^n signs are gone through: no more of them than are drawn otherwise


@lru_cache(maxsize=8)
def signs(n: int, draws: int = DRAWS, seed: int = 0, part: int = 0) -> tuple[Signs, bool]:
    """Choices of signs for `n` seeds, and whether they are all there are.

    Where they are drawn, another `part` of the same seed holds other draws, for when those before did not decide.

    Returns
    -------
    (rows, n) of -1 and 1, read-only. The first row is all 1 where all are gone through; drawn rows leave it out.
    """
    check_count("draws", draws)
    if n <= EXACT:
        flips: Signs = (1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)).astype(np.float64)
    else:
        few = draws * n <= SMALL
        rng = rng_for("signs", n=n, draws=draws, seed=seed, **({"part": part} if part else {}))
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


def resolution(n: int, draws: int = DRAWS, seed: int = 0) -> float:
    """Return the smallest two-sided p that flipping the signs of `n` seeds can give.

    Besides the data themselves, signs that are all alike give as large a sum, and may be drawn too.
    """
    if n <= EXACT:
        return 2.0 ** (1 - n)
    flips, _ = signs(n, draws, seed)
    alike = int(np.count_nonzero(np.abs(flips.sum(axis=1)) == n))
    return (alike + 1) / (draws + 1)

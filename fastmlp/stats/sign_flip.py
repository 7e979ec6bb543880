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

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..seeds import rng_for
from ._arrays import check_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ._arrays import Floats

DRAWS = 9_999
PART = 2**18  # signs that are drawn or multiplied with at a time
FEW = 2**20  # signs; more of them are drawn from bytes, and not kept
SURELY_DIFFER = 64  # seeds from which signs that are drawn are never all alike: less often than once in 2^63 draws
EXACT = 13  # seeds up to which all 2^n signs are gone through: no more of them than are drawn otherwise


@dataclass(frozen=True, slots=True)
class Signs:
    """Choices of signs for `n` seeds, a bit each: thousands of choices for thousands of seeds are some megabytes.

    Parameters
    ----------
    bits : (choices, n / 8)
        As `numpy.packbits` makes them, 1 for a sign that is flipped.
    n
        Number of seeds.
    """

    bits: NDArray[np.uint8]
    n: int

    def __len__(self) -> int:
        """Return the number of choices."""
        return len(self.bits)

    def parts(self) -> Iterator[Floats]:
        """Yield them as -1 and 1, (rows, n), some rows at a time."""
        rows = max(1, PART // max(1, self.n))
        for k in range(0, len(self), rows):
            yield 1.0 - 2.0 * np.unpackbits(self.bits[k : k + rows], axis=1, count=self.n).astype(np.float64)

    def flipped(self, d: Floats) -> Iterator[Floats]:
        """Yield sums of differences, (n,) or (n, k), under each choice: (rows,) or (rows, k), some rows at a time."""
        return (flips @ d for flips in self.parts())

    def after(self, others: Signs) -> Signs:
        """Return these after others for the same seeds."""
        return Signs(np.vstack([others.bits, self.bits]), self.n)


def unflipped(n: int) -> Signs:
    """Return the one choice that flips the sign of none of `n` seeds."""
    return Signs(np.packbits(np.zeros((1, n), np.uint8), axis=1), n)


def signs(n: int, draws: int = DRAWS, seed: int = 0, part: int = 0) -> tuple[Signs, bool]:
    """Choices of signs for `n` seeds, and whether they are all there are.

    Where they are drawn, another `part` of the same seed holds other draws, for when those before did not decide.
    The first choice flips nothing where all are gone through; drawn ones leave it out. Those of thousands of seeds are
    drawn anew each time.
    """
    check_count("draws", draws)
    return (_kept if draws * n <= FEW else _drawn)(n, draws, seed, part)


def _drawn(n: int, draws: int, seed: int, part: int) -> tuple[Signs, bool]:
    if n <= EXACT:
        return Signs(np.packbits((np.arange(2**n)[:, None] >> np.arange(n)) & 1, axis=1), n), True
    rng = rng_for("signs", n=n, draws=draws, seed=seed, **({"part": part} if part else {}))
    kind = np.int64 if draws * n <= FEW else np.int8
    some = 4 * max(1, PART // (4 * n))  # rows: bytes are drawn four at a time, so that parts make no difference
    sizes = ((min(some, draws - k), n) for k in range(0, draws, some))
    return Signs(np.vstack([np.packbits(rng.integers(2, size=size, dtype=kind), axis=1) for size in sizes]), n), False


_kept = lru_cache(maxsize=8)(_drawn)


def resolution(n: int, draws: int = DRAWS, seed: int = 0) -> float:
    """Return the smallest two-sided p that flipping the signs of `n` seeds can give.

    Besides the data themselves, signs that are all alike give as large a sum, and may be drawn too.
    """
    if n <= EXACT:
        return 2.0 ** (1 - n)
    if n >= SURELY_DIFFER:
        return 1 / (draws + 1)
    flips, _ = signs(n, draws, seed)
    alike = sum(np.count_nonzero(np.abs(part.sum(axis=1)) == n) for part in flips.parts())
    return (alike + 1) / (draws + 1)

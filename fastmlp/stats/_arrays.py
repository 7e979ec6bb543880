"""Shared by all statistics: reading values, checking arguments, and the laws of Student and Gauss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidInput, NotFiniteError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Verdict = Literal["better", "worse", "tied", "undecided"]
Reason = Literal["no data", "one seed", "no spread"]
LEVEL = 0.95


def array(values: ArrayLike, *, ndim: int, expected: str) -> Floats:
    """Return values in double precision; NaN and None are missing trials.

    Raises
    ------
    ShapeError
        When `values` has another number of dimensions; `expected` describes the right shape.
    NotFiniteError
        When a value is infinite.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != ndim:
        raise ShapeError(f"values have shape {x.shape}, expected {expected}")
    if np.isinf(x).any():
        raise NotFiniteError(f"{np.count_nonzero(np.isinf(x))} of {x.size} values are not finite")
    return x


def column(values: ArrayLike) -> tuple[Floats, int]:
    """Return the values of shape (n,) that are not missing, and how many are."""
    x = array(values, ndim=1, expected="(n,)")
    kept = x[~np.isnan(x)]
    return kept, x.size - kept.size


def shared(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats, int]:
    """Return two columns where both have a value, and the number of pairs that lack one.

    Raises
    ------
    ShapeError
        When they differ in length.
    """
    a, b = array(first, ndim=1, expected="(n,)"), array(second, ndim=1, expected="(n,)")
    if a.size != b.size:
        raise ShapeError(f"{a.size} values cannot be paired with {b.size}")
    both = ~(np.isnan(a) | np.isnan(b))
    return a[both], b[both], int(a.size - both.sum())


def rounding(*columns: Floats) -> float:
    """Return the spread that rounding alone can give to equal values: 0.3 - 0.2 is not 0.2 - 0.1."""
    largest = max((float(np.nanmax(np.abs(x), initial=0.0)) for x in columns), default=0.0)
    return 8 * float(np.finfo(np.float64).eps) * largest


def check_level(level: float) -> float:
    """Return the confidence of an interval, checked.

    Raises
    ------
    InvalidInput
        When it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}, expected between 0 and 1")
    return level


def check_not_negative(name: str, value: float) -> float:
    """Return a number of at least 0, such as a margin, checked.

    Raises
    ------
    InvalidInput
        When it is negative or not finite.
    """
    if not 0 <= value < float("inf"):
        raise InvalidInput(f"{name} is {value}, expected 0 or more")
    return value


def check_count(name: str, value: int, least: int = 1) -> int:
    """Return a whole number, checked.

    Raises
    ------
    InvalidInput
        When it is below `least`.
    """
    if value < least:
        raise InvalidInput(f"{name} is {value}, expected {least} or more")
    return value


# scipy.special holds the two functions that are needed and is imported in a third of the time of scipy.stats.
def t_below(t: float, df: int) -> float:
    """Return the probability that Student's t with `df` degrees of freedom lies below `t`."""
    from scipy.special import stdtr

    return float(stdtr(df, t))


def t_quantile(p: float, df: int) -> float:
    """Return the value below which Student's t with `df` degrees of freedom lies with probability `p`."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def normal_quantile(p: float) -> float:
    """Return the value below which the standard normal law lies with probability `p`."""
    from scipy.special import ndtri

    return float(ndtri(p))


def normal_below(z: float) -> float:
    """Return the probability that the standard normal law lies below `z`."""
    from scipy.special import ndtr

    return float(ndtr(z))

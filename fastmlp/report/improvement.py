"""The probability that one strategy does better than another, and on which side of one half it lies."""

from __future__ import annotations

from typing import Literal, TypedDict

from numpy.typing import ArrayLike

from .. import stats

__all__ = ["Improvement", "Share", "improvement", "share_of"]


class Share(TypedDict):
    """A share with its interval, over n seeds: see `stats.Proportion`."""

    n: int
    share: float | None
    low: float | None
    high: float | None
    dropped: int
    reason: Literal["no data"] | None


class Improvement(Share):
    """A probability of improvement; its `case` says on which side of one half the interval lies."""

    case: Literal["likely", "unlikely", "even"]


def share_of(share: stats.Proportion) -> Share:
    """Return the fields of a share."""
    return {
        "n": share.n,
        "share": share.share,
        "low": share.low,
        "high": share.high,
        "dropped": share.dropped,
        "reason": share.reason,
    }


def improvement(first: ArrayLike, second: ArrayLike) -> Improvement:
    """Return how probable it is that the first is above the second.

    Parameters
    ----------
    first, second
        Shape (seeds,) or (seeds, cells), NaN where a trial is missing.
    """
    share = stats.probability_of_improvement(first, second)
    return {**share_of(share), "case": _case(share)}


def _case(share: stats.Proportion) -> Literal["likely", "unlikely", "even"]:
    if share.low is not None and share.low > 0.5:
        return "likely"
    return "unlikely" if share.high is not None and share.high < 0.5 else "even"

"""Safe choices: strategies that are shown to be hardly behind any other, anywhere.

That a strategy is never shown to be behind is no evidence: of a noisy one nothing is shown. It is safe if it is not
inferior, by the margin or more, to any other strategy in any cell. Each of these one-sided tests has to reject "behind
by the margin", so the largest of their p-values is the p-value of the whole (Berger 1982, doi
10.1080/00401706.1982.10487790), without a correction for their number. The strategies are corrected by Holm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ._arrays import LEVEL, array, check_level, check_not_negative, rounding
from .multiplicity import holm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Bools, Floats


@dataclass(frozen=True, slots=True)
class Safety:
    """Whether a strategy is safe.

    Attributes
    ----------
    case
        *safe*; *not shown*; *untested*, where it has no rival, or no two trials in common with one.
    p
        P-value of not being safe, corrected; None where it was not tested.
    cell, rival
        Where, and beside which strategy, it could least be shown: the places with the largest p-value.
    """

    case: Literal["safe", "not shown", "untested"]
    p: float | None
    cell: int | None
    rival: int | None


def safe_choices(accuracy: ArrayLike, *, margin: float, level: float = LEVEL) -> list[Safety]:
    """Test for each strategy whether it is behind any other by the margin or more, in any cell.

    Parameters
    ----------
    accuracy
        Shape (cells, seeds, strategies), NaN where a trial is missing. A strategy without any trial in a cell is no
        rival there.
    margin
        The smallest difference that matters.
    level
        1 - level is the probability that any strategy is called safe and is not.

    Returns
    -------
    list of Safety
        One per strategy. A strategy is *untested* too if it lacks all trials of a cell in which others have some.

    Examples
    --------
    >>> cell = [[0.90, 0.91, 0.80], [0.92, 0.92, 0.81], [0.91, 0.91, 0.83], [0.90, 0.90, 0.79]]
    >>> [one.case for one in safe_choices([cell], margin=0.02)]
    ['safe', 'safe', 'not shown']
    """
    x = array(accuracy, ndim=3, expected="(cells, seeds, strategies)")
    check_not_negative("margin", margin)
    check_level(level)
    hardest = [_hardest(x, s, margin) for s in range(x.shape[2])]
    tested = [k for k, one in enumerate(hardest) if one.p is not None]
    for k, p in zip(tested, holm([hardest[k].p or 0.0 for k in tested]).tolist(), strict=True):
        hardest[k] = Safety("safe" if p <= 1 - level else "not shown", p, hardest[k].cell, hardest[k].rival)
    return hardest


def _hardest(x: Floats, s: int, margin: float) -> Safety:
    """Return where strategy s could least be shown not to be behind, its p-value not corrected yet."""
    rivals: Bools = np.any(~np.isnan(x), axis=1)  # (cells, strategies)
    rivals[:, s] = False
    if not rivals.any():
        return Safety("untested", None, None, None)
    noise = rounding(x)
    of_cells = [_p_behind(cell[:, :, s, None] - cell, margin, noise) for cell in x[:, None]]  # one at a time
    p = np.where(rivals, np.concatenate(of_cells), -1.0)
    cell, rival = (int(place) for place in np.unravel_index(np.nanargmax(np.where(np.isnan(p), 2.0, p)), p.shape))
    largest = float(p[cell, rival])
    return Safety("untested", None if np.isnan(largest) else largest, cell, rival)


def _p_behind(d: Floats, margin: float, noise: float) -> Floats:
    """Return p-values of paired differences (cells, seeds, strategies) being -margin or less: one-sided t tests.

    NaN where there are not two seeds. A difference that is the same on every seed is taken as it is.
    """
    from scipy.special import stdtr

    n = (~np.isnan(d)).sum(axis=1)
    enough = n > 1
    mean = np.nansum(d, axis=1) / np.maximum(n, 1)
    sd = np.sqrt(np.nansum((d - mean[:, None]) ** 2, axis=1) / np.maximum(n - 1, 1))
    spread = sd > noise
    t = (mean + margin) / np.where(spread, sd / np.sqrt(np.maximum(n, 1)), 1.0)
    p = np.where(spread, stdtr(np.maximum(n - 1, 1), -t), np.where(mean > -margin, 0.0, 1.0))
    return np.where(enough, p, np.nan)

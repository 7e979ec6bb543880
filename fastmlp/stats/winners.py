"""The strategies of a cell that cannot be told apart from the best.

For each strategy the hypothesis is that it may be the best: its statistic is its largest deficit against any other
strategy, in units of that difference's own spread, and the joint distribution of all these statistics is found by
flipping the signs of whole seeds. A strategy is excluded if its deficit is larger than the largest one that random
signs would give anywhere among the strategies that are not excluded yet. So the comparison is with the best strategy,
not with the one that came out best: that one was selected by its luck, and tests that treat it as named in advance
would exclude its equals too often.

Reasons for this rule:

- with one hypothesis for each strategy (Hsu 1984) there are k of them and not k (k - 1) / 2, and the answer is a set,
  not many verdicts that may contradict each other;
- the maximum (Westfall and Young 1993) accounts for the correlation of strategies over seeds, which paired trials
  always have; Holm's correction does not, and loses power. Its resolution does not depend on the number of cells
  either: six seeds are enough for 5 % in one cell and in a hundred;
- stepping down (Romano and Wolf 2005, doi 10.1198/016214504000000539) keeps the guarantee and excludes more. An
  excluded strategy may still show that another is not the best, so it stays among the rivals: in this the procedure is
  stricter than the model confidence set (Hansen, Lunde and Nason 2011, doi 10.3982/ECTA5771), whose guarantee holds
  only for many seeds.

With probability `level` at least, over all cells together, no strategy that is the best, or equally good, is excluded.
This is exact if the differences of equally good strategies are as likely as their opposites.

Where there are too many signs to go through all of them they are drawn, and a p-value near the error allowed would lie
on the other side of it with other draws. So more are drawn until every p-value is clearly on one side, and a strategy
whose p-value is not by then stays, named as borderline: no exclusion hangs on one draw (Gandy 2009, doi
10.1198/jasa.2009.tm08368, draws without end and so decides all).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ._arrays import LEVEL, array, check_level, rounding
from .sign_flip import resolution, signs, unflipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ._arrays import Bools, Floats
    from .sign_flip import Signs

DRAWS = 4_999
PART = 2**18  # differences that are held at a time, about
PARTS = 4  # so many times as many are drawn before a p-value is called borderline
SURE = 3.3  # standard errors of a drawn p-value: one in a thousand lies further from the exact one


@dataclass(frozen=True, slots=True)
class Winners:
    """The strategies of one cell that may be the best.

    Attributes
    ----------
    best
        The strategy with the highest mean.
    winners
        Places of the strategies that cannot be told apart from the best, the best included.
    borderline
        Those of them that other draws of signs might exclude.
    p
        For each strategy, the p-value of being the best, corrected for all cells: it is excluded where p is at most
        1 - level and not borderline. None where it has no trial.
    counts
        Finished trials of each strategy.
    dropped
        Missing trials, of all strategies.
    reason
        Why nothing could be excluded, whatever the accuracies, or None.
    """

    best: int | None
    winners: tuple[int, ...]
    borderline: tuple[int, ...]
    p: tuple[float | None, ...]
    counts: tuple[int, ...]
    dropped: int
    reason: Literal["no data", "single strategy", "too few seeds"] | None


def winner_sets(accuracy: ArrayLike, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 0) -> list[Winners]:
    """Find the winners of every cell, with one guarantee for all cells together.

    Parameters
    ----------
    accuracy
        Shape (cells, seeds, strategies), NaN where a trial is missing. The seeds are the same in all cells: their
        signs are flipped together, because cells that share their draws are not independent.
    level
        1 - level is the probability that any cell excludes one of its best.
    draws
        Choices of signs that are drawn at a time where there are more than 13 seeds, up to `PARTS` times.
    seed
        Another seed draws other signs.

    Returns
    -------
    list of Winners
        One per cell.

    Examples
    --------
    >>> scores = [[0.70, 0.90, 0.91], [0.72, 0.93, 0.91], [0.69, 0.91, 0.92], [0.71, 0.92, 0.91], [0.7, 0.92, 0.94]]
    >>> cell = winner_sets([[*scores, [0.73, 0.95, 0.93]]])[0]
    >>> cell.best, cell.winners
    (1, (1, 2))
    """
    x = array(accuracy, ndim=3, expected="(cells, seeds, strategies)")
    check_level(level)
    x = x[:, _order(x)]
    there: Bools = np.any(~np.isnan(x), axis=1)  # (cells, strategies)
    several: Bools = there.sum(axis=1) > 1
    contested = there & several[:, None]
    p = np.full(there.shape, np.nan)
    p[there] = 1.0
    borderline = np.zeros(there.shape, dtype=np.bool_)
    if several.any():
        rivals = [x[k] if there[k].all() else x[k][:, there[k]] for k in np.flatnonzero(several)]
        p[contested], borderline[contested] = _step_down(rivals, 1 - level, draws, seed)
    return [_winners(*of_cell, 1 - level) for of_cell in zip(x, p, borderline, strict=True)]


def _order(x: Floats) -> NDArray[np.intp]:
    """Order seeds by their sum, so that neither their order nor that of the strategies changes the result."""
    sums = [np.sort(np.nan_to_num(cell), axis=1).sum(axis=1) for cell in x]
    return np.argsort(np.sort(sums, axis=0).sum(axis=0), kind="stable")


def _deficits(x: Floats, flips: Signs) -> Floats:
    """Return the largest deficit of each strategy against any other, under each choice of signs.

    A deficit is the sum of differences over the root of the sum of their squares: it grows with Student's t, is at most
    the root of n, has the same spread for every pair under flipped signs, and its denominator does not depend on them.

    Parameters
    ----------
    x : (n, k)
        One cell.
    flips
        Of n seeds.

    Returns
    -------
    (rows, k)
    """
    k = x.shape[1]
    parts = min(k, -(-x.size * k // PART))
    some = -(-k // max(1, parts))
    return np.hstack([_deficits_of(x, slice(first, first + some), flips) for first in range(0, k, some)])


def _deficits_of(x: Floats, some: slice, flips: Signs) -> Floats:
    """Return the deficits of some strategies: of all at once, differences may be too many."""
    n, k = x.shape
    d = np.subtract(x[:, :, None], x[:, None, some], order="C")  # (n, k, some)
    np.nan_to_num(d, copy=False)  # zero where a pair is incomplete
    d[np.abs(d) <= rounding(x)] = 0.0
    d = d.reshape(n, -1)
    length = np.sqrt((d**2).sum(axis=0))
    d /= np.where(length > 0, length, 1.0)
    return np.concatenate([sums.reshape(len(sums), k, -1).max(axis=1) for sums in flips.flipped(d)])


def _step_down(cells: Sequence[Floats], error: float, draws: int, seed: int) -> tuple[Floats, Bools]:
    """Return the p-value of each strategy of each cell, and whether it is borderline.

    Stepping down as Westfall and Young (1993, algorithm 4.1): each deficit is compared with the largest one, under each
    choice of signs, among the strategies that are not excluded before it.
    """
    data = _all_deficits(cells, unflipped(len(cells[0])))[0]
    down = np.argsort(-data, kind="stable")
    p, borderline = np.empty(data.size), np.zeros(data.size, dtype=np.bool_)
    as_large, rows = np.zeros(data.size), 0
    for flips, certain in _choices_of_signs(len(cells[0]), draws, seed):
        deficits = _all_deficits(cells, flips)[:, down]
        largest = np.maximum.accumulate(deficits[:, ::-1], axis=1)[:, ::-1]
        as_large += (largest >= data[down] - 1e-9).sum(axis=0)
        rows += len(flips)
        p[down] = np.maximum.accumulate(as_large / rows)
        borderline = np.abs(p - error) <= (0.0 if certain else SURE * (error * (1 - error) / rows) ** 0.5)
        if certain or not borderline.any():
            break
    return p, borderline & (not certain)


def _choices_of_signs(n: int, draws: int, seed: int) -> Iterator[tuple[Signs, bool]]:
    """Yield choices of signs, and whether they are all there are; the data are one of those that are drawn first."""
    flips, certain = signs(n, draws, seed)
    if certain:
        yield flips, True
        return
    yield flips.after(unflipped(n)), False
    for part in range(1, PARTS):
        yield signs(n, draws, seed, part)[0], False


def _all_deficits(cells: Sequence[Floats], flips: Signs) -> Floats:
    """Return the deficits of all strategies of all cells, side by side: (rows, hypotheses)."""
    return np.hstack([_deficits(cell, flips) for cell in cells])


def _winners(x: Floats, p: Floats, borderline: Bools, error: float) -> Winners:
    """Return the winners of one cell (n, k) by its p-values."""
    counts = (~np.isnan(x)).sum(axis=0)
    there: Bools = counts > 0
    dropped = int(x.size - counts.sum())
    p_values = tuple(float(v) if ok else None for v, ok in zip(p, there, strict=True))
    n_trials = tuple(int(c) for c in counts)
    if not there.any():
        return Winners(None, (), (), p_values, n_trials, dropped, "no data")
    means = np.where(there, np.nan_to_num(x).sum(axis=0) / np.maximum(counts, 1), -np.inf)
    best = int(means.argmax())
    # With missing trials the best by its own seeds may lose on shared seeds; it stays a winner
    winners = tuple(int(k) for k in np.flatnonzero(there) if p[k] > error + 1e-12 or borderline[k] or k == best)
    unsure = tuple(int(k) for k in np.flatnonzero(borderline) if k != best)
    reason: Literal["single strategy", "too few seeds"] | None = None
    if there.sum() == 1:
        reason = "single strategy"
    elif resolution(int(((~np.isnan(x)).sum(axis=1) > 1).sum())) > error + 1e-12:
        reason = "too few seeds"
    return Winners(best, winners, unsure, p_values, n_trials, dropped, reason)

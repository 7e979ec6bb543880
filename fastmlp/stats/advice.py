"""CS231n's advice on transfer learning, and whether a study agrees with it.

The course notes *Transfer learning* (cs231n.github.io/transfer-learning, "When and how to fine-tune?") distinguish four
cases, by whether the data are similar to those of the pretraining and whether they are few:

=========  ========================================  =======================================
..         little data                               much data
=========  ========================================  =======================================
similar    a linear classifier on the top features   fine-tune the whole network
different  a linear classifier on earlier features   fine-tune the whole network, or scratch
=========  ========================================  =======================================

The notes give no numbers. So the thresholds of "similar" and "little" are arguments here, and the result says how
much it depends on them. Tasks with many classes need more labels than tasks with few, so each problem may have its own
threshold of "little".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import ShapeError
from ._arrays import array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._arrays import Ints

Advice = Literal["linear on top", "linear lower down", "fine-tune", "fine-tune or scratch"]
Mark = Literal["agrees", "contradicted", "undecided", "not in the study", "no data"]
Names = Collection[str]
Labels = float | Sequence[float]  # for all problems, or (problems,)

ADVICE: tuple[Advice, ...] = ("linear on top", "linear lower down", "fine-tune", "fine-tune or scratch")


@dataclass(frozen=True, slots=True)
class AdviceMatrix:
    """CS231n's advice for every cell, and whether the study agrees with it.

    Attributes
    ----------
    advice
        (problems, sizes), None where the similarity is unknown.
    marks
        (problems, sizes). *agrees*: only advised strategies may be the best, or an advised one is tied with the best.
        *contradicted*: none of them may be. *undecided*: neither.
    steadiness
        (problems, sizes), the share of the choices of thresholds under which the mark is the same.
    counts
        Number of cells with each mark.
    similar_from, little_to
        The declared thresholds: similar is at least the first, little data at most the second, for all problems or
        (problems,).
    choices
        Number of pairs of thresholds that were tried.
    """

    advice: tuple[tuple[Advice | None, ...], ...]
    marks: tuple[tuple[Mark, ...], ...]
    steadiness: tuple[tuple[float, ...], ...]
    counts: dict[Mark, int]
    similar_from: float
    little_to: float | tuple[float, ...]
    choices: int


@dataclass(frozen=True, slots=True)
class Contest:
    """The strategies compared in a cell, and those that may be the best.

    Attributes
    ----------
    contestants
        The strategies that were compared.
    winners
        Those that cannot be by_cell apart from the best.
    tied
        Those that are equivalent to the best within the margin, the best included.
    """

    contestants: Names
    winners: Names
    tied: Names = ()


def cs231n_advice(*, similar: bool, little: bool) -> Advice:
    """Return the advice for one case.

    Examples
    --------
    >>> cs231n_advice(similar=False, little=True)
    'linear lower down'
    """
    if little:
        return "linear on top" if similar else "linear lower down"
    return "fine-tune" if similar else "fine-tune or scratch"


def mark_advice(contest: Contest, advised: Names) -> Mark:
    """Return whether a cell agrees with the advice to use one of the `advised` strategies.

    Examples
    --------
    >>> mark_advice(Contest(["frozen", "finetune", "scratch"], winners=["finetune", "scratch"]), advised=["frozen"])
    'contradicted'
    """
    if not contest.winners:
        return "no data"
    present = set(advised) & set(contest.contestants)
    if not present:
        return "not in the study"
    if not present & set(contest.winners):
        return "contradicted"
    if present == set(contest.contestants):  # any outcome would agree
        return "undecided"
    return "agrees" if set(contest.winners) <= present or present & set(contest.tied) else "undecided"


def chance_of_agreement(contest: Contest, advised: Names) -> float:
    """Return the probability that a cell agrees with as many strategies drawn at random as are advised.

    A piece of advice that names half of all strategies agrees often, whatever they are worth.

    Examples
    --------
    >>> contest = Contest(["a", "b", "c", "d"], winners=["a", "b"], tied=["a"])
    >>> chance_of_agreement(contest, ["c"]), chance_of_agreement(contest, ["c", "d"])
    (0.25, 0.5)
    """
    n, drawn = len(contest.contestants), len(set(advised) & set(contest.contestants))
    winners, tied = set(contest.winners), set(contest.tied)
    if not winners or not drawn or drawn == n:
        return 0.0

    def none_of(strategies: set[str]) -> float:
        return math.comb(n - len(strategies), drawn) / math.comb(n, drawn)

    # It agrees where a winner and one that is tied are drawn, or all winners, one of which is tied: the best itself
    return 1 - none_of(winners) - none_of(tied) + none_of(winners | tied)


def advice_matrix(
    similarity: Sequence[float | None],
    sizes: Sequence[float],
    contests: Sequence[Sequence[Contest]],
    advised: Mapping[Advice, Names],
    *,
    similar_from: float,
    little_to: Labels,
    other_thresholds: tuple[Sequence[float], Sequence[Labels]] = ((), ()),
) -> AdviceMatrix:
    """Compare CS231n's advice with the winners of every cell.

    Parameters
    ----------
    similarity
        (problems,), measured; None where it is unknown.
    sizes
        (sizes,), labels.
    contests
        (problems, sizes).
    advised
        The strategies that follow each piece of advice.
    similar_from, little_to
        Thresholds: similar is at least the first, little data at most the second, a number or (problems,).
    other_thresholds
        Other reasonable choices of the two. All pairs are tried, the declared ones included.

    Raises
    ------
    ShapeError
        When `contests` is not (problems, sizes), or a threshold of labels neither a number nor (problems,).

    Examples
    --------
    >>> cell = Contest(["frozen", "finetune"], winners=["finetune"])
    >>> groups = {"linear on top": ["frozen"], "fine-tune": ["finetune"]}
    >>> m = advice_matrix([0.9], [20, 500], [[cell, cell]], groups, similar_from=0.5, little_to=100)
    >>> m.marks
    (('contradicted', 'agrees'),)
    """
    if [len(row) for row in contests] != [len(sizes)] * len(similarity):
        raise ShapeError(f"contests have {[len(r) for r in contests]} cells, expected {len(similarity)} x {len(sizes)}")
    known = array([np.nan if r is None else r for r in similarity], ndim=1, expected="(problems,)")

    def look(start: float, ends: Sequence[float]) -> tuple[list[list[Advice | None]], list[list[Mark]]]:
        by_cell = _advised(known, sizes, start, ends)
        marks = [
            [_mark(c, a, advised) for c, a in zip(*row, strict=True)] for row in zip(contests, by_cell, strict=True)
        ]
        return by_cell, marks

    declared = _by_problem(little_to, len(known))
    starts = sorted({similar_from, *other_thresholds[0]})
    ends = sorted({declared, *(_by_problem(end, len(known)) for end in other_thresholds[1])})
    by_cell, marks = look(similar_from, declared)
    tried = np.array([look(start, end)[1] for start in starts for end in ends], dtype=object)
    same = np.asarray(tried == np.array(marks, dtype=object), dtype=np.float64).mean(axis=0)
    every = [mark for row in marks for mark in row]
    return AdviceMatrix(
        advice=tuple(map(tuple, by_cell)),
        marks=tuple(map(tuple, marks)),
        steadiness=tuple(tuple(row) for row in same.tolist()),
        counts={mark: every.count(mark) for mark in dict.fromkeys(every)},
        similar_from=similar_from,
        little_to=declared if isinstance(little_to, Sequence) else little_to,
        choices=len(starts) * len(ends),
    )


def advised_choice(
    similarity: ArrayLike,
    sizes: Sequence[float],
    first: Mapping[Advice, int],
    *,
    similar_from: float,
    little_to: Labels,
) -> Ints:
    """Return the strategies chosen by following the advice, for `regret`.

    Parameters
    ----------
    similarity
        (problems,), NaN where it is unknown.
    sizes
        (sizes,).
    first
        Place of the strategy for each piece of advice.
    similar_from, little_to
        As for `advice_matrix`.

    Returns
    -------
    (problems * sizes,), problem by problem; -1 where there is no advice or no strategy for it.

    Raises
    ------
    ShapeError
        When `little_to` is neither a number nor (problems,).
    """
    known = array(similarity, ndim=1, expected="(problems,)")
    by_cell = _advised(known, sizes, similar_from, _by_problem(little_to, len(known)))
    return np.array(
        [-1 if advice is None else first.get(advice, -1) for row in by_cell for advice in row], dtype=np.int64
    )


def _by_problem(little_to: Labels, problems: int) -> tuple[float, ...]:
    """Return a threshold of labels for each problem."""
    ends = np.asarray(little_to, dtype=np.float64)
    if ends.shape not in {(), (problems,)}:
        raise ShapeError(f"little_to has shape {ends.shape}, expected a number or ({problems},)")
    return tuple(np.broadcast_to(ends, (problems,)).tolist())


def _advised(
    similarity: Iterable[float], sizes: Sequence[float], similar_from: float, ends: Sequence[float]
) -> list[list[Advice | None]]:
    """Return the advice for each cell, (problems, sizes)."""
    return [[_advice(r, n, similar_from, end) for n in sizes] for r, end in zip(similarity, ends, strict=True)]


def _advice(similarity: float, n_target: float, similar_from: float, little_to: float) -> Advice | None:
    if np.isnan(similarity):
        return None
    return cs231n_advice(similar=bool(similarity >= similar_from), little=n_target <= little_to)


def _mark(contest: Contest, advice: Advice | None, advised: Mapping[Advice, Names]) -> Mark:
    return "no data" if advice is None else mark_advice(contest, advised.get(advice, ()))

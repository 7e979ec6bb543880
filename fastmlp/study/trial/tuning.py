"""Fair tuning: every strategy tries the same number of settings, inside the n_target labels and nowhere else.

Candidates are drawn from a seed that does not depend on the strategy, so all strategies try the same rates, epochs and
penalties on the same folds. The first is what the study declares, so tuning with one trial changes nothing; the second
is that with the baseline's penalty.

The penalty is that of logistic regression, whose C weighs the sum of the losses against half the squared weights: for
the mean of n losses that is a weight decay of 1 / (C n). So one C says the same to the baseline and to a network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...errors import LabelError
from ...measures import log_loss
from ...problems import group_folds, interleave
from ..settings.schema import TUNED_EPOCHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Ints

FEWEST = 5  # labels of each class; with fewer, some fold would hold none, and the scores would be noise
RATES, PENALTIES = 3.0, 10.0  # how far up and down from the declared values the search goes, as factors
ENOUGH = 3  # folds to decide between the last two candidates

# Steps of a sequence whose points cover a cube evenly, however many are taken: powers of the root of x^4 = x + 1
# (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences")
EVENLY = 1.2207440846057596 ** -np.arange(1.0, 4.0)


class Candidate(NamedTuple):
    """Settings to try: learning rate, epochs and weight decay of a network, C of the baseline."""

    lr: float
    epochs: int
    weight_decay: float
    C: float


@dataclass(frozen=True)
class Choice:
    """A chosen candidate.

    Parameters
    ----------
    best
        The candidate.
    scores
        The mean log-loss of every candidate over the folds that it was scored on; none if there were too few labels.
    note
        How it was chosen, for the record.
    """

    best: Candidate
    scores: tuple[float, ...]
    note: str


# From the rows to train on and the rows left out to a function of a candidate that returns probabilities for the latter
Fold = Callable[["Ints", "Ints"], Callable[[Candidate], "NDArray[np.float64]"]]


def penalised(declared: Candidate, n_target: int) -> Candidate:
    """Return the declared settings with the baseline's penalty.

    Examples
    --------
    >>> penalised(Candidate(0.05, 60, 0.0, 1.0), 20).weight_decay
    0.05
    """
    return declared._replace(weight_decay=1 / (declared.C * n_target))


def draw_candidates(declared: Candidate, n_target: int, trials: int, rng: np.random.Generator) -> list[Candidate]:
    """Return the declared settings, the same with the baseline's penalty, and others drawn around them.

    These lie evenly on logarithmic scales, and more trials begin with fewer.
    """
    points = (rng.uniform(size=3) + np.arange(1, max(2, trials - 1))[:, None] * EVENLY) % 1
    drawn = [
        declared._replace(
            lr=declared.lr * RATES**a,
            epochs=max(1, round(declared.epochs * TUNED_EPOCHS**b)),
            C=declared.C * PENALTIES**c,
        )
        for a, b, c in (2 * points - 1).tolist()
    ]
    return [declared, *(penalised(one, n_target) for one in (declared, *drawn))][:trials]


def choose(
    candidates: Sequence[Candidate],
    fallback: Candidate,
    y: Ints,
    folds: int,
    rng: np.random.Generator,
    fold: Fold,
    groups: Ints | None = None,
) -> Choice:
    """Return the candidate with the lowest log-loss in stratified cross-validation.

    After each fold only the better half of the candidates goes on to the next, by the mean over the folds so far, and
    three folds decide between the last two (successive halving, Jamieson & Talwalkar 2016). So eight candidates take 14
    fits instead of 40. On four problems of the book that cost 0.1 to 0.4 points of held-out accuracy, and one fold
    alone would have cost 0.4 to 1.0. Six candidates take 11 fits and lose nothing there: 0.0 points, with a standard
    error of 0.1. The log-loss decides, not the accuracy, because a fold of few labels knows few accuracies.

    Parameters
    ----------
    candidates
        Settings to try; of equals the first is chosen.
    fallback
        Chosen if some class has fewer than `FEWEST` labels.
    y : (n,)
        Labels of the n_target examples.
    folds
        Number of parts, each left out once.
    rng
        Divides them.
    fold
        Called with the rows to train on and the rows left out; returns a function from a candidate to probabilities for
        the latter.
    groups : (n,)
        Examples of one group are never on both sides.
    """
    if np.bincount(y)[np.unique(y)].min() < FEWEST:
        return Choice(fallback, (), f"declared: a class has under {FEWEST} labels")
    try:
        parts = np.array_split(interleave(y, rng), folds) if groups is None else group_folds(y, groups, folds, rng)
    except LabelError as error:
        return Choice(fallback, (), f"declared: {error}")
    losses: list[list[float]] = [[] for _ in candidates]
    means: list[float] = []
    left = list(range(len(candidates)))
    for scored, part in enumerate(parts, 1):
        left_out = np.sort(part)
        fit = fold(np.setdiff1d(np.arange(len(y)), left_out), left_out)
        for k in sorted(left, key=lambda k: candidates[k].C):  # from strong penalties to weak, for those who go on
            losses[k].append(_loss(fit(candidates[k]), y[left_out]))
        means = [float(np.mean(of_one)) for of_one in losses]
        left = sorted(left, key=lambda k: (means[k], k))[: _go_on(len(left), scored)]
        if len(left) == 1:
            break
    return Choice(candidates[left[0]], tuple(means), "cross-validated")


def fits(candidates: int, folds: int) -> int:
    """Return how many fits `choose` takes.

    Examples
    --------
    >>> fits(8, 5), fits(6, 5), fits(2, 2)
    (14, 11, 4)
    """
    left, done = candidates, 0
    for scored in range(1, folds + 1):
        done += left
        left = _go_on(left, scored)
        if left == 1:
            break
    return done


def _go_on(left: int, scored: int) -> int:
    """Return how many of the candidates that are left go on after so many folds."""
    return max(1 if scored >= ENOUGH else 2, math.ceil(left / 2))


def _loss(p: NDArray[np.float64], y: Ints) -> float:
    """Return the log-loss; infinity if the training diverged."""
    return log_loss(p, y) if np.isfinite(p).all() else math.inf

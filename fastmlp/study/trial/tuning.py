"""Fair tuning: every strategy tries the same number of settings, inside the n_target labels and nowhere else.

Random search (Bergstra & Bengio 2012) with stratified cross-validation. Candidates are drawn from a seed that does not
depend on the strategy, so all strategies try the same learning rates and epochs on the same folds. The first candidate
is what the study declares, so tuning with one trial changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...measures import log_loss
from ...problems import interleave
from ..settings.schema import TUNED_EPOCHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...layout import Ints

FEWEST = 5  # labels of each class; with fewer, some fold would hold none, and the scores would be noise
RATES, STRENGTHS = 10.0, 1000.0  # how far up and down from the declared values the search goes, as factors


class Candidate(NamedTuple):
    """Settings to try: learning rate and epochs of a network, C of the baseline."""

    lr: float
    epochs: int
    C: float


class Choice(NamedTuple):
    """The chosen candidate, and the mean accuracy over folds of every candidate; empty if there were too few labels."""

    best: Candidate
    scores: tuple[float, ...]

    @property
    def note(self) -> str:
        """How the candidate was chosen, for the record."""
        return "cross-validated" if self.scores else f"declared: a class has under {FEWEST} labels"


Fit = Callable[[Candidate, "Ints", "Ints"], "NDArray[np.float64]"]


def draw_candidates(declared: Candidate, trials: int, rng: np.random.Generator) -> list[Candidate]:
    """Draw settings log-uniformly around the declared ones, which come first."""
    factors = rng.uniform(-1, 1, (trials - 1, 3))
    return [
        declared,
        *(
            Candidate(
                lr=declared.lr * RATES**a,
                epochs=max(1, round(declared.epochs * TUNED_EPOCHS**b)),
                C=declared.C * STRENGTHS**c,
            )
            for a, b, c in factors.tolist()
        ),
    ]


def choose(candidates: Sequence[Candidate], y: Ints, folds: int, rng: np.random.Generator, fit: Fit) -> Choice:
    """Return the candidate with the best accuracy in stratified cross-validation; ties go to the lower log-loss.

    Parameters
    ----------
    candidates
        The first is chosen if some class has fewer than `FEWEST` labels.
    y : (n,)
        Labels of the n_target examples.
    folds
        Number of parts, each left out once.
    rng
        Divides them.
    fit
        Called with a candidate, the rows to train on and the rows left out; returns probabilities for the latter.
    """
    if np.bincount(y)[np.unique(y)].min() < FEWEST:
        return Choice(candidates[0], ())
    parts = [np.sort(part) for part in np.array_split(interleave(y, rng), folds)]
    scored = [_score(candidate, y, parts, fit) for candidate in candidates]
    best = max(range(len(candidates)), key=lambda i: (scored[i][0], -scored[i][1], -i))
    return Choice(candidates[best], tuple(accuracy for accuracy, _ in scored))


def _score(candidate: Candidate, y: Ints, parts: Sequence[Ints], fit: Fit) -> tuple[float, float]:
    """Return mean accuracy and mean log-loss over the folds; a fold in which training diverges counts 0."""
    accuracies, losses = [], []
    for part in parts:
        rest = np.setdiff1d(np.arange(len(y)), part)
        p = fit(candidate, rest, part)
        sane = bool(np.isfinite(p).all())
        accuracies.append(float((p.argmax(axis=1) == y[part]).mean()) if sane else 0.0)
        losses.append(log_loss(p, y[part]) if sane else np.inf)
    return float(np.mean(accuracies)), float(np.mean(losses))

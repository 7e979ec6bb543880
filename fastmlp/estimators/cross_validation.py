"""Strategies compared inside the labels that there are: every strategy on the same folds, from the same draws."""

from __future__ import annotations

import warnings
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold, check_cv
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from ..backbones import Backbone
from ..checks import at_least_one
from ..errors import LabelError, TrainingDiverged
from ..measures import log_loss
from ..notebook import Live
from ..problems import group_folds
from ..seeds import rng_for
from ..strategies.backbone import LR as BACKBONE_LR
from .carry_out import LR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..backbones import Prepared
    from ..layout import Floats, Ints
    from ..strategies import Strategy
    from .transfer_classifier import TransferClassifier

FOLDS_OF_TUNING = 3
RATES, STRENGTHS = 3.0, 100.0  # how far up and down from the declared lr and C the search goes, as factors


class Labelled(NamedTuple):
    """The labelled examples.

    Attributes
    ----------
    X : (n, features)
        Or what a backbone has prepared.
    y : (n,)
        Labels of any kind.
    places : (n,)
        Place of each label among the sorted classes.
    weights : (n,)
        What each example counts; None if all count the same.
    groups : (n,)
        Examples of one group are never on both sides of a fold; None if each may be on any.
    """

    X: Floats | Prepared
    y: NDArray[Any]
    places: Ints
    weights: NDArray[np.float64] | None
    groups: NDArray[Any] | None = None

    def rows(self, rows: Ints) -> Labelled:
        """Return some of the examples."""
        weights, groups = (None if each is None else each[rows] for each in (self.weights, self.groups))
        return Labelled(self.X[rows], self.y[rows], self.places[rows], weights, groups)

    @property
    def total(self) -> float:
        """What all of them count."""
        return len(self.X) if self.weights is None else float(self.weights.sum())


class Trial(NamedTuple):
    """One strategy on one fold: its score, the numbers it moved times its updates, and the seconds of its fit.

    The score is NaN if the training diverged.
    """

    score: float
    cost: float
    seconds: float


class Trials(NamedTuple):
    """All trials of a comparison.

    Attributes
    ----------
    scores, costs, seconds : (strategies, folds)
    overlap
        Examples of a test fold for each one trained on: what `fastmlp.stats.paired_family` asks for.
    """

    scores: NDArray[np.float64]
    costs: NDArray[np.float64]
    seconds: NDArray[np.float64]
    overlap: float


def folds_of(examples: Labelled, cv: Any, repeats: int, groups: ArrayLike | None, seed: int) -> list[tuple[Ints, Ints]]:
    """Return rows to train on and rows left out, for each fold.

    Parameters
    ----------
    cv
        A number of folds, or what scikit-learn takes for a cross-validation, which then says how often it is repeated.
    repeats
        Divisions into so many folds.
    groups : (n,)
        Examples of one group are never on both sides.
    seed
        Of the divisions.

    Raises
    ------
    LabelError
        If a class has one label only, or is in one group only.
    """
    if not isinstance(cv, int | np.integer):
        return list(check_cv(cv, examples.y, classifier=True).split(examples.X, examples.y, groups))
    folds = _enough(examples, at_least_one("cv", cv))
    if groups is None:
        divided = RepeatedStratifiedKFold(n_splits=folds, n_repeats=at_least_one("repeats", repeats), random_state=seed)
        return list(divided.split(examples.X, examples.y))
    _, numbered = np.unique(groups, return_inverse=True)
    if numbered.max() + 1 < folds:
        folds = int(numbered.max()) + 1
        warnings.warn(f"there are {folds} groups, so there are as many folds and not {cv}", stacklevel=3)
    rows = np.arange(len(examples.X))
    draws = (rng_for("group folds", seed=seed, repeat=repeat) for repeat in range(at_least_one("repeats", repeats)))
    parts = (part for draw in draws for part in group_folds(examples.places, numbered, folds, draw))
    return [(np.setdiff1d(rows, part), part) for part in parts]


def _enough(examples: Labelled, cv: int) -> int:
    """Return the number of folds: fewer than asked for if a class has fewer labels."""
    counts = np.bincount(examples.places)
    rarest = int(counts.argmin())
    label, fewest = examples.y[examples.places == rarest][0], int(counts[rarest])
    if fewest < 2:
        raise LabelError(f"class {label!s} has {fewest} label; cross-validation needs at least 2 of each class")
    if cv < 2:
        raise LabelError(f"cv is {cv}; at least 2 folds are needed")
    if fewest < cv:
        warnings.warn(f"class {label!s} has {fewest} labels, so there are {fewest} folds and not {cv}", stacklevel=4)
    return min(cv, fewest)


def compare(
    base: TransferClassifier,
    strategies: Mapping[str, Strategy | str],
    examples: Labelled,
    folds: Sequence[tuple[Ints, Ints]],
    *,
    scorer: Any,
    candidates: int,
    seed: int,
    n_jobs: int | None,
) -> Trials:
    """Train every strategy on every fold, and score it on what the fold leaves out.

    Parameters
    ----------
    base
        Says all that the strategies share.
    scorer
        Scikit-learn's.
    candidates
        Settings that each strategy tries inside each fold.
    seed
        Each fold has a seed of its own that follows from it, the same for every strategy.
    """
    jobs = [
        (strategy, fold, seed_of_fold(seed, number))
        for strategy in strategies.values()
        for number, fold in enumerate(folds)
    ]
    calls = (delayed(_trial)(base, strategy, examples, fold, scorer, candidates, own) for strategy, fold, own in jobs)
    done: list[Trial] = []
    with Live("trainings", len(jobs)) as live:
        for trial in in_threads(base, calls, n_jobs):
            done.append(trial)
            live.show(len(done))
    table = np.array(done, dtype=np.float64).reshape(len(strategies), len(folds), len(Trial._fields))
    scores, costs, seconds = np.moveaxis(table, 2, 0)
    return Trials(scores, costs, seconds, overlap_of(examples, folds))


def in_threads(base: TransferClassifier, calls: Iterable[Any], n_jobs: int | None) -> Iterator[Any]:
    """Yield what calls that train `base` return, made by several threads; on a backbone, one after the other."""
    if isinstance(base.pretrained, Backbone):  # PyTorch draws from one generator, and has threads of its own
        yield from Parallel(n_jobs=1, return_as="generator")(calls)
        return
    with threadpool_limits(limits=1):  # of small matrices: more threads take longer, and wait for each other
        yield from Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(calls)


def sharing(base: TransferClassifier) -> TransferClassifier:
    """Return what is trained in parallel, each with one thread; on a backbone with those that PyTorch has."""
    return base if isinstance(base.pretrained, Backbone) else clone(base).set_params(threads=1)


def seed_of_fold(seed: int, number: int) -> int:
    """Return the seed of all that is drawn in a fold."""
    return int(rng_for("fold", seed=seed, fold=number).integers(2**31 - 1))


def overlap_of(examples: Labelled, folds: Sequence[tuple[Ints, Ints]]) -> float:
    """Return what is left out of a fold for each example trained on, as a mean over the folds."""
    shares = [examples.rows(left_out).total / examples.rows(train).total for train, left_out in folds]
    return float(np.mean(shares))


def _trial(
    base: TransferClassifier,
    strategy: Strategy | str,
    examples: Labelled,
    fold: tuple[Ints, Ints],
    scorer: Any,
    candidates: int,
    seed: int,
) -> Trial:
    train, left_out = (examples.rows(rows) for rows in fold)
    start = perf_counter()
    try:
        model = fit_tuned(base, strategy, train, candidates, seed)
    except TrainingDiverged:
        return Trial(np.nan, np.nan, perf_counter() - start)
    seconds = perf_counter() - start
    weighted = {} if left_out.weights is None else {"sample_weight": left_out.weights}
    score = scorer(model, left_out.X, left_out.y, **weighted)
    return Trial(score, float(model.n_parameters_trained_) * model.n_steps_, seconds)


def fit_tuned(
    base: TransferClassifier, strategy: Strategy | str, examples: Labelled, candidates: int, seed: int, X: Any = None
) -> TransferClassifier:
    """Return the strategy trained on examples, with the best of some settings.

    They are compared by cross-validation inside the examples: the same settings, on the same folds, for every strategy.

    Parameters
    ----------
    X
        The inputs of the examples as the user gave them, with the names of their features, for the fit itself.

    Raises
    ------
    TrainingDiverged
        If the training with the best settings diverged.
    """
    model: TransferClassifier = clone(base).set_params(strategy=strategy, random_state=seed)
    settings = _settings(model, candidates, seed)
    if len(settings) > 1 and (folds := _folds_of_tuning(examples, seed % 2**32)):
        losses = [_loss(clone(model).set_params(**one), examples, folds) for one in settings]
        model.set_params(**settings[int(np.argmin(losses))])
    return model.fit(examples.X if X is None else X, examples.y, sample_weight=examples.weights)


def _folds_of_tuning(examples: Labelled, seed: int) -> list[tuple[Ints, Ints]]:
    """Return the folds on which settings are chosen; none if a class has too few labels or groups."""
    too_few = np.bincount(examples.places).min() < FOLDS_OF_TUNING
    too_few |= examples.groups is not None and len(np.unique(examples.groups)) < FOLDS_OF_TUNING
    if not too_few:
        with suppress(LabelError):
            return folds_of(examples, FOLDS_OF_TUNING, 1, examples.groups, seed)
    return []


def _settings(model: TransferClassifier, candidates: int, seed: int) -> list[dict[str, float]]:
    """Return settings to try, log-uniform around the declared ones, which come first (Bergstra and Bengio 2012)."""
    factors = rng_for("settings", seed=seed).uniform(-1, 1, (candidates - 1, 2)).tolist()
    declared = model.lr if model.lr is not None else BACKBONE_LR if isinstance(model.pretrained, Backbone) else LR
    return [{}, *({"lr": declared * RATES**a, "C": model.C * STRENGTHS**b} for a, b in factors)]


def _loss(model: TransferClassifier, examples: Labelled, folds: Sequence[tuple[Ints, Ints]]) -> float:
    """Return the mean log-loss over folds; infinity if a training diverged."""
    losses = []
    for train, left_out in ((examples.rows(a), examples.rows(b)) for a, b in folds):
        try:
            model.fit(train.X, train.y, sample_weight=train.weights)
        except TrainingDiverged:
            return np.inf
        places = np.searchsorted(model.classes_, left_out.y)
        losses.append(log_loss(model.predict_proba(left_out.X), places, left_out.weights))
    return float(np.mean(losses))

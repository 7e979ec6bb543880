"""`TransferSelectorCV`: which strategy, inside the labels that there are, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from ..backbones import Backbone, FeatureCache, Prepared
from ..checks import at_least_one
from ..errors import InvalidInput, TrainingDiverged, shown
from ..seeds import rng_for
from ..state import State
from ..stats import LEVEL, Difference, paired_family
from ..strategies import Strategy, get_strategy
from .columns import Columns
from .cross_validation import Labelled, Trials, compare, fit_tuned, folds_of, sharing
from .labels import encode, example_weights
from .missing import finiteness
from .more_labels import Rehearsal, rehearse
from .on_backbone import cheap_on, labelled
from .pretrained import KeepsPretrained, source_of
from .stored import selector_of, state_of_selector
from .transfer_classifier import TransferClassifier
from .validation import validated

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Ints

# What may be chosen where nothing else is said: controls explain others, and families are many of a kind.
CONTESTANTS = ("baseline", "scratch", "frozen", "finetune", "discriminative", "lp-ft", "l2-sp")
WITH_SAME_CLASSES = ("zero-shot", "keep-head")


class TransferSelectorCV(ClassifierMixin, KeepsPretrained):
    """Compare strategies by repeated stratified cross-validation, and train the one to be recommended.

    In each fold every strategy sees the same examples, the same draws and, if settings are tuned, the same settings on
    the same folds inside the fold. Pairs of strategies are compared fold by fold by a t test that knows that the folds
    train on the same examples (Nadeau and Bengio 2003), corrected by Holm over all pairs.

    Parameters
    ----------
    pretrained
        As in `TransferClassifier`; None: that of `estimator`.
    strategies
        Names, or a mapping of names to strategies. None: seven that are often best, and ``zero-shot`` and ``keep-head``
        if the pretrained network is known to know the labels; without a pretrained network, ``baseline`` and
        ``scratch``; with a backbone, those whose folds share what frozen stages compute: ``baseline``, ``frozen``, a
        probe of an earlier stage, and ``partial`` of the last.
    cv
        A number of folds, at most as many as the rarest class has labels; or a cross-validation of scikit-learn's.
    repeats
        How often the examples are divided into so many folds.
    margin
        The smallest difference of scores that matters: strategies that differ by less are tied.
    level
        Confidence of the intervals, and of all verdicts together.
    scoring
        By scikit-learn's rules.
    candidates
        Settings (`lr` and `C`, the same for every strategy) that are tried inside each fold; 1 is those of `estimator`.
    estimator
        A `TransferClassifier` that says all but the strategy; None: one as it is by default.
    n_jobs
        Threads; no result depends on it. With a backbone, PyTorch's own are used instead.
    random_state
        By scikit-learn's rules.

    Attributes
    ----------
    best_strategy_
        The strategy with the highest mean score or, of those that are tied with it, the cheapest: the one whose
        training moves the fewest numbers the fewest times.
    contenders_
        The strategies that are not shown to be worse than the one with the highest mean score: any may be best.
    verdicts_
        Columns ``first``, ``second``, ``difference``, ``low``, ``high``, ``verdict``, ``p_different``,
        ``p_equivalent`` and ``folds``, a row for each pair; *better* means that the first is. ``pandas.DataFrame``
        makes a frame of it.
    cv_results_
        As in `GridSearchCV`, with the mean cost.
    best_estimator_
        The strategy trained on all examples, a `TransferClassifier`.
    best_score_
        Mean score of `best_strategy_`. It was chosen by it, so that on new examples a little less is to be expected.
    classes_, n_splits_
        The labels, and the folds of all repeats.
    """

    def __init__(
        self,
        pretrained: Any = None,
        strategies: Sequence[str] | Mapping[str, Strategy] | None = None,
        *,
        cv: Any = 5,
        repeats: int = 4,
        margin: float = 0.01,
        level: float = LEVEL,
        scoring: Any = "accuracy",
        candidates: int = 1,
        estimator: TransferClassifier | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.pretrained = pretrained
        self.strategies = strategies
        self.cv = cv
        self.repeats = repeats
        self.margin = margin
        self.level = level
        self.scoring = scoring
        self.candidates = candidates
        self.estimator = estimator
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None) -> Self:
        """Compare the strategies, and train the best on all examples.

        Parameters
        ----------
        X, y, sample_weight
            As in `TransferClassifier.fit`; weights count in scores too.
        groups : (n,)
            Examples of one group are never on both sides of a fold.

        Raises
        ------
        InvalidInput, ValueError
            If a parameter, the inputs or the labels cannot be worked with.
        TrainingDiverged
            If every strategy diverged on some fold.
        """
        base, examples, folds, seed = self._prepare(X, y, sample_weight, groups)
        strategies = self._contestants(base)
        on_backbone = isinstance(examples.X, Prepared)
        trials = compare(
            sharing(base), strategies, examples, folds,
            scorer=check_scoring(base, self.scoring), candidates=at_least_one("candidates", self.candidates),
            seed=seed, n_jobs=self.n_jobs,
        )  # fmt: skip
        self.n_splits_ = len(folds)
        self._judge(list(strategies), trials)
        self.best_estimator_ = fit_tuned(
            base, strategies[self.best_strategy_], examples, self.candidates, _refit(seed), None if on_backbone else X
        )
        self.classes_ = self.best_estimator_.classes_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each of `classes_`, (n, n_classes)."""
        return self._best(X).predict_proba(X)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each of `classes_`, (n, n_classes)."""
        return self._best(X).predict_log_proba(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each example, (n,)."""
        return self._best(X).predict(X)

    def to_state(self) -> State:
        """Return what a file holds of it: the best estimator, the verdicts, and the results of the comparison."""
        return state_of_selector(self)

    @classmethod
    def from_state(cls, state: State, backbone: Backbone | None = None) -> Self:
        """Return the selector that `to_state` was asked of; `pretrained` and `estimator` are None.

        Parameters
        ----------
        state
            Of the selector.
        backbone
            What its best estimator stands on; None if it is none, or the state says how it is loaded.

        Raises
        ------
        CheckpointError
            If the state is that of no selector.
        """
        return selector_of(cls, TransferClassifier, state, backbone)

    def rehearse(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Rehearsal:
        """Train `best_strategy_` on its folds again, on half of the examples of each and on all.

        Parameters
        ----------
        X, y, sample_weight, groups
            As for `fit`.

        Raises
        ------
        InvalidInput, ValueError
            As `fit`, and if every training diverged.
        """
        check_is_fitted(self)
        base, examples, folds, seed = self._prepare(X, y, sample_weight, groups)
        best = base.set_params(strategy=self._contestants(base)[self.best_strategy_])
        return rehearse(
            best, examples, folds, scoring=self.scoring, candidates=self.candidates, seed=seed, level=self.level,
            n_jobs=self.n_jobs,
        )  # fmt: skip

    def _prepare(
        self, X: Any, y: Any, sample_weight: ArrayLike | None, groups: ArrayLike | None
    ) -> tuple[TransferClassifier, Labelled, list[tuple[Ints, Ints]], int]:
        """Return what the strategies share, the examples, the folds, and the seed of all draws."""
        base = self._base()
        if isinstance(base.pretrained, Backbone):  # prepared once, and frozen stages computed once, for all folds
            X, y = labelled(base.pretrained, X, y)
            base.set_params(cache=base.cache or FeatureCache())
        else:
            finite = finiteness(base.missing)
            X, y = validated(self, X, y, reset=True, dtype=[np.float64, np.float32], ensure_all_finite=finite)
        weights = example_weights(sample_weight, np.empty((len(X), 1)))
        self.classes_, places = encode(y)
        examples = Labelled(X, np.asarray(y), places, weights, _groups(groups, X))
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        return base, examples, folds_of(examples, self.cv, self.repeats, groups, seed), seed

    def _best(self, X: Any) -> TransferClassifier:
        check_is_fitted(self)
        if not isinstance(self.best_estimator_.pretrained, Backbone):  # its refusals name this one, and not that inside
            validated(self, X, reset=False, ensure_all_finite=finiteness(self.best_estimator_.missing))
        return self.best_estimator_

    def _base(self) -> TransferClassifier:
        """Return what the strategies share, with the pretrained network."""
        base = TransferClassifier() if self.estimator is None else self.estimator
        if not isinstance(base, TransferClassifier):
            raise InvalidInput(f"estimator is {shown(base)}; a TransferClassifier is needed")
        base = clone(base)
        return base if self.pretrained is None else base.set_params(pretrained=self.pretrained)

    def _contestants(self, base: TransferClassifier) -> dict[str, Strategy | str]:
        """Return the strategies to be compared, by name."""
        given = self.strategies
        if isinstance(given, Mapping):
            named: dict[str, Strategy | str] = dict(given)
        elif given is None:
            named = {name: name for name in self._usual(base)}
        elif isinstance(given, str) or not all(isinstance(name, str) for name in given):
            raise InvalidInput(f"strategies is {shown(given)}; names, or a mapping of names to strategies, are needed")
        else:
            named = {name: name for name in given}
            if len(named) < len(given):
                raise InvalidInput(f"strategies names one twice: {', '.join(given)}")
        if not named:
            raise InvalidInput("strategies is empty; at least one is needed")
        return named

    def _usual(self, base: TransferClassifier) -> list[str]:
        """Return the contestants that the source allows."""
        if isinstance(base.pretrained, Backbone):
            return cheap_on(base.pretrained)
        source = source_of(base.pretrained, None, base.source_classes)
        if source is None:
            return [name for name in CONTESTANTS if not get_strategy(name).starts_from_source]
        known = source.classes is not None and bool(np.isin(self.classes_, source.classes).all())
        return [*CONTESTANTS, *(WITH_SAME_CLASSES if known else ())]

    def _judge(self, names: list[str], trials: Trials) -> None:
        """Set what follows from the scores."""
        means = trials.scores.mean(axis=1)  # NaN if any training diverged
        if np.isnan(means).all():
            raise TrainingDiverged(f"of {', '.join(names)}, each diverged on some fold; a smaller lr may help")
        pairs = list(combinations(range(len(names)), 2))
        family = paired_family(
            [(trials.scores[i], trials.scores[j]) for i, j in pairs],
            margin=self.margin, level=self.level, overlap=trials.overlap,
        )  # fmt: skip
        self.verdicts_ = _verdicts([(names[i], names[j]) for i, j in pairs], family)
        self.cv_results_ = _results(names, trials)
        leader = int(np.nanargmax(means))
        beside = {leader: "tied"} | dict(_beside(leader, pairs, family))
        sane = [k for k in range(len(names)) if not np.isnan(means[k])]
        self.contenders_ = [names[k] for k in sane if beside[k] != "better"]
        best = min((k for k in sane if beside[k] == "tied"), key=lambda k: (trials.costs[k].mean(), k))
        self.best_strategy_, self.best_score_ = names[best], float(means[best])


def _groups(groups: ArrayLike | None, X: Any) -> NDArray[Any] | None:
    """Return the group of each example as an array, (n,)."""
    if groups is None:
        return None
    check_consistent_length(X, groups)
    return column_or_1d(groups, dtype=None)


def _beside(leader: int, pairs: Sequence[tuple[int, int]], family: Sequence[Difference]) -> Iterator[tuple[int, str]]:
    """Yield each other strategy with the leader's verdict beside it."""
    turned = {"better": "worse", "worse": "better"}
    for (i, j), difference in zip(pairs, family, strict=True):
        if leader == i:
            yield j, _or_equal(difference)
        elif leader == j:
            yield i, turned.get(_or_equal(difference), _or_equal(difference))


def _or_equal(difference: Difference) -> str:
    """Return the verdict; strategies that score the same on every fold are tied, though nothing can be tested."""
    if difference.reason == "no spread" and difference.mean == 0:
        return "tied"
    return difference.verdict


def _verdicts(pairs: Sequence[tuple[str, str]], family: Sequence[Difference]) -> Columns:
    """Return the columns of `verdicts_`."""
    first, second = ([pair[place] for pair in pairs] for place in (0, 1))
    columns = Columns(first=first, second=second)
    for name, attribute in (("difference", "mean"), ("low", "low"), ("high", "high")):
        columns[name] = [getattr(difference, attribute) for difference in family]
    columns["verdict"] = [_or_equal(difference) for difference in family]
    for name, attribute in (("p_different", "p_different"), ("p_equivalent", "p_equivalent"), ("folds", "n")):
        columns[name] = [getattr(difference, attribute) for difference in family]
    return columns


def _results(names: Sequence[str], trials: Trials) -> dict[str, Any]:
    """Return `cv_results_`."""
    means = trials.scores.mean(axis=1)
    order = np.argsort(np.where(np.isnan(means), np.inf, -means), kind="stable")
    ranks = np.empty(len(names), np.int32)
    ranks[order] = np.arange(1, len(names) + 1)
    return {
        "strategy": list(names),
        "mean_test_score": means,
        "std_test_score": trials.scores.std(axis=1),
        "rank_test_score": ranks,
        **{f"split{k}_test_score": scores for k, scores in enumerate(trials.scores.T)},
        "mean_cost": trials.costs.mean(axis=1),
        "mean_fit_time": trials.seconds.mean(axis=1),
    }


def _refit(seed: int) -> int:
    return int(rng_for("refit", seed=seed).integers(2**31 - 1))

"""Advice: which strategy for these labels, how sure that is, and the classifier that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import Columns
from .selector import TransferSelectorCV

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .more_labels import MoreLabels, Rehearsal
    from .transfer_classifier import TransferClassifier


@dataclass(frozen=True, eq=False)
class Advice:
    """What a comparison inside the labels says.

    Parameters
    ----------
    selector
        The comparison, which was run.
    """

    selector: TransferSelectorCV
    _rehearse: Callable[[], Rehearsal] = field(repr=False)

    @cached_property
    def rehearsal(self) -> Rehearsal:
        """The advised strategy on its folds again: the score to expect, which classes are taken for which."""
        return self._rehearse()

    def more_labels(self, number: int = 100) -> MoreLabels:
        """Return what so many more labels would be worth, with an interval, as far as that can be told.

        Raises
        ------
        InvalidInput
            If it is no whole number of at least 1.
        """
        return self.rehearsal.worth_of(number)

    @property
    def best(self) -> str:
        """The strategy to take."""
        return self.selector.best_strategy_

    @property
    def any_of(self) -> list[str]:
        """The strategies that are not shown to be worse than the best: any may be taken."""
        return self.selector.contenders_

    @property
    def table(self) -> Columns:
        """Each strategy, best first: its mean score, and how it compares with the one that is advised."""
        results, beside = self.selector.cv_results_, self._beside()
        order = np.argsort(results["rank_test_score"], kind="stable").tolist()
        names = [results["strategy"][k] for k in order]
        means = [float(results["mean_test_score"][k]) for k in order]
        rows = [beside.get(name, (None, None, None, "advised")) for name in names]
        columns = Columns(strategy=names, score=[None if np.isnan(mean) else mean for mean in means])
        for place, name in enumerate(("difference", "low", "high", "verdict")):
            columns[name] = [row[place] for row in rows]
        return columns

    def _beside(self) -> dict[str, tuple[float | None, float | None, float | None, str]]:
        """Return each other strategy's difference from the one that is advised, its interval and its verdict."""
        turned, found = {"better": "worse", "worse": "better"}, {}
        for first, second, mean, low, high, verdict, *_ in self.selector.verdicts_.rows:
            if second == self.best:
                found[first] = mean, low, high, verdict
            elif first == self.best:
                minus = [None if value is None else -value for value in (mean, high, low)]
                found[second] = minus[0], minus[1], minus[2], turned.get(verdict, verdict)
        return found

    def fit(self) -> TransferClassifier:
        """Return the advised strategy trained on all labels."""
        return self.selector.best_estimator_

    def __str__(self) -> str:
        others = [name for name in self.any_of if name != self.best]
        compared = len(self.selector.cv_results_["strategy"])
        if compared == 1:
            return f"Take {self.best}: nothing else was compared."
        if not others:
            return f"Take {self.best}: each other strategy is shown to be worse."
        if len(self.any_of) == compared:
            return f"Take {self.best}, or any: none of {compared} strategies is shown to be worse than the best."
        return f"Take {self.best}, or any of {', '.join(others)}: these are not shown to be worse than the best."

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table._repr_html_()}"


def advise(
    pretrained: Any,
    X: Any,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    random_state: int | None = 0,
    **options: Any,
) -> Advice:
    """Say which strategy to take for a pretrained network and these labels, and how sure that is.

    Parameters
    ----------
    pretrained, X, y
        As in `TransferClassifier`.
    groups : (n,)
        Examples of one group are never on both sides of a fold.
    random_state, options
        As in `TransferSelectorCV`, which does the work; `strategies`, `margin`, `estimator` and `n_jobs` among them.

    Returns
    -------
    An `Advice`: ``best``, ``any_of``, ``table``, ``more_labels()``, and ``fit()`` for the classifier. It prints as a
    sentence.

    Raises
    ------
    InvalidInput, ValueError, TrainingDiverged
        As `TransferSelectorCV.fit`.

    Examples
    --------
    >>> import fastmlp
    >>> X, y = np.random.default_rng(0).normal(size=(40, 4)), np.repeat(["ape", "bee"], 20)
    >>> X[20:] += 4
    >>> few = fastmlp.TransferClassifier(epochs=2, backend="numpy")
    >>> advice = fastmlp.advise(fastmlp.init_mlp((4, 8, 3), rng=0), X, y, strategies=["baseline"], estimator=few)
    >>> print(advice)
    Take baseline: nothing else was compared.
    """
    selector = TransferSelectorCV(pretrained, random_state=random_state, **options)
    selector.fit(X, y, groups=groups)
    return Advice(selector, partial(selector.rehearse, X, y, groups=groups))

"""Judge the claims on a study: seed by seed, corrected together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from ...stats import paired_family
from ..grid import Row, number
from ..pairs import Difference, difference_of
from ..references import REFERENCES
from ..study import Study
from .catalogue import CLAIMS, PROTOCOLS, TITLES
from .claim import MEASURES, Claim, Measure, Term

__all__ = ["Card", "Judged", "Outcome", "Tally", "answerable", "judge", "mean_by_seed", "tally"]

IN_POINTS = ("accuracy", "shifted", "barrier")  # measures that are accuracies
FEW_LABELS = 50  # up to so many are few

Outcome = Literal["reproduced", "not reproduced at this scale", "undecided", "not tested"]


class Judged(TypedDict):
    """A claim and what came of it: the first side minus the second over seeds, or None where it was not tested.

    It is `unsteady` if trainings of some of its cells are unstable often: see `stability.unsteady`.
    """

    name: str
    says: str
    expects: Literal["higher", "equal"]
    measure: Measure
    difference: Difference | None
    outcome: Outcome
    unsteady: bool


class Card(TypedDict):
    """A paper: the miniature of its protocol, and its claims."""

    paper: str
    title: str
    protocol: str
    claims: list[Judged]


class Tally(TypedDict):
    """The cards, how many claims there are, and how many had which outcome."""

    cards: list[Card]
    claims: int
    counts: dict[Outcome, int]


def answerable(study: Study) -> list[Claim]:
    """Return the claims of which the study has every strategy, problem and number of labels."""
    return [claim for claim in CLAIMS if all(_known(study, term) for term in claim.terms)]


def judge(study: Study) -> list[Card]:
    """Judge every claim, with a family for accuracies and one for each other measure, whose margin is zero."""
    found: dict[str, Difference] = {}
    tested = answerable(study)
    for measure in MEASURES:
        claims = [claim for claim in tested if claim.measure == measure]
        values = [(_side(study, c.first, measure), _side(study, c.second, measure)) for c in claims]
        margin = study.margin if measure in IN_POINTS else 0.0
        for claim, difference in zip(claims, paired_family(values, margin=margin), strict=True):
            found[claim.name] = difference_of(difference)
    return [
        {
            "paper": paper,
            "title": TITLES.get(paper) or REFERENCES[paper].short,
            "protocol": protocol,
            "claims": [_judged(study, claim, found.get(claim.name)) for claim in CLAIMS if claim.paper == paper],
        }
        for paper, protocol in PROTOCOLS.items()
    ]


def tally(cards: list[Card]) -> Tally:
    """Count the outcomes of cards."""
    found = [claim["outcome"] for card in cards for claim in card["claims"]]
    return {"cards": cards, "claims": len(found), "counts": {one: found.count(one) for one in dict.fromkeys(found)}}


def _judged(study: Study, claim: Claim, difference: Difference | None) -> Judged:
    cells = ((p, term.strategy, n) for term in claim.terms for p in term.problems for n in _sizes(study, term))
    return {
        "name": claim.name,
        "says": claim.says,
        "expects": claim.expects,
        "measure": claim.measure,
        "difference": difference,
        "outcome": _outcome(claim, difference),
        "unsteady": difference is not None and not study.unsteady.isdisjoint(cells),
    }


def _outcome(claim: Claim, difference: Difference | None) -> Outcome:
    if difference is None or difference["n"] == 0:
        return "not tested"
    if difference["verdict"] == "undecided":
        return "undecided"
    held = difference["verdict"] == ("tied" if claim.expects == "equal" else "better")
    return "reproduced" if held else "not reproduced at this scale"


def _known(study: Study, term: Term) -> bool:
    grid = study.grid
    here = term.strategy in grid.strategies and set(term.problems) <= set(grid.problems)
    return here and bool(_sizes(study, term))


def _sizes(study: Study, term: Term) -> list[int]:
    """Return the numbers of labels of a term that all its problems have."""
    found = [n for n in study.grid.sizes if all(n in study.grid.sizes_of[p] for p in term.problems)]
    few, many = [n for n in found if n <= FEW_LABELS], [n for n in found if n > FEW_LABELS]
    return {"few": few, "many": many, "all": found}[term.labels]


def _side(study: Study, terms: Sequence[Term], measure: Measure) -> list[float]:
    """Return the sum of terms by seed, NaN where a trial is missing."""
    total = np.zeros(len(study.grid.seeds))
    for term in terms:
        total = total + mean_by_seed(study, term, measure)
    return total.tolist()


def mean_by_seed(study: Study, term: Term, measure: Measure) -> NDArray[np.float64]:
    """Return the mean of a strategy over its cells by seed, NaN where a trial is missing."""
    if measure == "barrier":
        return _barriers(study, term)
    x = _cells(study, term, MEASURES[measure])
    if measure == "follows":
        x = _standardised(x) * _standardised(_cells(study, term, lambda row: number(row, "source_accuracy")))
    mean: NDArray[np.float64] = x.mean(axis=(0, 1))
    return mean


def _barriers(study: Study, term: Term) -> NDArray[np.float64]:
    """Return what the study noted of a strategy: the points lost between two trainings, NaN where there is none."""
    noted = json.loads(study.meta.get("basins") or "{}").get(term.strategy, [])
    by_seed = dict(enumerate(noted))
    return np.array([by_seed.get(seed, np.nan) for seed in study.grid.seeds], dtype=np.float64)


def _cells(study: Study, term: Term, of: Callable[[Row], float | None]) -> NDArray[np.float64]:
    """Return a number of each trial, (problems, sizes, seeds), NaN where it is missing."""
    seeds, sizes = study.grid.seeds, _sizes(study, term)
    x = np.full((len(term.problems), len(sizes), len(seeds)), np.nan)
    for p, problem in enumerate(term.problems):
        for k, n in enumerate(sizes):
            ok = study.grid.ok(problem, term.strategy, n)
            for s, seed in enumerate(seeds):
                value = of(ok[seed]) if seed in ok else None
                x[p, k, s] = np.nan if value is None else value
    return x


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values over seeds, the last axis, with mean 0 and variance 1; their products average to a correlation."""
    apart = x - x.mean(axis=-1, keepdims=True)
    spread = apart.std(axis=-1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(apart, spread, out=np.full_like(apart, np.nan), where=spread > 0)
    return scaled

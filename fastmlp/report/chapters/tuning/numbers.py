"""What tuning chose, and what it changed: for each strategy, for the baseline's lead, and for one factor at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal, TypedDict

from ....stats import paired_family
from ...grid import BASELINE, PLAIN, Row, number
from ...measures import median_of
from ...opponents import Overview, declared_overview, overview
from ...pairs import Difference, difference_of
from ...study import Study
from .factors import Factor, factors
from .neighbourhood import Neighbourhood, neighbourhood

__all__ = ["Change", "Choice", "Gap", "Numbers", "numbers"]


class Choice(TypedDict):
    """What one strategy chose: medians over all its trials that had enough labels for folds.

    `tuned` of `of` trials had; the others kept the declared rate and epochs, with the baseline's penalty. `penalty` is
    what the weight decay is worth as a C of logistic regression, or the baseline's own C.
    """

    strategy: str
    tuned: int
    of: int
    lr: float | None
    epochs: float | None
    penalty: float | None
    seconds: float | None


class Change(TypedDict):
    """What tuning changed for a strategy: tuned minus declared, over all sizes, by problem in order of similarity."""

    strategy: str
    differences: list[Difference]


class Gap(TypedDict):
    """Scratch minus the baseline on one target task, by number of labels."""

    problem: str
    settings: Literal["declared", "tuned"]
    differences: list[Difference]


class Numbers(TypedDict):
    """The search and what came of it.

    `cross_validated` of `trials` trials had enough labels. `gaps` are by target task, named by the first of its
    problems; `behind` counts the cells in which scratch is worse, by kind of settings. `declared` and `tuned` count the
    cells that the baseline wins and loses. `better` and `worse` count changes, of `tested` that are distinct.
    """

    candidates: int
    folds: int
    trials: int
    cross_validated: int
    problems: list[str]
    sizes: list[int]
    choices: list[Choice]
    changes: list[Change]
    better: int
    worse: int
    tested: int
    gaps: list[Gap]
    behind: dict[str, int]
    declared: Overview | None
    tuned: Overview
    factors: list[Factor]
    neighbourhood: Neighbourhood | None


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where nothing was tuned."""
    if study.declared is None:
        return None
    choices = [_choice(s, rows) for s in study.grid.strategies if (rows := _noted(study, s))]
    changes = _changes(study, study.declared, [c["strategy"] for c in choices])
    verdicts = _counted(study, changes)
    gaps = _gaps(study, study.declared)
    top = {cell: contest["top"] for cell, contest in study.contests.items()}
    tuning = study.settings["tuning"]
    return {
        "candidates": tuning["trials"],
        "folds": tuning["folds"],
        "trials": sum(c["of"] for c in choices),
        "cross_validated": sum(c["tuned"] for c in choices),
        "problems": list(study.ordered),
        "sizes": list(study.grid.sizes),
        "choices": choices,
        "changes": [{"strategy": s, "differences": differences} for s, differences in changes.items()],
        "better": verdicts.count("better"),
        "worse": verdicts.count("worse"),
        "tested": len(verdicts),
        "gaps": gaps,
        "behind": {settings: _worse(gaps, settings) for settings in ("declared", "tuned")},
        "declared": declared_overview(study),
        "tuned": overview(study, study.pairs, top),
        "factors": factors(study, study.declared),
        "neighbourhood": neighbourhood(study),
    }


def _noted(study: Study, strategy: str) -> list[Row]:
    """Return the trials of a strategy that were to be tuned."""
    cells = (study.grid.cell(p, strategy, n) for p, n in study.grid.cells)
    return [row for cell in cells for row in cell if row.get("tuning_note")]


def _choice(strategy: str, rows: Sequence[Row]) -> Choice:
    tried = [row for row in rows if row.get("tuning")]
    penalties = [1 / (decay * row["n_target"]) for row in tried if (decay := number(row, "tuned_weight_decay"))]
    return {
        "strategy": strategy,
        "tuned": len(tried),
        "of": len(rows),
        "lr": median_of(tried, "tuned_lr"),
        "epochs": median_of(tried, "tuned_epochs"),
        "penalty": median(penalties) if penalties else median_of(tried, "tuned_C"),
        "seconds": median_of(rows, "tune_seconds"),
    }


def _changes(study: Study, declared: Study, names: Sequence[str]) -> dict[str, list[Difference]]:
    """Compare what was tuned with itself as declared, by strategy; what has the same trials is compared once."""
    curves = {
        s: [tuple(tuple(one.over_sizes(p, s).tolist()) for one in (study, declared)) for p in study.ordered]
        for s in names
    }
    tested = list(dict.fromkeys(pair for of_one in curves.values() for pair in of_one))
    made = map(difference_of, paired_family([(a, b) for a, b in tested], margin=study.margin))
    found = dict(zip(tested, made, strict=True))
    return {s: [found[pair] for pair in of_one] for s, of_one in curves.items()}


def _counted(study: Study, changes: Mapping[str, Sequence[Difference]]) -> list[str]:
    """Return the verdicts of distinct comparisons, of what may be chosen and on problems that are no controls."""
    found = {
        id(d): d["verdict"]
        for s in study.choices
        for p, d in zip(study.ordered, changes.get(s, ()), strict=False)
        if p in study.subjects and d["p_different"] is not None
    }
    return list(found.values())


def _gaps(study: Study, declared: Study) -> list[Gap]:
    """Compare scratch with the baseline; one family for the declared settings and one for those chosen."""
    if not {PLAIN, BASELINE} <= set(study.grid.strategies):
        return []
    targets, sizes = list(dict.fromkeys(study.targets.values())), study.grid.sizes
    gaps: list[Gap] = []
    named: tuple[tuple[Literal["declared", "tuned"], Study], ...] = (("declared", declared), ("tuned", study))
    for name, one in named:
        curves = ((one.curve(p, PLAIN).T, one.curve(p, BASELINE).T) for p in targets)
        values = (pair for scratch, baseline in curves for pair in zip(scratch, baseline, strict=True))
        found = iter(map(difference_of, paired_family(values, margin=study.margin)))
        gaps += [{"problem": p, "settings": name, "differences": [next(found) for _ in sizes]} for p in targets]
    return sorted(gaps, key=lambda gap: targets.index(gap["problem"]))


def _worse(gaps: Sequence[Gap], settings: str) -> int:
    return [d["verdict"] for gap in gaps if gap["settings"] == settings for d in gap["differences"]].count("worse")

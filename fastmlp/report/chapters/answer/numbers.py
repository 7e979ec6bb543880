"""The answer that the verdicts allow.

Here verdicts become cases; templates hold one sentence for each case. No threshold and no number is in a template, and
no sentence is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal, TypedDict

from ...opponents import Overview, declared_overview, overview
from ...standings import Standing, standings
from ...study import Study
from ...winners import Winners, winners
from .asked import Asked, asked
from .harm import Freezing, Negative, against_plain, freezing, negative
from .pooled import Pooled, pooled
from .relations import Relation, relations

__all__ = ["Answer", "Group", "Headline", "Numbers", "numbers"]

#: What can be said about all sizes together. Each case has its sentence in the templates.
HeadlineCase = Literal[
    "no_network",
    "nothing",
    "single",
    "unreplicated",
    "best_everywhere",
    "tied_everywhere",
    "undecided_everywhere",
    "safe",
    "never_behind",
    "depends",
]


class Headline(TypedDict):
    """One case for all `sizes` that could be compared, and the strategies that its sentence names."""

    case: HeadlineCase
    strategies: list[str]
    sizes: list[int]


class Group(Standing):
    """Neighbouring sizes with the same answer."""

    sizes: list[int]


class Answer(TypedDict):
    """The answer on one problem.

    `headline` and `groups` answer the question. `baseline_wins` has the sizes at which the baseline is better than the
    top; `baseline_beaten` those at which some contestant is better than it, and `baseline_unbeaten` the others. The
    rest are relations: contestants to the baseline, what transfers to scratch, the same to its matched control, the
    controls of the scaler to what they are controls of, and what transfers to scratch with the source's scaler.
    """

    headline: Headline
    groups: list[Group]
    baseline_wins: list[int]
    baseline_beaten: list[int]
    baseline_unbeaten: list[int]
    baseline: list[Relation]
    transfer: list[Relation]
    matched: list[Relation]
    scaler: list[Relation]
    weights: list[Relation]


class Numbers(TypedDict):
    """The answer to the lab's question, if it was asked; sizes together; answers by problem; harm and cost; all cells.

    Negative transfer and the cost of freezing are None where there is nothing to hold a strategy against. `declared` is
    what all cells would say if nothing had been tuned; None where nothing was.
    """

    asked: Asked | None
    pooled: Pooled | None
    answers: dict[str, Answer]
    negative: Negative | None
    freezing: Freezing | None
    overview: Overview
    declared: Overview | None
    winners: Winners


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    stand = {p: standings(study, p) for p in study.grid.problems}
    return {
        "asked": asked(study),
        "pooled": pooled(study),
        "answers": {p: _answer(study, p, stand[p]) for p in study.grid.problems},
        "negative": negative(study),
        "freezing": freezing(study),
        "overview": overview(study, study.pairs, {(p, s["n_target"]): s["top"] for p in stand for s in stand[p]}),
        "declared": declared_overview(study),
        "winners": winners(study),
    }


def _answer(study: Study, problem: str, stand: Sequence[Standing]) -> Answer:
    baseline = study.pairs.family("baseline", problem)
    beaten = {c["n_target"] for c in baseline if c["n"] and c["verdict"] == "better"}
    compared = {c["n_target"] for c in baseline if c["n"]}
    return {
        "headline": _headline(study, problem, stand),
        "groups": _groups(stand),
        "baseline_wins": [s["n_target"] for s in stand if s["against_baseline"] == "worse"],
        "baseline_beaten": sorted(beaten),
        "baseline_unbeaten": sorted(compared - beaten),
        "baseline": relations(baseline),
        "transfer": relations(against_plain(study, problem)),
        "matched": relations(study.pairs.family("matched", problem)),
        "scaler": relations(study.pairs.family("scaler", problem)),
        "weights": relations(study.pairs.family("weights", problem)),
    }


def _groups(stand: Sequence[Standing]) -> list[Group]:
    """Put neighbouring sizes with the same answer together."""

    def what_is_said(s: Standing) -> tuple[object, ...]:
        named = s["leaders"] if s["case"] == "tied" else [s["top"], *s["tied"]]
        return s["case"], named, s["undecided"], s["behind"], s["against_baseline"]

    groups = [list(members) for _, members in groupby(stand, key=what_is_said)]
    return [{**members[0], "sizes": [m["n_target"] for m in members]} for members in groups]


def _headline(study: Study, problem: str, stand: Sequence[Standing]) -> Headline:
    contestants = study.grid.contestants
    if not contestants:
        return {"case": "no_network", "strategies": [], "sizes": []}
    compared = [s for s in stand if s["case"] in {"clear", "tied", "undecided"}]
    if not compared:
        return _uncompared(stand)
    sizes = [s["n_target"] for s in compared]
    in_front = [c for c in contestants if all(c in {*s["leaders"], *s["undecided"]} for s in compared)]
    case, safe = _case(compared, in_front), list(study.safe[problem])
    if case in {"never_behind", "depends"} and safe and len(sizes) == len(stand):
        return {"case": "safe", "strategies": safe, "sizes": sizes}
    return {"case": case, "strategies": in_front, "sizes": sizes}


def _uncompared(stand: Sequence[Standing]) -> Headline:
    cases = {s["case"] for s in stand}
    case: HeadlineCase = "unreplicated" if "unreplicated" in cases else "single" if "single" in cases else "nothing"
    return {"case": case, "strategies": list(dict.fromkeys(s["top"] for s in stand if s["top"])), "sizes": []}


def _case(compared: Sequence[Standing], in_front: Sequence[str]) -> HeadlineCase:
    if not any(s["behind"] for s in compared):
        return "undecided_everywhere" if any(s["undecided"] for s in compared) else "tied_everywhere"
    if in_front and all(s["case"] == "clear" for s in compared):
        return "best_everywhere"
    return "never_behind" if in_front else "depends"

"""CS231n's rule, one of its four cases at a time: how often it agrees, how often chance would, and what it costs."""

from __future__ import annotations

from typing import TypedDict

from .... import stats
from ...study import SIMILAR_FROM, Study
from .advice import LITTLE_PER_CLASS, Rule
from .regret import Regret, cells_of, regret_of

__all__ = ["Quadrant", "quadrants"]


class Quadrant(TypedDict):
    """One case of the rule.

    `representative` is the one of the `advised` strategies whose regret is taken; None where none was run. `chance` is
    the number of the cells that would be expected to agree if as many contestants had been advised at random;
    `beyond_chance`, whether more do, is None where no advised strategy was run.
    """

    advice: stats.Advice
    advised: list[str]
    representative: str | None
    cells: int
    agrees: int
    contradicted: int
    undecided: int
    chance: float
    beyond_chance: bool | None
    regret: Regret


def quadrants(study: Study) -> list[Quadrant] | None:
    """Return the cases that have cells, with the declared thresholds; None where no similarity could be measured."""
    rule = Rule.of(study, study.subjects)
    if not rule.known:
        return None
    held = rule.held(SIMILAR_FROM, LITTLE_PER_CLASS)
    given = [advice for row in held.advice for advice in row]
    marks = [mark for row in held.marks for mark in row]
    contests = [contest for row in rule.contests for contest in row]
    x = cells_of(study.accuracies(study.choices, study.subjects))
    choice = rule.choice(SIMILAR_FROM, LITTLE_PER_CLASS)
    found: list[Quadrant] = []
    for advice in stats.ADVICE:
        places = [k for k, one in enumerate(given) if one == advice]
        if not places:
            continue
        here, advised = [marks[k] for k in places], rule.advised[advice]
        chance = sum(stats.chance_of_agreement(contests[k], advised) for k in places)
        found.append(
            {
                "advice": advice,
                "advised": advised,
                "representative": study.choices[rule.first[advice]] if advice in rule.first else None,
                "cells": len(places),
                "agrees": here.count("agrees"),
                "contradicted": here.count("contradicted"),
                "undecided": here.count("undecided"),
                "chance": chance,
                "beyond_chance": here.count("agrees") > chance if advised else None,
                "regret": regret_of(stats.regret(x[places], choice[places])),
            }
        )
    return found

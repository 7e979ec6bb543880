"""How far the conclusions of a study reach: its examples, target tasks, sources, and settings."""

from __future__ import annotations

from typing import Any, TypedDict

from ...grid import BASELINE
from ...study import Study

__all__ = ["Numbers", "Population", "numbers", "wider"]

DIGITS = (1797, 64)  # examples and features of scikit-learn's digits


class Population(TypedDict):
    """A target task: the problems that share it, and how its examples are divided anew for each seed.

    `sizes` are its numbers of labels. `trained` is how many examples a strategy is trained on besides the labelled
    ones: those of the source pool, if they are of the same collection. `shared` is the share of one seed's held-out
    examples that another seed is expected to hold out too. `wider_few` and `wider_many` say how many times as wide an
    interval over seeds would be if it were to hold for other examples of the kind, with the fewest and with the most
    labels. `digits` are scikit-learn's.
    """

    problems: list[str]
    examples: int
    source_pool: int
    held_out: int
    sizes: list[int]
    trained: int
    shared: float
    wider_few: float
    wider_many: float
    digits: bool


class Numbers(TypedDict):
    """The target tasks whose examples are known, and what is the same in all trials; controls apart.

    `targets` counts all target tasks, `problems` the problems. `unpenalised` says that networks were trained without
    tuning or weight decay, beside a baseline that has a penalty. `ratio` is the most source examples that a problem has
    for each label, with its most labels.
    """

    populations: list[Population]
    targets: int
    problems: int
    controls: list[str]
    hidden: list[int]
    stages: list[str]
    tuned: bool
    unpenalised: bool
    ratio: float | None


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    settings, groups = study.settings, dict[str, list[str]]()
    for problem in study.subjects:
        groups.setdefault(study.targets[problem], []).append(problem)
    populations = [one for problems in groups.values() if (one := _population(study, problems))]
    tuned = int(settings.get("tuning", {}).get("trials", 1)) > 1
    decays = float(settings["training"]["weight_decay"]) > 0
    return {
        "populations": populations,
        "targets": len(groups),
        "problems": len(study.subjects),
        "controls": list(study.control_problems),
        "hidden": [int(width) for width in settings["network"]["hidden"]],
        "stages": list(study.stages),
        "tuned": tuned,
        "unpenalised": BASELINE in study.grid.strategies and not tuned and not decays,
        "ratio": max((ratio for p in study.subjects if (ratio := _ratio(study, p)) is not None), default=None),
    }


def _ratio(study: Study, problem: str) -> float | None:
    """Return how many source examples a problem has for each label, with its most labels."""
    pool = study.facts(problem).get("source_pool")
    return pool / study.grid.sizes_of[problem][-1] if pool else None


def _population(study: Study, problems: list[str]) -> Population | None:
    facts: dict[str, Any] = study.facts(problems[0])
    if not all(facts.get(name) for name in ("examples", "held_out")) or facts.get("source_pool") is None:
        return None
    held_out, sizes, n = facts["held_out"], study.grid.sizes_of[problems[0]], len(study.grid.seeds)
    trained = facts["source_pool"] if facts.get("shared", True) else 0
    return {
        "problems": problems,
        "examples": facts["examples"],
        "source_pool": facts["source_pool"],
        "held_out": held_out,
        "sizes": list(sizes),
        "trained": trained,
        "shared": held_out / facts["examples"],
        "wider_few": wider(n, held_out, trained + sizes[0]),
        "wider_many": wider(n, held_out, trained + sizes[-1]),
        "digits": (facts["examples"], facts.get("features")) == DIGITS and not facts.get("own"),
    }


def wider(seeds: int, held_out: int, trained: int) -> float:
    """Return the factor by which an interval over seeds grows if it is to hold for other examples of the same kind.

    Splits of the same examples overlap, so their results are not independent (Nadeau and Bengio 2003, section 3).

    Examples
    --------
    >>> round(wider(20, 500, 697 + 20), 1)
    3.9
    """
    return float((1 + seeds * held_out / trained) ** 0.5)

"""Stages, what each strategy frees of them, features of each stage, and what accuracy costs."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from ...grid import BASELINE, number
from ...measures import Mean, mean_of, median_of
from ...study import Study
from .mistaken import Mistaken, mistaken

__all__ = ["Cost", "Costs", "Freed", "Network", "Numbers", "Probe", "Stage", "Step", "numbers"]

PROBE, WHOLE = "probe", "frozen"  # the family that takes features of a lower stage; that of the last


class Stage(TypedDict):
    """A stage: its parameters, the features that it gives a head, seconds an example, and scores on the probe set.

    There are no seconds where the inputs are prepared with a mistake.
    """

    name: str
    parameters: int
    features: int
    forward_seconds: float | None
    step_seconds: float | None
    h_score: float | None
    log_me: float | None


class Step(TypedDict):
    """What one step of the preparation makes of an example: a picture, or text."""

    name: str
    text: str | None
    pixels: str | None
    height: int | None
    width: int | None
    low: float | None
    high: float | None


class Network(TypedDict):
    """The pretrained network of a problem; `best` is the stage with the highest LogME.

    `mistaken` says whether its inputs are prepared with a mistake, beside another problem where they are not.
    """

    problem: str
    mistaken: bool
    name: str
    hash: str
    texts: bool
    classes: list[str]
    copies: int
    unreadable: list[str]
    own_classes: int
    preparation: str
    steps: list[Step]
    stages: list[Stage]
    best: Stage | None
    parameters: int
    case: Literal["earlier", "last", "not measured"]


class Freed(TypedDict):
    """How many numbers of each stage, and of the head last, a strategy was free to move; and of how many in all."""

    strategy: str
    numbers: list[int | None]
    total: int
    seconds: float | None


class Ledger(TypedDict):
    """Of one problem: what each strategy frees, and in how many trials the rest was the same, byte for byte."""

    problem: str
    rows: list[Freed]
    checked: int
    unchanged: int


class Probe(TypedDict):
    """Accuracy of a head on the features of one stage, by number of labels."""

    strategy: str
    stage: str
    accuracy: list[Mean]


class Probes(TypedDict):
    """Heads on the features of several stages of one problem; the last row is the last stage."""

    problem: str
    rows: list[Probe]


class Cost(TypedDict):
    """What a strategy costs and reaches in one cell.

    `kilobytes` are those of the numbers that it trains; `front` says whether none is as accurate in less time,
    `may_be_best` whether it is not shown to be behind another.
    """

    strategy: str
    seconds: float | None
    parameters: float | None
    kilobytes: float | None
    accuracy: Mean
    front: bool
    may_be_best: bool


class Costs(TypedDict):
    """One problem with one number of labels; `cheapest` may be the best and takes least time, `slowest` most time."""

    problem: str
    n_target: int
    rows: list[Cost]
    cheapest: Cost | None
    slowest: Cost | None
    top: str | None


class Numbers(TypedDict):
    """All that the six steps quote; lists by problem, costs by problem and size.

    Where inputs are prepared with a mistake beside one that is right, `networks` alone has both; they are `mistaken`.
    """

    networks: list[Network]
    mistaken: Mistaken | None
    ledgers: list[Ledger]
    probes: list[Probes]
    costs: list[Costs]
    batch_norm: list[str]


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where the study pretrains its own networks."""
    grid, own = study.grid, study.settings.get("problems", {})
    facts = {p: study.facts(p).get("backbone") for p in grid.problems}
    if not any(facts.values()):
        return None
    described = [p for p in grid.problems if facts[p]]
    problems = [p for p in described if p not in grid.mistaken]
    return {
        "networks": [_network(p, facts[p] or {}, mistaken=p in grid.mistaken) for p in described],
        "mistaken": mistaken(study),
        "ledgers": [_ledger(study, p) for p in problems],
        "probes": [found for p in problems if (found := _probes(study, p, facts[p] or {}))],
        "costs": [_costs(study, p, n) for p in problems for n in grid.sizes_of[p]],
        "batch_norm": list(dict.fromkeys(str(own.get(p, {}).get("batch_norm", "kept")) for p in problems)),
    }


def _network(problem: str, facts: dict[str, Any], *, mistaken: bool) -> Network:
    stages: list[Stage] = facts["stages"]
    scored = [stage for stage in stages if stage.get("log_me") is not None]
    best = max(scored, key=lambda stage: stage["log_me"] or 0.0) if scored else None
    blank = {"text": None, "pixels": None, "height": None, "width": None, "low": None, "high": None}
    return {
        "problem": problem,
        "mistaken": mistaken,
        "name": facts["name"],
        "hash": facts["hash"],
        "texts": facts["texts"],
        "classes": facts["classes"],
        "copies": facts["copies"],
        "unreadable": facts["unreadable"],
        "own_classes": facts["own_classes"],
        "preparation": facts["preparation"],
        "steps": [{**blank, **{k: v for k, v in step.items() if k != "shape"}} for step in facts["steps"]],  # type: ignore[typeddict-item]
        "stages": stages,
        "best": best,
        "parameters": sum(stage["parameters"] for stage in stages),
        "case": "not measured" if best is None else "last" if best is stages[-1] else "earlier",
    }


def _ledger(study: Study, problem: str) -> Ledger:
    grid, n = study.grid, study.grid.sizes_of[problem][-1]
    rows: list[Freed] = []
    for strategy in grid.strategies:
        trials = list(grid.ok(problem, strategy, n).values())
        freed = next((row["trainable"] for row in trials if row.get("trainable")), None)
        if freed:
            *body, head = (int(k) for k in freed)
            seconds = median_of(trials, "train_seconds")
            depth = max(len(study.stages), len(body))
            padded = [*body, *[None] * (depth - len(body)), head]
            rows.append({"strategy": strategy, "numbers": padded, "total": sum(body) + head, "seconds": seconds})
    hashed = [row for row in grid.trials.rows(problem) if row.get("frozen_before")]
    same = sum(row["frozen_before"] == row.get("frozen_after") for row in hashed)
    return {"problem": problem, "rows": rows, "checked": len(hashed), "unchanged": same}


def _probes(study: Study, problem: str, facts: dict[str, Any]) -> Probes | None:
    """Return heads on the features of stages, from the inputs up; None if there are not two."""
    names = [stage["name"] for stage in facts["stages"]]
    depths = {
        s: int(s.rpartition("-")[2])
        for s, rule in study.grid.rules.items()
        if rule["known"] and rule["family"] == PROBE
    }
    if WHOLE in study.grid.strategies:
        depths.setdefault(WHOLE, len(names))
    rows: list[Probe] = [
        {
            "strategy": s,
            "stage": names[k - 1],
            "accuracy": [study.measures[problem][s][study.grid.sizes.index(n)]["accuracy"] for n in study.grid.sizes],
        }
        for s, k in sorted(depths.items(), key=lambda pair: pair[1])
    ]
    return {"problem": problem, "rows": rows} if len(rows) > 1 else None


def _costs(study: Study, problem: str, n: int) -> Costs:
    contest = study.contests.get((problem, n))
    open_to = {contest["top"], *contest["winners"], *contest["tied"], *contest["undecided"]} if contest else set()
    rows: list[Cost] = []
    for strategy in study.choices:
        trials = list(study.grid.ok(problem, strategy, n).values())
        trained, each = median_of(trials, "parameters_trained"), 8 if strategy == BASELINE else 4
        rows.append(
            {
                "strategy": strategy,
                "seconds": median_of(trials, "train_seconds"),
                "parameters": trained,
                "kilobytes": None if trained is None else each * trained / 1e3,
                "accuracy": mean_of([number(row, "accuracy") for row in trials]),
                "front": False,
                "may_be_best": strategy in open_to,
            }
        )
    found = [row for row in rows if row["seconds"] is not None and row["accuracy"]["mean"] is not None]
    for row in found:
        row["front"] = not any(_dominates(other, row) for other in found)
    by_time = sorted(found, key=lambda row: row["seconds"] or 0.0)
    candidates = [row for row in by_time if row["may_be_best"]]
    return {
        "problem": problem,
        "n_target": n,
        "rows": by_time,
        "cheapest": candidates[0] if candidates else None,
        "slowest": by_time[-1] if by_time else None,
        "top": contest["top"] if contest else None,
    }


def _dominates(one: Cost, other: Cost) -> bool:
    """Whether one is at least as accurate in at most the time, and better in one of the two."""
    mine, its = _pair(one), _pair(other)
    return mine != its and mine[0] <= its[0] and mine[1] >= its[1]


def _pair(cost: Cost) -> tuple[float, float]:
    return cost["seconds"] or 0.0, cost["accuracy"]["mean"] or 0.0

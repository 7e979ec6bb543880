"""What each strategy does to the study's network, phase by phase and layer by layer, and its role in the study.

A strategy is data, so this reads the same table as training does. The multipliers are those of a network as deep as the
study's. The role follows from what a strategy does and not from its name, so a user's own strategy is treated like any
other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from .. import strategies as declared
from ..errors import FastmlpError
from ..strategies import STRATEGIES, Strategy, get_strategy, plainest, read_strategy

__all__ = ["Phase", "Rule", "family_of", "rules", "stages_of"]

Bools = NDArray[np.bool_]
Role = Literal["contestant", "control", "baseline", "twin"]
Kind = Literal["probe", "lower probe", "fine-tune", "scratch", "zero-shot"]


class Phase(TypedDict):
    """Its share of the epochs, and a pair of multipliers of the learning rate (weights, biases) for every layer."""

    share: float
    pull: float
    rank: int
    patience: int | None
    multipliers: list[list[float]]


class Rule(TypedDict):
    """What a strategy does: see `rules`. What is `NotRequired` is there for strategies that are known."""

    name: str
    family: str
    known: bool
    phases: list[Phase]
    role: Role
    plain: str | None
    kind: Kind | None
    matched: str | None
    twin: str | None
    own: NotRequired[bool]
    start: NotRequired[str | None]
    scaler: NotRequired[str]
    head: NotRequired[str]
    moves: NotRequired[list[list[bool]]]
    copied: NotRequired[int]
    held_back: NotRequired[float]


def rules(names: Sequence[str], settings: Mapping[str, Any]) -> list[Rule]:
    """What each strategy does, for those that are known.

    Returns
    -------
    list of dict
        `name`, `family` and, where it is known, `start`, `scaler`, `head`, `copied` layers, `held_back`, and `phases`:
        for each its `share` of the epochs, a pair of multipliers (weights, biases) for every layer, `pull`, `rank`,
        `patience`. `moves` says of every layer whether its weights move freely, move at all, and whether its biases do.

        `role` is *contestant*, *control*, *baseline* or *twin*. A twin does, on the study's network, the very same as
        a strategy before it, `twin`, and would be counted twice. A control explains others and is not chosen. It
        differs from another strategy, `plain`, in nothing but having the source's scaler; or it starts from random
        weights and does not train them all; or from nothing of the pretrained ones but their mean and variance.

        `kind` of a contestant is *probe*, a new head on the whole pretrained body, which does not move; *lower probe*,
        one on its lower layers; *fine-tune*, the whole body, all of which moves; *scratch*, a random start;
        *zero-shot*, no training at all; or None.

        `matched`, of a contestant that starts from pretrained weights, is the strategy of the study that may move the
        same from random weights and sees its inputs through the same scaler; None without one. What is worse than that
        was harmed by its weights.
    """
    stages = stages_of(settings)
    n_layers = (len(stages) or len(settings["network"]["hidden"])) + 1
    own = _own(settings.get("strategies"))
    found = [_rule(name, n_layers, own) for name in names]
    forms: dict[Strategy, str] = {}
    for rule in found:
        if rule["known"]:
            form = plainest(get_strategy(rule["name"], own), n_layers - 1)
            rule["twin"] = forms.get(form)
            forms.setdefault(form, rule["name"])
        if rule["twin"] and rule["role"] == "contestant":
            rule["role"], rule["kind"] = "twin", None
    for rule in found:
        rule["matched"] = _matched(rule, found, ("moves",) if stages else ("scaler", "moves"))
    return found


def stages_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the stages of a study's backbones, from the inputs up; none where it pretrains networks."""
    own = (settings.get("problems", {}).get(name, {}) for name in settings["grid"].get("problems", ()))
    return next((tuple(problem["stages"]) for problem in own if problem.get("stages")), ())


def mistaken_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the problems whose inputs are prepared with a mistake, each with the one that has none."""
    own = {name: settings.get("problems", {}).get(name, {}) for name in settings["grid"].get("problems", ())}
    mistaken = {name: problem for name, problem in own.items() if problem.get("corruption")}
    found = {
        name: next((p for p in own if p not in mistaken and _otherwise(own[p]) == _otherwise(problem)), None)
        for name, problem in mistaken.items()
    }
    return {name: right for name, right in found.items() if right}


def _otherwise(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a problem but for its mistake, and for the hash that follows from it."""
    return {name: value for name, value in problem.items() if name not in {"corruption", "backbone_hash"}}


def family_of(name: str) -> str:
    """Return the family of a strategy's name: that of partial-2 is partial."""
    return re.sub(r"-\d+$", "", name)


def _rule(name: str, n_layers: int, own: Mapping[str, Strategy]) -> Rule:
    try:
        strategy = get_strategy(name, own)
        phases = strategy.phases_for(n_layers)
    except FastmlpError:
        return {
            "name": name,
            "family": family_of(name),
            "known": False,
            "phases": [],
            "role": "contestant",
            "plain": None,
            "kind": None,
            "matched": None,
            "twin": None,
        }
    layers = n_layers if not strategy.cut else (strategy.layers or n_layers - 1) + 1
    copied = 0 if strategy.start != "pretrained" else min(strategy.layers or n_layers - 1, n_layers - 1)
    plain = _plain(strategy, {**STRATEGIES, **own})
    moves = _moves(phases, layers)
    role = _role(strategy, plain, moves)
    return {
        "name": name,
        "family": family_of(name),
        "known": True,
        "own": name in own,
        "start": strategy.start,
        "scaler": strategy.scaler,
        "head": strategy.head,
        "moves": [[bool(freely) for freely in layer] for layer in moves],
        "matched": None,
        "twin": None,
        "copied": copied,
        "held_back": strategy.held_back,
        "phases": [_phase(phase, layers) for phase in phases],
        "role": role,
        "plain": plain,
        "kind": _kind(strategy, moves, whole=copied == n_layers - 1) if role == "contestant" else None,
    }


def _plain(strategy: Strategy, strategies: Mapping[str, Strategy]) -> str | None:
    """Which strategy is the same but for the source's scaler, if this one has nothing else from the source."""
    if strategy.scaler != "source" or strategy.starts_from_source:
        return None
    other = replace(strategy, scaler="target")
    return next((name for name, one in strategies.items() if one == other), None)


def _matched(rule: Rule, others: Sequence[Rule], parts: Sequence[str]) -> str | None:
    """Which strategy moves the same from a random start, through the same scaler; a backbone has none."""
    if rule["role"] != "contestant" or rule.get("start") != "pretrained" or not rule["phases"]:
        return None
    same = [other for other in others if all(other.get(part) == rule.get(part) for part in parts)]
    return next((other["name"] for other in same if other.get("start") == "random"), None)


def _moves(phases: Sequence[declared.Phase], n_layers: int) -> Bools:
    """Whether weights move freely, weights move within a rank, biases move, in any phase: (n_layers, 3)."""
    moves = np.zeros((n_layers, 3), dtype=np.bool_)
    for phase in phases:
        weights, biases = phase.multipliers(n_layers).T > 0
        moves |= np.stack([weights & (phase.rank == 0), weights, biases], axis=1)
    return moves


def _role(strategy: Strategy, plain: str | None, moves: Bools) -> Role:
    if strategy.start is None:
        return "control" if plain else "baseline"
    features_are_random = strategy.start == "random" and not moves[:-1, 1].all()
    return "control" if plain or features_are_random or strategy.start == "meanvar" else "contestant"


def _kind(strategy: Strategy, moves: Bools, *, whole: bool) -> Kind | None:
    """What a contestant does with the body; `whole`, if all of it was copied."""
    if strategy.start == "random":
        return "scratch"
    if not strategy.trains:
        return "zero-shot"
    if not moves[:-1].any():
        return "probe" if whole else "lower probe" if strategy.cut else None
    return "fine-tune" if whole and moves[:-1, 0].all() else None


def _phase(phase: declared.Phase, n_layers: int) -> Phase:
    return {
        "share": phase.share,
        "pull": phase.pull,
        "rank": phase.rank,
        "patience": phase.patience,
        "multipliers": [[float(w), float(b)] for w, b in phase.multipliers(n_layers)],
    }


def _own(tables: object) -> dict[str, Strategy]:
    """A study's own strategies, from its settings, but for those that cannot be read here."""
    own = {}
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        with suppress(FastmlpError):
            own[name] = read_strategy(table)
    return own

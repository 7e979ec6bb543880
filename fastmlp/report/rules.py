"""The rule of each strategy as the study's network follows it: phases, and a multiplier for every layer.

A strategy is data, and so this reads the same table that trainings read. The numbers are those of a network as deep as
the study's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..errors import FastmlpError
from ..strategies import Phase, Strategy, get_strategy, read_strategy

__all__ = ["family_of", "rules"]

Json = dict[str, Any]


def rules(names: Sequence[str], settings: Mapping[str, Any]) -> list[Json]:
    """What each strategy does, for those that are known.

    Returns
    -------
    list of dict
        `name`, `family` and, where it is known, `start`, `scaler`, `copied` layers, `held_back`, and `phases`: for each
        its `share` of the epochs, a pair of multipliers (weights, biases) for every layer, `pull`, `rank`, `patience`.
    """
    n_layers = len(settings["network"]["hidden"]) + 1
    own = _own(settings.get("strategies"))
    return [_rule(name, n_layers, own) for name in names]


def family_of(name: str) -> str:
    """The family of a strategy's name: partial-2 is a partial-k."""
    return re.sub(r"-\d+$", "", name)


def _rule(name: str, n_layers: int, own: Mapping[str, Strategy]) -> Json:
    try:
        strategy = get_strategy(name, own)
        phases = strategy.phases_for(n_layers)
    except FastmlpError:
        return {"name": name, "family": family_of(name), "known": False, "phases": []}
    layers = n_layers if not strategy.cut else (strategy.layers or n_layers - 1) + 1
    return {
        "name": name,
        "family": family_of(name),
        "known": True,
        "own": name in own,
        "start": strategy.start,
        "scaler": strategy.scaler,
        "copied": 0 if strategy.start != "pretrained" else min(strategy.layers or n_layers - 1, n_layers - 1),
        "held_back": strategy.held_back,
        "phases": [_phase(phase, layers) for phase in phases],
    }


def _phase(phase: Phase, n_layers: int) -> Json:
    return {
        "share": phase.share,
        "pull": phase.pull,
        "rank": phase.rank,
        "patience": phase.patience,
        "multipliers": [[float(w), float(b)] for w, b in phase.multipliers(n_layers)],
    }


def _own(tables: object) -> dict[str, Strategy]:
    """A study's own strategies, from its settings, but for those that cannot be read here."""
    found = {}
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        with suppress(FastmlpError):
            found[name] = read_strategy(table)
    return found

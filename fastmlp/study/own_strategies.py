"""Strategies of a study's own: ``[strategies.mine]`` with the fields of `Strategy`, and of `Phase` for each phase."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..errors import SettingsError
from ..strategies import FAMILIES, STRATEGIES, Phase, Strategy
from .refusals import explain, refuse_unknown, refuse_unknown_keys, shown

# None as a start is the baseline's, which there is; and TOML has no None
CHOICES = {
    "start": ("pretrained", "random", "meanvar"),
    "unfreeze": ("schedule", "plateau"),
    "scaler": ("source", "target"),
}
# Least and largest value of a field, and whether the least itself is allowed
RANGES = {
    "layers": (1, 1000, True),
    "held_back": (0, 0.9, True),
    "head": (0, 1e6, True),
    "body": (0, 1e6, True),
    "biases": (0, 1e6, True),
    "frozen": (0, 1000, True),
    "divisor": (0, 1e6, False),
    "pull": (0, 1e6, True),
    "rank": (0, 1000, True),
    "share": (0, 1, False),
    "patience": (1, 1_000_000, True),
}


def own_strategies(tables: object) -> dict[str, Strategy]:
    """Return a study's own strategies from what its settings hold under ``strategies``.

    Raises
    ------
    SettingsError
        At the first setting that is refused.
    """
    if not isinstance(tables, Mapping):
        hint = "; did you mean 'grid.strategies'?" if isinstance(tables, list | tuple) else ""
        raise SettingsError("strategies", f"must be a table, not {shown(tables)}{hint}")
    return {name: own_strategy(name, table) for name, table in tables.items()}


def own_strategy(name: str, table: object) -> Strategy:
    """Return one strategy of a study's own."""
    path = f"strategies.{name}"
    _check_name(name, path)
    if isinstance(table, Strategy):
        table = msgspec.to_builtins(table)
    if not isinstance(table, Mapping):
        raise SettingsError(path, f"must be a table, not {shown(table)}")
    _check_keys(table, path)
    try:
        strategy = msgspec.convert(dict(table), Strategy)
    except msgspec.ValidationError as error:
        raise explain(error, table, f"{path}.") from error
    _check(strategy, path)
    return strategy


def _check_name(name: str, path: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise SettingsError(path, "a name is of small letters, digits and single hyphens, such as 'my-own'")
    family = name.rpartition("-")[0]
    if name in STRATEGIES or family in FAMILIES:
        raise SettingsError(path, f"{name!r} exists already; give yours another name")


def _check_keys(table: Mapping[str, Any], path: str) -> None:
    """Refuse what is unknown, with what is known: keys, and words."""
    refuse_unknown_keys(table, Strategy, f"{path}.")
    if table.get("start") is None:
        raise SettingsError(f"{path}.start", f"is needed; known: {', '.join(CHOICES['start'])}")
    for key, known in CHOICES.items():
        if isinstance(table.get(key), str):
            refuse_unknown(f"{path}.{key}", key, table[key], known)
    phases = table.get("phases", ())
    for place, phase in enumerate(phases if isinstance(phases, list | tuple) else ()):
        if isinstance(phase, Mapping):
            refuse_unknown_keys(phase, Phase, f"{path}.phases[{place}].")


def _check(strategy: Strategy, path: str) -> None:
    """Refuse numbers out of range, and fields that contradict each other."""
    _check_ranges(strategy, path)
    for place, phase in enumerate(strategy.phases):
        _check_ranges(phase, f"{path}.phases[{place}]")
        if phase.rank and phase.pull:
            raise SettingsError(f"{path}.phases[{place}].pull", "has no effect beside a rank")
    phases = strategy.phases
    if not phases:
        raise SettingsError(f"{path}.phases", "must be a list of at least 1 entry")
    if strategy.unfreeze is not None and len(phases) > 1:
        raise SettingsError(f"{path}.unfreeze", f"repeats one phase for every layer; there are {len(phases)} phases")
    total = math.fsum(phase.share for phase in phases)
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise SettingsError(f"{path}.phases", f"the shares add up to {total:g}; they must add up to 1")
    watching = strategy.unfreeze == "plateau" or any(phase.patience is not None for phase in phases)
    if watching and not strategy.held_back:
        raise SettingsError(f"{path}.held_back", "must be above 0: patience watches labels that are held back")
    if strategy.held_back and not watching:
        raise SettingsError(f"{path}.held_back", "takes labels from training that nothing watches; set a patience")


def _check_ranges(part: Strategy | Phase, path: str) -> None:
    for name, (least, most, inclusive) in RANGES.items():
        value = getattr(part, name, None)
        if value is None or least < value <= most or (inclusive and value == least):
            continue
        bound = f"at most {most:g}" if value > most else f"{'at least' if inclusive else 'above'} {least:g}"
        raise SettingsError(f"{path}.{name}", f"must be {bound}, not {value!r}")

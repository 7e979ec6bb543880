"""What a study of backbones has where its settings say nothing: the defaults of `schema` are for small networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .backbone import BackboneSettings
from .schema import OwnProblem

#: Fewer epochs than small networks have, as each takes seconds; a rate for heads, of which bodies get a part.
TRAINING = {"epochs": 10, "lr": 0.01, "batch_size": 16, "optimizer": "adamw"}
SEEDS = 4


def with_defaults(data: Mapping[str, Any], problems: Mapping[str, OwnProblem]) -> dict[str, Any]:
    """Return the content of a settings file, completed if all problems of its own have a backbone.

    Its problems are then those of the grid unless it names others.
    """
    tables = {name: data.get(name, {}) for name in ("grid", "training", "measures")}
    own = list(problems.values())
    given = {name: table for name, table in tables.items() if isinstance(table, Mapping)}
    all_backbones = bool(own) and all(isinstance(one, BackboneSettings) for one in own)
    if not all_backbones or len(given) < len(tables) or set(given["grid"].get("problems", problems)) - set(problems):
        return dict(data)
    grid = {"problems": list(problems), "strategies": strategies_for(len(own[0].stage_names)), "seeds": SEEDS}
    found: dict[str, dict[str, Any]] = {
        "grid": grid,
        "training": TRAINING,
        "measures": {"inside": True, "scores": True},
    }
    return {**data, **{name: {**found[name], **given[name]} for name in found}}


def strategies_for(stages: int) -> list[str]:
    """Return strategies that answer whether to freeze, how much, and at which stage to take the features.

    Examples
    --------
    >>> strategies_for(9)
    ['baseline', 'scratch', 'frozen', 'probe-6', 'partial-6', 'partial-8', 'finetune', 'lp-ft']
    """
    middle = (2 * stages) // 3
    some = {f"probe-{middle}", f"partial-{middle}", f"partial-{stages - 1}"} if middle > 0 else set()
    parts = sorted(some, key=lambda name: (not name.startswith("probe"), int(name.rpartition("-")[2])))
    return ["baseline", "scratch", "frozen", *parts, "finetune", "lp-ft"]

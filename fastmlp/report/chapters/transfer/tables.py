"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...problems import Problem
from ...strategies import Rule
from ...table import Table, cell, effect_cell, head, kind_head

__all__ = ["effects_by_problem", "multipliers"]


def effects_by_problem(problems: Sequence[Problem], family: str, strategy: str, sizes: Sequence[int]) -> Table:
    """Return the differences of one strategy in one family of comparisons, by problem and size."""
    rows = []
    for p in problems:
        by_size = {c["n_target"]: c for c in p["comparisons"][family] if c["first"] == strategy}
        rows.append([cell("name", p["name"]), *(effect_cell(by_size.get(n)) for n in sizes)])
    return {"columns": [head("problem", number=False), *(kind_head("labels", n) for n in sizes)], "rows": rows}


def multipliers(rule: Rule) -> Table:
    """Return the table that a strategy is, one row per layer and two columns a phase."""
    phases = rule["phases"]
    columns = [
        head(f"phase {k}: {part}" if len(phases) > 1 else part)
        for k in range(1, len(phases) + 1)
        for part in ("weights", "biases")
    ]
    depth = len(phases[0]["multipliers"])
    rows = []
    for layer in range(depth):
        label = "head" if layer == depth - 1 else f"layer {layer + 1}"
        rows.append([cell("text", label), *(cell("multiplier", m) for p in phases for m in p["multipliers"][layer])])
    return {"columns": [head("layer", number=False), *columns], "rows": rows}

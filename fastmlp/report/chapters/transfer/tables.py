"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ...problems import Problem
from ...strategies import Rule
from ...table import Table, cell, effect_cell, head, kind_head
from .numbers import Freezing

__all__ = ["effects_by_problem", "freezings", "multipliers"]


def freezings(found: Sequence[Freezing]) -> Table:
    """Return finetune minus frozen with the fewest and with the most labels, one row per problem that has both."""
    heads = [head("the fewest labels"), head("the most labels")]
    rows = [
        [cell("name", one["name"]), *(effect_cell(c) for c in (one["comparisons"][0], one["comparisons"][-1]))]
        for one in found
        if one["comparisons"]
    ]
    return {"columns": [head("problem", number=False), *heads], "rows": rows}


def effects_by_problem(problems: Sequence[Problem], family: str, strategy: str, sizes: Sequence[int]) -> Table:
    """Return the differences of one strategy in one family of comparisons, by problem and size."""
    rows = []
    for p in problems:
        by_size = {c["n_target"]: c for c in p["comparisons"][family] if c["first"] == strategy}
        rows.append([cell("name", p["name"]), *(effect_cell(by_size.get(n)) for n in sizes)])
    return {"columns": [head("problem", number=False), *(kind_head("labels", n) for n in sizes)], "rows": rows}


def multipliers(rules: Sequence[Rule], stages: Sequence[str] = ()) -> Table:
    """Return the table that strategies are: a row for each phase, two columns a layer or stage, the head last."""
    body = max(len(phase["multipliers"]) for rule in rules for phase in rule["phases"]) - 1
    layers = [*(stages or [f"layer {k}" for k in range(1, body + 1)]), "head"]
    columns = [head(f"{layer}: {part}") for layer in layers for part in ("weights", "biases")]
    rows = []
    for rule in rules:
        for k, phase in enumerate(rule["phases"], 1):
            *below, top = phase["multipliers"]
            name, number = cell("name", rule["name"]), cell("text", f"{k} of {len(rule['phases'])}")
            left_out = [cell("count", None)] * 2 * (body - len(below))
            numbers = [cell("multiplier", m) for pair in below for m in pair]
            rows.append([name, number, *numbers, *left_out, *(cell("multiplier", m) for m in top)])
    return {"columns": [head("strategy", number=False), head("phase", number=False), *columns], "rows": rows}

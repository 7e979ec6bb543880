"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...problems import Problem
from ...table import Table, cell, effect_cell, head, kind_head

__all__ = ["costs", "freed", "mistakes", "probes", "scaled", "stages"]


def stages(found: Sequence[Mapping[str, Any]]) -> Table:
    """Return the stages from the inputs up, and what each has and costs."""
    heads = ("parameters", "features", "ms computed", "ms trained", "LogME", "H-score")
    return {
        "columns": [head("stage", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", stage["name"]),
                cell("count", stage["parameters"]),
                cell("count", stage["features"]),
                *(
                    cell("number2", seconds and 1000 * seconds)
                    for seconds in (stage["forward_seconds"], stage["step_seconds"])
                ),
                cell("number2", stage.get("log_me")),
                cell("number2", stage["h_score"]),
            ]
            for stage in found
        ],
    }


def scaled(problems: Sequence[Problem]) -> Table:
    """Return the H-scores that span the scale of similarity, and the place of the pretrained features on it."""
    heads = ("H, random weights", "H, pretrained", "H, the highest", "similarity", "seeds")
    return {
        "columns": [head("problem", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", p["name"]),
                cell("mean", p["pretraining"]["h_score_random"]),
                cell("mean", p["pretraining"]["h_score"]),
                cell("number2", p["pretraining"]["h_score_target"]["mean"]),
                cell("mean", p["pretraining"]["similarity"]),
                cell("count", p["pretraining"]["n"]),
            ]
            for p in problems
        ],
    }


def mistakes(found: Mapping[str, Any]) -> Table:
    """Return accuracy without each mistake of the preparation and with it, and the difference."""
    heads = ("without it, %", "with it, %", "difference (points)")
    return {
        "columns": [
            head("mistake", number=False),
            head("strategy", number=False),
            *map(head, ("labels", *heads)),
            head("what is wrong", number=False),
        ],
        "rows": [
            [
                cell("name", row["problem"]),
                cell("name", row["strategy"]),
                cell("count", row["n_target"]),
                cell("percent_mean", row["right"]),
                cell("percent_mean", row["wrong"]),
                effect_cell(row["difference"]),
                cell("text", found["does"][row["problem"]]),
            ]
            for row in found["rows"]
        ],
    }


def freed(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Table:
    """Return how many numbers of each stage a strategy frees, the head last."""
    return {
        "columns": [head("strategy", number=False), *map(head, names), head("head"), head("together")],
        "rows": [
            [cell("name", row["strategy"]), *(cell("count", k) for k in row["numbers"]), cell("count", row["total"])]
            for row in rows
        ],
    }


def probes(rows: Sequence[Mapping[str, Any]], sizes: Sequence[int]) -> Table:
    """Return the accuracy of heads on the features of stages, a column a number of labels."""
    return {
        "columns": [
            head("stage", number=False),
            head("strategy", number=False),
            *(kind_head("labels", n) for n in sizes),
        ],
        "rows": [
            [
                cell("name", row["stage"]),
                cell("name", row["strategy"]),
                *(cell("percent_mean", mean) for mean in row["accuracy"]),
            ]
            for row in rows
        ],
    }


def costs(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return what strategies cost and reach, the cheapest first."""
    return {
        "columns": [
            head("strategy", number=False),
            *map(head, ("seconds", "parameters trained", "their kB", "accuracy, %")),
            head("on the front", number=False),
            head("may be the best", number=False),
        ],
        "rows": [
            [
                cell("name", row["strategy"]),
                cell("number2", row["seconds"]),
                cell("count", row["parameters"]),
                cell("count", None if row["kilobytes"] is None else round(row["kilobytes"])),
                cell("percent_mean", row["accuracy"]),
                cell("text", "yes" if row["front"] else "no"),
                cell("text", "yes" if row["may_be_best"] else "no"),
            ]
            for row in rows
        ],
    }

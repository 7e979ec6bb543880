"""Tables of the chapter."""

from __future__ import annotations

from ...table import Table, cell, effect_cell, head, kind_head, name_head
from .neighbourhood import Field, Neighbourhood
from .numbers import Numbers

__all__ = ["changes", "choices", "factors", "gaps", "neighbours"]

RATES = {"lower": "lower rate", "near": "rate near", "higher": "higher rate"}
EPOCHS = {"lower": "fewer epochs", "near": "epochs near", "higher": "more epochs"}


def gaps(data: Numbers) -> Table:
    """Return scratch minus the baseline, declared and tuned: a row per target task and kind of settings."""
    return {
        "columns": [
            head("target of", number=False),
            head("settings", number=False),
            *(kind_head("labels", n) for n in data["sizes"]),
        ],
        "rows": [
            [cell("name", gap["problem"]), cell("text", gap["settings"]), *map(effect_cell, gap["differences"])]
            for gap in data["gaps"]
        ],
    }


def changes(data: Numbers) -> Table:
    """Return what tuning changed, one row per strategy, a column a problem."""
    return {
        "columns": [head("strategy", number=False), *map(name_head, data["problems"])],
        "rows": [[cell("name", one["strategy"]), *map(effect_cell, one["differences"])] for one in data["changes"]],
    }


def factors(data: Numbers) -> Table:
    """Return one factor at a time, declared and tuned, a column a problem."""
    return {
        "columns": [
            head("factor", number=False),
            head("settings", number=False),
            *map(name_head, data["problems"]),
        ],
        "rows": [
            [cell("text", one["factor"]), cell("text", one["settings"]), *map(effect_cell, one["differences"])]
            for one in data["factors"]
        ],
    }


def choices(data: Numbers) -> Table:
    """Return what was chosen, one row per strategy."""
    heads = ("cross-validated", "learning rate", "epochs", "C", "time")
    return {
        "columns": [head("strategy", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", c["strategy"]),
                cell("pairs", {"n": c["tuned"], "planned": c["of"]}),
                cell("number", c["lr"]),
                cell("number", c["epochs"]),
                cell("number", c["penalty"]),
                cell("seconds", c["seconds"]),
            ]
            for c in data["choices"]
        ],
    }


def neighbours(data: Neighbourhood) -> Table:
    """Return the map of settings: a row a field, how often each strategy chose it, and what it gained there."""
    shares, gains = [head(f"{s}, chosen") for s in data["strategies"]], [name_head(s) for s in data["strategies"]]
    return {
        "columns": [head("settings", number=False), *shares, *gains],
        "rows": [
            [
                cell("text", _settings(field)),
                *(cell("percent", share) for share in field["chosen"]),
                *(cell("percent_mean", gain) for gain in field["gains"]),
            ]
            for field in data["fields"]
        ],
    }


def _settings(field: Field) -> str:
    if field["rate"] == "as declared":
        return "as declared, another penalty" if field["penalty"] else "as declared"
    near = field["rate"] == field["epochs"] == "near"
    return "both near the declared" if near else f"{RATES[field['rate']]}, {EPOCHS[field['epochs']]}"

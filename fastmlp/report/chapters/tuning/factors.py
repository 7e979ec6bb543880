"""From scratch to fine-tuning one factor at a time: first the scaler, then the start, then the rate.

Fine-tuning differs from scratch in three things at once. Between the two lie strategies that differ from the one before
in a single one, so that their differences add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from ....stats import paired_family
from ...grid import PLAIN, Grid
from ...pairs import Difference, difference_of
from ...study import Study

__all__ = ["Factor", "factors", "steps"]

FINETUNE = "finetune"


class Factor(TypedDict):
    """One factor: the strategy that has it minus the one that does not, over all sizes, by problem."""

    factor: str
    settings: Literal["declared", "tuned"]
    first: str
    second: str
    differences: list[Difference]


def steps(grid: Grid) -> list[tuple[str, str, str]]:
    """Return each factor with the strategy that has it and the one that does not, as far as the study has them."""
    control = next((control for control, plain in grid.scaler_controls if plain == PLAIN), None)
    if control is None:
        return []
    found = [("scaler", control, PLAIN)]
    full = next((s for s in grid.transferring if _is_full(grid, s, control)), None)
    if full is not None:
        found.append(("start", full, control))
        if FINETUNE in grid.strategies:
            found.append(("rate", FINETUNE, full))
    return found


def _is_full(grid: Grid, strategy: str, control: str) -> bool:
    """Whether a strategy starts from the whole pretrained body and does otherwise what the control does."""
    rule, other = grid.rules[strategy], grid.rules[control]
    whole = rule.get("copied") == len(rule.get("moves", [])) - 1
    return whole and all(rule.get(part) == other.get(part) for part in ("phases", "scaler", "head"))


def factors(study: Study, declared: Study) -> list[Factor]:
    """Compare; one family for the declared settings and one for those chosen."""
    found: list[Factor] = []
    asked: Sequence[tuple[str, str, str]] = steps(study.grid)
    named: tuple[tuple[Literal["declared", "tuned"], Study], ...] = (("declared", declared), ("tuned", study))
    for name, one in named:
        values = (
            (one.over_sizes(p, first), one.over_sizes(p, second)) for _, first, second in asked for p in study.ordered
        )
        made = iter(map(difference_of, paired_family(values, margin=study.margin)))
        found += [
            {
                "factor": factor,
                "settings": name,
                "first": first,
                "second": second,
                "differences": [next(made) for _ in study.ordered],
            }
            for factor, first, second in asked
        ]
    return sorted(found, key=lambda one: [factor for factor, _, _ in asked].index(one["factor"]))

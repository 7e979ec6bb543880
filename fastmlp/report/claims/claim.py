"""A claim as data: two sides, each a sum of means over cells, of which one is said to be higher or both equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ..grid import Row, number

__all__ = ["MEASURES", "Claim", "Labels", "Measure", "Term", "few", "many", "of"]

Labels = Literal["few", "many", "all"]
Measure = Literal["accuracy", "shifted", "drift", "updates", "follows", "barrier"]

SHIFTS = ("rotated", "noisy")  # inverted digits leave all networks to guess


class Term(NamedTuple):
    """The mean of a strategy over problems and numbers of labels."""

    strategy: str
    problems: tuple[str, ...]
    labels: Labels = "all"


@dataclass(frozen=True)
class Claim:
    """One claim of a paper.

    Parameters
    ----------
    name
        By which a verdict is written down.
    paper
        Where it was claimed: a key of `references.REFERENCES`.
    says
        The hypothesis in a sentence.
    first, second
        Sums of terms: the claim is about the first minus the second, which may be nothing, zero.
    expects
        ``higher``, the first is; or ``equal``, within the study's margin.
    measure
        What is compared: a name in `MEASURES`.
    """

    name: str
    paper: str
    says: str
    first: tuple[Term, ...]
    second: tuple[Term, ...]
    expects: Literal["higher", "equal"] = "higher"
    measure: Measure = "accuracy"

    @property
    def terms(self) -> tuple[Term, ...]:
        """Both sides."""
        return (*self.first, *self.second)


def of(strategy: str, *problems: str) -> Term:
    """Return the mean of a strategy over problems, with all numbers of labels."""
    return Term(strategy, problems)


def few(strategy: str, *problems: str) -> Term:
    """Return the mean of a strategy over problems, with few labels."""
    return Term(strategy, problems, "few")


def many(strategy: str, *problems: str) -> Term:
    """Return the mean of a strategy over problems, with many labels."""
    return Term(strategy, problems, "many")


def _drift(row: Row) -> float | None:
    """Return the mean relative distance of the body's layers from their start."""
    body = (row.get("drift") or [])[:-1]
    return float(np.mean(body)) if body and None not in body else None


def _shifted(row: Row) -> float | None:
    found = [number(row, f"accuracy_{shift}") for shift in SHIFTS]
    return float(np.mean([x for x in found if x is not None])) if None not in found else None


def _updates(row: Row) -> float | None:
    """Return the share of its updates that a training takes to scratch's final loss; all of them if it does not."""
    steps, reached = number(row, "steps"), number(row, "scratch_loss_steps")
    return None if not steps else (reached or steps) / steps


#: What claims are about. The first two are in points of accuracy, the others have units of their own. What *follows*
#: is accuracy too, but as its correlation over seeds with that of the pretrained network on its source. A *barrier* is
#: no number of a trial: studies note those between two trainings.
MEASURES: dict[Measure, Callable[[Row], float | None]] = {
    "accuracy": lambda row: number(row, "accuracy"),
    "shifted": _shifted,
    "drift": _drift,
    "updates": _updates,
    "follows": lambda row: number(row, "accuracy"),
    "barrier": lambda _: None,
}

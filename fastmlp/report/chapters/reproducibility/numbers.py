"""Where and with what the study ran, and which trainings cannot be trusted."""

from __future__ import annotations

from typing import TypedDict

from ...stability import Stability
from ...study import Study

__all__ = ["Note", "Numbers", "numbers"]

#: Notes of the store to itself, or shown in another chapter.
PRIVATE = {
    "rendered", "schema", "gradient_check", "backend_comparison", "short_batches", "basins", "first_layer",
    "identity", "planned", "workers", "foreign",
}  # fmt: skip


class Note(TypedDict):
    """A name and its value, as text."""

    name: str
    value: str


class Numbers(TypedDict):
    """The notes of the study, and what finished and cannot be trusted."""

    notes: list[Note]
    stability: Stability


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    notes = {k: v for k, v in study.meta.items() if k not in PRIVATE and not k.startswith("problem:")}
    return {"notes": [{"name": k, "value": str(v)} for k, v in notes.items()], "stability": study.stability}

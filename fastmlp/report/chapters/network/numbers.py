"""The worked example, and the gradient check that a study has run on its own network."""

from __future__ import annotations

import json
from typing import Literal, TypedDict

from ...study import Study
from .worked import Worked, work_through

__all__ = ["GradientCheck", "Numbers", "check_of", "numbers"]

ROUNDING = {"float32": 1e-4, "float64": 1e-6}  # relative errors that it can explain, with some room


class Part(TypedDict):
    """A weight matrix or a bias: how many of its parameters were checked, and the relative error."""

    name: str
    parameters: int
    checked: int
    error: float


class GradientCheck(TypedDict):
    """What `fastmlp.study.gradient_check` noted, the `largest` error, and whether rounding explains it."""

    step: float
    examples: int
    dtype: str
    backend: str
    parts: list[Part]
    largest: float
    checked: int
    case: Literal["agrees", "differs"]


class Numbers(TypedDict):
    """The example, and the check, or None where the study did not make it."""

    worked: Worked
    gradient: GradientCheck | None


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    worked = work_through(float(study.settings["training"]["lr"]))
    return {"worked": worked, "gradient": check_of(study.meta.get("gradient_check"))}


def check_of(text: str | None) -> GradientCheck | None:
    """Return the gradient check that a study noted, as a JSON object: see `fastmlp.study.gradient_check`."""
    if not text:
        return None
    noted = json.loads(text)
    parts: list[Part] = noted["parts"]
    largest = max(part["error"] for part in parts)
    return {
        "step": noted["step"],
        "examples": noted["examples"],
        "dtype": noted["dtype"],
        "backend": noted["backend"],
        "parts": parts,
        "largest": largest,
        "checked": sum(part["checked"] for part in parts),
        "case": "agrees" if largest <= ROUNDING[noted["dtype"]] else "differs",
    }

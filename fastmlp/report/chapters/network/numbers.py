"""The worked example, and the gradient check that a study has run on its own network."""

from __future__ import annotations

import json
from typing import Literal, TypedDict

from ...study import Study
from .worked import Worked, work_through

__all__ = ["GradientCheck", "Numbers", "check_of", "numbers", "own_backend"]

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


class OwnBackend(TypedDict):
    """What `fastmlp.study.backend_comparison` noted, and whether rounding explains the differences.

    `of_peak` and `slower` are shares: of the peak of one core, and of the fastest backend's speed; None if unknown.
    """

    backend: str
    dtype: str
    examples: int
    epochs: int
    gradient: float
    parameters: float
    agree: float
    fastest_name: str
    slower: float
    of_peak: float | None
    case: Literal["equivalent", "different"]


class Numbers(TypedDict):
    """The example; the check, or None where the study did not make it; the backend of one's own, if there is one."""

    worked: Worked
    gradient: GradientCheck | None
    own: OwnBackend | None


def numbers(study: Study) -> Numbers:
    """Return the numbers of the chapter."""
    worked = work_through(float(study.settings["training"]["lr"]))
    check, own = check_of(study.meta.get("gradient_check")), own_backend(study.meta.get("backend_comparison"))
    return {"worked": worked, "gradient": check, "own": own}


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


def own_backend(text: str | None) -> OwnBackend | None:
    """Return the comparison that a study noted, as a JSON object: see `fastmlp.study.backend_comparison`."""
    if not text:
        return None
    noted = json.loads(text)
    errors = [noted[name] for name in ("loss", "gradient", "parameters")]
    close = all(error is not None and error <= ROUNDING[noted["dtype"]] for error in errors)
    return {
        "backend": noted["backend"],
        "dtype": noted["dtype"],
        "examples": noted["examples"],
        "epochs": noted["epochs"],
        "gradient": noted["gradient"] or 0.0,
        "parameters": noted["parameters"] or 0.0,
        "agree": noted["agree"],
        "fastest_name": noted["fastest_name"],
        "slower": noted["fastest"] / noted["flops"],
        "of_peak": noted["flops"] / noted["peak"] if noted["peak"] else None,
        "case": "equivalent" if close else "different",
    }

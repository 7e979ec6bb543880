"""The worked example, the gradient check that a study has run on its own network, and what a short batch does to it."""

from __future__ import annotations

import json
from typing import Literal, TypedDict

from ....stats import paired_difference
from ...measures import Mean, mean_of
from ...study import Study
from .worked import Worked, work_through

__all__ = [
    "GradientCheck",
    "Numbers",
    "OwnBackend",
    "ShortBatches",
    "check_of",
    "numbers",
    "own_backend",
    "short_batches_of",
]

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


class ShortBatches(TypedDict):
    """What `fastmlp.study.short_batches` noted: for each choice the mean over seeds at each number of labels.

    `fall` is what one label more than full batches changes if its step is whole, and `mended` if it is weighted; the
    `case` is *falls* if the first is a loss of accuracy and the second is none, by paired tests.
    """

    problem: str
    batch: int
    sizes: list[int]
    full: int
    choices: list[str]
    accuracies: list[list[Mean]]
    seeds: int
    fall: float | None
    mended: float | None
    case: Literal["falls", "both", "none"]


class Numbers(TypedDict):
    """The example, and the measurements, or None where the study did not make them.

    `own` is the backend of one's own, if there is one.
    """

    worked: Worked
    gradient: GradientCheck | None
    own: OwnBackend | None
    short_batches: ShortBatches | None


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None where the networks are other people's."""
    if study.stages:
        return None
    worked = work_through(float(study.settings["training"]["lr"]))
    return {
        "worked": worked,
        "gradient": check_of(study.meta.get("gradient_check")),
        "own": own_backend(study.meta.get("backend_comparison")),
        "short_batches": short_batches_of(study.meta.get("short_batches"), study.margin),
    }


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


def short_batches_of(text: str | None, margin: float) -> ShortBatches | None:
    """Return what a study noted of short batches, as a JSON object: see `fastmlp.study.short_batches`."""
    if not text:
        return None
    noted = json.loads(text)
    accuracy: dict[str, list[list[float]]] = noted["accuracy"]
    whole, weighted = (paired_difference(accuracy[c][1], accuracy[c][0], margin=margin) for c in ("mean", "weighted"))
    falls = whole.verdict == "worse"
    return {
        "problem": noted["problem"],
        "batch": noted["batch"],
        "sizes": noted["sizes"],
        "full": noted["sizes"][0],
        "choices": list(accuracy),
        "accuracies": [[mean_of(cell) for cell in cells] for cells in accuracy.values()],
        "seeds": len(accuracy["mean"][0]),
        "fall": whole.mean,
        "mended": weighted.mean,
        "case": "none" if not falls else "both" if weighted.verdict == "worse" else "falls",
    }

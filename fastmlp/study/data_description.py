"""What a report says about a problem's data: sizes, origin, and pictures of examples.

A picture is small enough to be stored with the other facts: 16 greys, one hexadecimal digit per pixel.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..problems import Problem, Split, Task, describe_inputs, in_both, repeated, warnings_about
from ..problems.backbone import BackboneProblem
from .backbone_description import describe_backbone
from .settings.schema import OwnProblem, ProblemSettings, Settings

SIDE, GREYS, SHOWN = 8, 16, 10  # pixels; shades; most pictures of a task


def describe_problem(settings: Settings, name: str) -> str:
    """Return what a report says about a problem's data: a JSON object of numbers, and pictures if it has some.

    ``inputs`` holds the `InputFacts` of seed 0, whose warnings are issued. ``own`` says where the data came from, if
    the problem is the study's own.
    """
    problem = settings.problem(name)
    if isinstance(problem, BackboneProblem):
        return describe_backbone(problem)
    split = problem.split(0)
    inputs = describe_inputs(problem, split)
    for message in warnings_about(name, inputs) if inputs else ():
        warnings.warn(message, stacklevel=2)
    facts = {
        "examples": len(problem.target.y),
        "features": problem.target.X.shape[1],
        "source_classes": problem.source.n_classes,
        "target_classes": problem.target.n_classes,
        "same_classes": problem.same_classes,
        "classes": list(problem.target.classes),
        "control": problem.control,
        "shared": problem.shared,
        "source_pool": len(split.source),
        "target_pool": len(split.pool),
        "probe": len(split.probe),
        "held_out": len(split.heldout),
        "folds": problem.folds,
        "pictures": pictures(problem, split),
        "inputs": inputs and asdict(inputs),
        "own": describe_data(problem, settings.problems[name]) if name in settings.problems else None,
    }
    return json.dumps(facts)


def describe_data(problem: Problem, own: OwnProblem) -> dict[str, object] | None:
    """Return the files that a problem of the study's own comes from, and the examples that occur twice."""
    if not isinstance(own, ProblemSettings):
        return None
    tasks = {role: (getattr(problem, role), path) for role, path in own.files.items() if role != "pretrained"}
    origins: dict[str, object] = {
        role: {"file": Path(path).name, "hash": task.name, "examples": len(task.y), "classes": task.n_classes}
        | {"names": list(task.classes)}
        for role, (task, path) in tasks.items()
    }
    if problem.pretrained is not None:
        given = problem.pretrained
        origins["pretrained"] = {
            "file": Path(own.files["pretrained"]).name,
            "hash": given.name,
            "sizes": list(given.network.sizes),
            "scaler": given.scaler is not None,
        }
    leaks = {
        "in_both": 0 if problem.shared or problem.pretrained else in_both(problem.source, problem.target),
        "repeated": repeated(problem.target),
    }
    return origins | leaks | {"shared": problem.shared, "one_unit": own.one_unit}


def pictures(problem: Problem, split: Split) -> dict[str, list[list[str]]]:
    """Return examples of each class as [label, pixels], of source and target; nothing if they are not images.

    They come from the source pool and the target pool: the held-out set is not shown.
    """
    if not problem.images:
        return {}
    return {"source": _shown(problem.source, split.source), "target": _shown(problem.target, split.pool)}


def _shown(task: Task, rows: np.ndarray) -> list[list[str]]:
    """Return up to `SHOWN` examples, one of each class at a time."""
    by_class = [rows[task.y[rows] == label] for label in range(task.n_classes)]
    turns = [mine[k] for k in range(SHOWN) for mine in by_class if k < len(mine)][:SHOWN]
    return [[str(task.y[row]), _pixels(task.X[row])] for row in sorted(turns, key=lambda row: task.y[row])]


def _pixels(image: np.ndarray) -> str:
    """Return an image as text, its darkest ink as f."""
    greys = np.clip(np.round(image * (GREYS - 1) / GREYS), 0, GREYS - 1).astype(int)
    return "".join(f"{grey:x}" for grey in greys)

"""Pictures of examples, as strips side by side."""

from __future__ import annotations

from typing import TypedDict

from .format import label
from .study import Study

__all__ = ["Strip", "strips", "titled"]


class Strip(TypedDict):
    """Examples of one task side by side: their labels, and one text of hexadecimal digits each."""

    task: str
    name: str
    labels: list[str]
    alt: str
    pixels: list[str]


def strips(study: Study, problem: str) -> list[Strip]:
    """Return pictures of a problem's source and target, none where the study kept none."""
    shown = study.facts(problem).get("pictures") or {}
    return [
        {
            "task": task,
            "name": f"{task} task",
            "labels": [name for name, _ in examples],
            "alt": f"Pictures of the {task} task, labelled {', '.join(name for name, _ in examples)}",
            "pixels": [pixels for _, pixels in examples],
        }
        for task, examples in shown.items()
        if examples
    ]


def titled(strip: Strip, problem: str) -> Strip:
    """Return a strip under the name of its problem, where it stands among those of others."""
    name = label(problem) if strip["task"] == "source" else "target"
    return {**strip, "name": name, "alt": f"{strip['alt']}, problem {label(problem)}"}

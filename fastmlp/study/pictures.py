"""Pictures of a problem's examples, small enough to travel with its facts: 16 greys, a hexadecimal digit a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..problems import Problem, Split, Task

SIDE, GREYS, SHOWN = 8, 16, 10  # pixels; shades; pictures a task at the most


def pictures(problem: Problem, split: Split) -> dict[str, list[list[str]]]:
    """Return one example of each class as [label, pixels], of the source and of the target, or nothing if not images.

    They come from the source pool and the target pool: the held-out set is not shown either.
    """
    if not problem.images:
        return {}
    return {"source": _shown(problem.source, split.source), "target": _shown(problem.target, split.pool)}


def _shown(task: Task, rows: np.ndarray) -> list[list[str]]:
    """Return examples, classes in turn until there are enough."""
    by_class = [rows[task.y[rows] == label] for label in range(task.n_classes)]
    turns = [mine[k] for k in range(SHOWN) for mine in by_class if k < len(mine)][:SHOWN]
    return [[str(task.y[row]), _pixels(task.X[row])] for row in sorted(turns, key=lambda row: task.y[row])]


def _pixels(image: np.ndarray) -> str:
    """Return an image as text, its darkest ink as f."""
    greys = np.clip(np.round(image * (GREYS - 1) / GREYS), 0, GREYS - 1).astype(int)
    return "".join(f"{grey:x}" for grey in greys)

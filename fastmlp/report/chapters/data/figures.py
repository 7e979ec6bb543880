"""The parts of the split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ... import format as fmt
from ...figures.style import NARROW, canvas, colours

__all__ = ["split"]

Json = Mapping[str, Any]


def split(data: Json, width: int) -> Figure:
    """The parts of the split; the length of each is its number of examples."""
    figure, axes = canvas(width, 100)
    left = 0
    ink, series = colours().ink, colours().series
    of_parts = {"source_pool": series[1], "target_pool": series[0], "probe": series[2], "held_out": ink}
    present = {part: data["facts"][part] for part in of_parts if data["facts"][part]}
    for part, n in present.items():
        axes.barh(0, n, left=left, color=of_parts[part], height=0.4, edgecolor="none", alpha=0.75)
        name = part.removesuffix("_pool").replace("_", " ") if width < NARROW else part.replace("_", " ")
        axes.text(left + n / 2, 0.5, name, ha="center", va="top")
        axes.text(left + n / 2, -0.32, fmt.count(n), ha="center", va="bottom")
        left += n
    axes.set(xlim=(0, left or 1), ylim=(0.9, -0.7))
    axes.set_axis_off()
    return figure

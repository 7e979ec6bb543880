"""Accuracy by depth: how many layers are copied, frozen or probed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ... import format as fmt
from ...figures.style import DASHES, MARKERS, canvas, colours, legend, shows

__all__ = ["layers"]

Json = Mapping[str, Any]


def layers(data: Json, width: int) -> Figure:
    """Mean held-out accuracy with its interval by depth, one line per family and problem.

    Parameters
    ----------
    data
        `series`, each with `family`, `problem` and `points`.
    width
        In pixels.
    """
    figure, axes = canvas(width, 430)
    series = colours().series
    for k, one in enumerate(data["series"]):
        colour = series[k % len(series)]
        points = [p for p in one["points"] if p["mean"] is not None]
        shift = 0.03 * (k - (len(data["series"]) - 1) / 2)
        x = [p["k"] + shift for p in points]
        of = shows(strategy=one["family"], problem=one["problem"])
        axes.plot(
            x,
            [100 * p["mean"] for p in points],
            label=fmt.label(f"{one['family']}, {one['problem']}"),
            color=colour,
            gid=of,
            marker=MARKERS[k % len(MARKERS)],
            linestyle=DASHES[k % len(DASHES)],
        )
        for at, p in zip(x, points, strict=True):
            if p["low"] is not None:
                axes.plot([at, at], [100 * p["low"], 100 * p["high"]], color=colour, linewidth=1.5, gid=of)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("layers copied, frozen or probed")
    axes.set_ylabel("accuracy on held-out data, %")
    legend(figure, axes, width)
    return figure

"""Accuracy against seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from ... import format as fmt
from ...figures.style import canvas, colours, legend, looks

__all__ = ["costs"]

Json = Mapping[str, Any]


def costs(data: Json, width: int) -> Figure:
    """Accuracy against the seconds of a training, a marker for each strategy, and the front as a line.

    Parameters
    ----------
    data
        `rows` with `strategy`, `seconds`, `accuracy` and `front`; `strategies`, `baseline` and `controls` as for
        `accuracy`.
    width
        In pixels.
    """
    figure, axes = canvas(width, 380)
    look, used = looks(data), colours()
    front = [row for row in data["rows"] if row["front"]]
    axes.step(
        [_seconds(row) for row in front],
        [100 * row["accuracy"]["mean"] for row in front],
        where="post",
        color=used.faint,
        linewidth=3,
        zorder=1,
    )
    for row in data["rows"]:
        own, x, mean = look[row["strategy"]], _seconds(row), row["accuracy"]
        axes.plot([x], [100 * mean["mean"]], label=fmt.label(row["strategy"]), **own | {"linestyle": "none"}, zorder=3)
        if mean["low"] is not None:
            axes.plot([x, x], [100 * mean["low"], 100 * mean["high"]], color=own["color"], linewidth=1.5, zorder=2)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_xlabel("seconds of a training (logarithmic)")
    axes.set_ylabel("accuracy, %")
    legend(figure, axes, width)
    return figure


def _seconds(row: Json) -> float:
    return max(1e-3, float(row["seconds"]))

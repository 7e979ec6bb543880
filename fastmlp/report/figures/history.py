"""A benchmark from commit to commit: one panel per series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from .. import format as fmt
from .style import NARROW, colours, new_figure

__all__ = ["history"]

Json = Mapping[str, Any]

ROOM = 0.12  # of a panel's height, above and below: a change of a few per cent should not look like a cliff
LEAST = 0.1  # of the value itself, that a panel's height spans at the least


def history(data: Json, width: int) -> Figure:
    """Values as dots and the steps in them as lines, one panel per series, the same commits in all of them.

    Parameters
    ----------
    data
        `series`, each with `name`, `points` and `steps`; `commits`; `kind`, how values are shown.
    width
        In pixels: three panels beside each other, or two on a telephone.
    """
    columns = min(len(data["series"]), 2 if width < NARROW else 3)
    rows = -(-len(data["series"]) // columns)
    figure = new_figure(width, 130 * rows + 60)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for axes, one in zip(grid.flat, data["series"], strict=False):
        _panel(axes, one)
        axes.set_title(fmt.label(one["name"], 14 if width < NARROW else 26))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: fmt.show({"kind": data["kind"], "value": y})))
    for axes in grid.flat[len(data["series"]) :]:
        axes.set_axis_off()
    _ends(grid.flat[0], data["commits"])
    figure.supxlabel("commit", fontsize=13)
    return figure


def _panel(axes: Axes, one: Json) -> None:
    values = [value for _, value in one["points"]]
    axes.plot(*zip(*one["points"], strict=True), color=colours().series[1], marker="o", markersize=4, linestyle="none")
    for left, right, value in one["steps"]:
        axes.plot([left - 0.4, right - 0.6], [value, value], color=colours().ink, linewidth=2)
    low, high = min(values), max(values)
    span = max(high - low, LEAST * abs(high), 1e-12)
    middle = (low + high) / 2
    axes.set_ylim(middle - (0.5 + ROOM) * span, middle + (0.5 + ROOM) * span)
    axes.yaxis.set_major_locator(MaxNLocator(3))


def _ends(axes: Axes, commits: list[Json]) -> None:
    """Name the first and the last commit; between them there is no room."""
    axes.set_xlim(-0.6, len(commits) - 0.4)
    axes.xaxis.set_major_locator(FixedLocator([0, len(commits) - 1]))
    axes.xaxis.set_major_formatter(FixedFormatter([commits[0]["hash"][:7], commits[-1]["hash"][:7]]))

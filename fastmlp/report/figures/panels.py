"""Small multiples: one panel per problem, a few strategies in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from .. import format as fmt
from .style import NARROW, legend, looks, new_figure, shows

__all__ = ["panels"]

Json = Mapping[str, Any]


def panels(data: Json, width: int) -> Figure:
    """Accuracy against the number of labels, one panel per problem, the same axes in all of them.

    Parameters
    ----------
    data
        `problems`, in the order in which they are drawn; the `shown` strategies; `strategies`, `baseline`
        and `controls` as for `accuracy`.
    width
        In pixels: three panels beside each other, or two on a telephone.
    """
    columns = 2 if width < NARROW else 3
    n = len(data["problems"])
    rows = -(-n // columns)
    figure = new_figure(width, 165 * rows + 100)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    look = looks(data)
    sizes: list[int] = []
    for axes, problem in zip(grid.flat, data["problems"], strict=False):
        for name in data["shown"]:
            cells = [c for c in problem["measures"][name] if c["accuracy"]["mean"] is not None]
            sizes = [c["n_target"] for c in problem["measures"][name]]
            means = [100 * c["accuracy"]["mean"] for c in cells]
            dress = look[name] | {"markersize": 4, "gid": shows(strategy=name)}
            axes.plot([c["n_target"] for c in cells], means, label=fmt.label(name), **dress)
        axes.set_gid(shows(problem=problem["name"]))
        axes.set_title(fmt.label(problem["name"], 14 if width < NARROW else 22))
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_locator(FixedLocator([sizes[0], sizes[-1]] if sizes else []))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: fmt.count(x)))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    for axes in grid.flat[n:]:
        axes.set_axis_off()
    for axes in grid.flat[max(0, n - columns) : n]:  # the last panel of each column, whichever row it is in
        axes.xaxis.set_tick_params(labelbottom=True)
    figure.supxlabel("labelled target examples (logarithmic)", fontsize=13)
    figure.supylabel("accuracy, %", fontsize=13)
    legend(figure, grid.flat[0], width)
    return figure

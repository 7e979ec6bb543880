"""Loss by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from .. import format as fmt
from .style import NARROW, colours, legend, looks, new_figure, shows

__all__ = ["curves", "draw_curves", "scale_losses"]

Json = Mapping[str, Any]


def curves(data: Json, width: int) -> Figure:
    """Loss by epoch, median and range over seeds: a panel for each number of labels, or one panel.

    Parameters
    ----------
    data
        `series`, a list of curves; `strategies`, `baseline` and `controls` as for `accuracy`.
    width
        In pixels; panels stand one above the other on a narrow figure.
    """
    panels: dict[int | None, list[Json]] = {}
    for curve in data["series"]:
        panels.setdefault(curve.get("n_target"), []).append(curve)
    stacked = width < NARROW
    shape = (len(panels), 1) if stacked else (1, len(panels))
    figure = new_figure(width, 250 * len(panels) + 40 if stacked else 360)
    grid = figure.subplots(*shape, sharey=True, squeeze=False)
    for axes, (size, series) in zip(grid.flat, panels.items(), strict=True):
        draw_curves(axes, {**data, "series": series})
        if size is not None:
            axes.set_title(fmt.count(size) + " labels")
    scale_losses(grid.flat, [x for curve in data["series"] for x in curve["low"]])
    for axes in grid[:, 0]:
        axes.set_ylabel("training loss")
    if any("strategy" in curve for curve in data["series"]):
        legend(figure, grid.flat[0], width)
    return figure


def draw_curves(axes: Axes, data: Json) -> None:
    """Draw all curves of `data` on one panel, without a legend."""
    look = looks(data)
    for curve in data["series"]:
        _curve(axes, curve, look.get(curve.get("strategy", ""), {"color": colours().ink, "linestyle": "solid"}))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))


def _curve(axes: Axes, curve: Json, look: Mapping[str, Any]) -> None:
    """Median as a line with a few markers, range as a band."""
    label = fmt.label(curve["strategy"]) if "strategy" in curve else None
    gid = shows(strategy=curve["strategy"]) if "strategy" in curve else None
    every = max(1, len(curve["epochs"]) // 6)
    band = {"color": look["color"], "alpha": 0.18, "linewidth": 0, "gid": gid}
    axes.fill_between(curve["epochs"], curve["low"], curve["high"], **band)
    axes.plot(curve["epochs"], curve["median"], label=label, gid=gid, markevery=every, **look)


def scale_losses(panels: Iterable[Axes], lows: Sequence[float]) -> None:
    """Logarithmic where every loss is positive, with labels in plain numbers."""
    for axes in panels:
        if lows and min(lows) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: fmt.number(y)))

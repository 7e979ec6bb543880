"""Performance profiles: how often a strategy exceeds an accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ... import format as fmt
from ...figures.style import canvas, legend, looks, shows

__all__ = ["profiles"]

Json = Mapping[str, Any]


def profiles(data: Json, width: int) -> Figure:
    """Share of all cells and seeds above an accuracy, against that accuracy, in a band for its interval.

    Parameters
    ----------
    data
        `profiles`, each with its `strategy` and `points`; `strategies`, `baseline` and `controls` as for `accuracy`.
    width
        In pixels.
    """
    figure, axes = canvas(width, 400)
    look = looks(data)
    for line in data["profiles"]:
        points = [p for p in line["points"] if p["share"] is not None]
        x = [p["tau"] for p in points]
        style = look[line["strategy"]]
        low, high = ([p[end] for p in points] for end in ("low", "high"))
        of = shows(strategy=line["strategy"])
        axes.fill_between(x, low, high, color=style["color"], alpha=0.1, linewidth=0, gid=of)
        every = max(1, len(x) // 8)
        shares = [p["share"] for p in points]
        axes.plot(x, shares, label=fmt.label(line["strategy"]), gid=of, markevery=every, **style)
    points = [p for line in data["profiles"] for p in line["points"] if p["share"] is not None]
    sure = min((p["tau"] for p in points if p["share"] < 1), default=0.0)  # below it there is nothing to see
    axes.set(xlim=(max(0.0, sure - 0.1), 1), ylim=(0, 1.02))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda share, _: fmt.count(100 * share)))
    axes.set_xlabel("accuracy on held-out data, %")
    axes.set_ylabel("cells and seeds above it, %")
    legend(figure, axes, width)
    return figure

"""Accuracy against the number of labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .. import format as fmt
from .style import canvas, legend, looks, shows

__all__ = ["accuracy", "draw_accuracy"]

Json = Mapping[str, Any]


def accuracy(data: Json, width: int) -> Figure:
    """Mean held-out accuracy against the number of labels, with the interval of each mean.

    Parameters
    ----------
    data
        `measures` by strategy; and all `strategies` of the study, its `baseline` and `controls`, which fix the colours.
    width
        In pixels.
    """
    figure, axes = canvas(width, 430)
    draw_accuracy(axes, data, width)
    legend(figure, axes, width)
    return figure


def draw_accuracy(axes: Axes, data: Json, width: float) -> None:
    """Draw it on axes in a figure of a width in pixels, without a legend."""
    look = looks(data)
    measures = data["measures"]
    step = min(1.022, 1.1 ** (1 / max(1, len(measures) - 1)))  # side by side, or the intervals hide each other
    for k, (name, cells) in enumerate(measures.items()):
        shift = step ** (k - (len(measures) - 1) / 2)
        _means(axes, name, [c for c in cells if c["accuracy"]["mean"] is not None], shift, look[name])
    _label_sizes(axes, [c["n_target"] for c in next(iter(measures.values()), [])], width)
    axes.set_ylabel("accuracy on held-out data, %")


def _means(axes: Axes, name: str, cells: Sequence[Json], shift: float, look: Mapping[str, Any]) -> None:
    """One strategy: means joined by a line, intervals as bars where there are any."""
    x = [c["n_target"] * shift for c in cells]
    axes.plot(
        x,
        [100 * c["accuracy"]["mean"] for c in cells],
        label=fmt.label(name),
        gid=shows(strategy=name),
        zorder=3,
        **look,
    )
    for at, c in zip(x, cells, strict=True):
        if c["accuracy"]["low"] is not None:
            low, high = 100 * c["accuracy"]["low"], 100 * c["accuracy"]["high"]
            bar = {"color": look["color"], "linewidth": 1.5, "gid": shows(strategy=name)}
            axes.plot([at, at], [low, high], zorder=2, solid_capstyle="butt", **bar)


def _label_sizes(axes: Axes, sizes: Sequence[int], width: float) -> None:
    """Logarithmic axis with a tick at each size, and a label where there is room for one."""
    axes.set_xscale("log")
    axes.set_xlabel("labelled target examples (logarithmic)")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    shown = set(_apart(sizes, room=44 / (0.8 * width)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: fmt.count(x) if round(x) in shown else ""))
    if sizes:
        axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)


def _apart(sizes: Sequence[int], room: float) -> Iterable[int]:
    """The sizes whose labels do not touch: at least `room` apart, as a share of the logarithmic axis."""
    span = math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else 1.0
    last = -math.inf
    for size in sizes:
        if math.log(size) - last >= room * span:
            last = math.log(size)
            yield size

"""The gain over scratch against the size of the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ... import format as fmt
from ...figures.style import DASHES, MARKERS, canvas, colours, legend, shows

__all__ = ["amount"]

Json = Mapping[str, Any]
APART = 1.06  # neighbouring lines stand side by side, so that their bars do not hide each other


def amount(data: Json, width: int) -> Figure:
    """Points above scratch with their intervals by the number of source examples for each label, a line a problem.

    Parameters
    ----------
    data
        `ratios`, and `lines` of one strategy, each with `problem`, `n_target` and `differences`.
    width
        In pixels.
    """
    figure, axes = canvas(width, 400)
    used = colours()
    axes.axhline(0, color=used.faint, linewidth=2)
    for k, line in enumerate(data["lines"]):
        colour = used.series[k % len(used.series)]
        shift = APART ** (k - (len(data["lines"]) - 1) / 2)
        of = shows(problem=line["problem"])
        pairs = zip(data["ratios"], line["differences"], strict=True)
        points = [(ratio * shift, d) for ratio, d in pairs if d and d["mean"] is not None]
        axes.plot(
            [x for x, _ in points],
            [100 * d["mean"] for _, d in points],
            label=fmt.label(line["problem"]),
            gid=of,
            color=colour,
            marker=MARKERS[k % len(MARKERS)],
            linestyle=DASHES[k % len(DASHES)],
        )
        for x, d in points:
            if d["low"] is not None:
                axes.plot([x, x], [100 * d["low"], 100 * d["high"]], color=colour, linewidth=1.5, gid=of)
    axes.set_xscale("log")
    axes.set_xticks(data["ratios"], [fmt.count(ratio) for ratio in data["ratios"]])
    axes.minorticks_off()
    axes.set_xlabel("source examples for each label")
    axes.set_ylabel("points above scratch")
    legend(figure, axes, width)
    return figure

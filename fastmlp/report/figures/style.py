"""What all figures share: colours, markers, dashes, type, canvas and legend."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["BAND", "FAINT", "INK", "MUTED", "NARROW", "SERIES", "canvas", "legend", "looks", "new_figure", "style"]

# Placeholders, recognisable in the SVG: see `svg.VARIABLES`.
INK, MUTED, FAINT, BAND = "#fa0001", "#fa0002", "#fa0003", "#fa0004"
SERIES = ("#fb0000", "#fb0001", "#fb0002", "#fb0003", "#fb0004", "#fb0005", "#fb0006")
MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">")
DASHES = ("solid", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (4, 1.5, 1.5, 1.5, 1.5, 1.5)))
PIXELS_AN_INCH = 72
NARROW = 480

STYLE = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.labelsize": 13,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": PIXELS_AN_INCH,
    "figure.facecolor": "none",
    "font.size": 13,
    "grid.color": FAINT,
    "grid.linewidth": 1,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.8,
    "legend.fontsize": 13,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "lines.markersize": 7,
    "path.simplify": False,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollars
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.left": False,
}


def style(salt: str = "") -> AbstractContextManager[None]:
    """Settings to draw and to save in, whatever the reader's matplotlibrc; `salt` makes ids unique and repeatable."""
    return matplotlib.style.context(["default", {**STYLE, "svg.hashsalt": salt}])


def looks(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dashes of each strategy, the same in every figure.

    The baseline is ink. A control has the colour of the strategy that it differs from in its scaler alone, is dotted
    and has an open marker.

    Parameters
    ----------
    data
        With the study's `strategies`; the `baseline` among them, or None; and its `controls`, each with its strategy.
    """
    strategies, baseline = data["strategies"], data["baseline"]
    plain = {s: of for s, of in data["controls"].items() if of in strategies}
    own = [s for s in strategies if s != baseline and s not in plain]
    dressed = {
        s: {
            "color": SERIES[k % len(SERIES)],
            "marker": MARKERS[k % len(MARKERS)],
            "linestyle": DASHES[(k + 1) % len(DASHES)],
        }
        for k, s in enumerate(own)
    }
    if baseline:
        dressed[baseline] = {"color": INK, "marker": "s", "linestyle": "solid"}
    dotted = {"linestyle": (0, (1, 1.5)), "markerfacecolor": "none"}
    return dressed | {s: dressed[of] | dotted for s, of in plain.items()}


def new_figure(width: int, height: float) -> Figure:
    """An empty figure, sizes in CSS pixels."""
    return Figure(figsize=(width / PIXELS_AN_INCH, height / PIXELS_AN_INCH))


def canvas(width: int, height: float) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, sizes in CSS pixels."""
    figure = new_figure(width, height)
    return figure, figure.subplots()


def legend(figure: Figure, axes: Axes, width: int) -> None:
    """Above the axes, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        gap, column = 26, 70 + 7.2 * max(map(len, labels))  # of a line, its name and the gap to the next, in pixels
        columns = max(1, min(len(labels), int((width + gap) / column)))
        figure.legend(handles, labels, loc="outside upper left", ncols=columns)

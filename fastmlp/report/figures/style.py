"""What all figures share: colours, markers, dashes, type, canvas and legend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

__all__ = [
    "NARROW",
    "PAGE",
    "PAPER",
    "Colours",
    "canvas",
    "colours",
    "legend",
    "looks",
    "new_figure",
    "shows",
    "style",
]


class Colours(NamedTuple):
    """What a figure is drawn with: text, axes, grid, a strip behind the data, and one colour for each strategy."""

    ink: str
    muted: str
    faint: str
    band: str
    series: tuple[str, ...]


#: Placeholders, recognisable in the SVG: see `svg.VARIABLES`.
PAGE = Colours("#fa0001", "#fa0002", "#fa0003", "#fa0004", tuple(f"#fb000{k}" for k in range(7)))
#: For files: the page's own in its light scheme.
PAPER = Colours(
    *("#1c1e21", "#5a5f66", "#e3e2dc", "#eceae2"),
    ("#b8500a", "#0072b2", "#00805c", "#a8558a", "#7a6a00", "#5b4fb3", "#6b6f76"),
)
MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">")
DASHES = ("solid", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (4, 1.5, 1.5, 1.5, 1.5, 1.5)))
PIXELS_AN_INCH = 72
NARROW = 480

STYLE = {
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelsize": 13,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": PIXELS_AN_INCH,
    "figure.facecolor": "none",
    "font.size": 13,
    "grid.linewidth": 1,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.8,
    "legend.fontsize": 13,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 2,
    "lines.markersize": 7,
    "path.simplify": False,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold dollars
    "ytick.left": False,
}


def style(salt: str = "", colours: Colours = PAGE, **others: Any) -> AbstractContextManager[None]:
    """Settings to draw and to save in, whatever the reader's matplotlibrc; `salt` makes ids unique and repeatable."""
    return matplotlib.style.context(["default", STYLE, _coloured(colours), {"svg.hashsalt": salt}, others])


def _coloured(colours: Colours) -> dict[str, Any]:
    """Return the settings that hold colours, which `colours` reads again."""
    inked = ("axes.labelcolor", "axes.titlecolor", "legend.labelcolor", "text.color")
    return {
        **dict.fromkeys((*inked, "xtick.labelcolor", "ytick.labelcolor"), colours.ink),
        **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), colours.muted),
        "grid.color": colours.faint,
        "legend.edgecolor": colours.band,
        "axes.prop_cycle": cycler(color=colours.series),
    }


def colours() -> Colours:
    """Return the colours of the style in force: of the page, of paper or, on a user's own axes, the user's."""
    now = matplotlib.rcParams
    series = now["axes.prop_cycle"].by_key().get("color", [now["lines.color"]])
    return Colours(now["text.color"], now["axes.edgecolor"], now["grid.color"], now["legend.edgecolor"], tuple(series))


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
    own, series = [s for s in strategies if s != baseline and s not in plain], colours().series
    dressed = {
        s: {
            "color": series[k % len(series)],
            "marker": MARKERS[k % len(MARKERS)],
            "linestyle": DASHES[(k + 1) % len(DASHES)],
        }
        for k, s in enumerate(own)
    }
    if baseline:
        dressed[baseline] = {"color": colours().ink, "marker": "s", "linestyle": "solid"}
    dotted = {"linestyle": (0, (1, 1.5)), "markerfacecolor": "none"}
    return dressed | {s: dressed[of] | dotted for s, of in plain.items()}


def shows(**what: str) -> str | None:
    """Return the id of what is drawn of a `problem` or a `strategy`, from which the page's script knows it.

    In a file, where ids are told apart and no script asks, there is none.
    """
    return json.dumps(what) if colours().ink == PAGE.ink else None


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
        drawn = figure.legend(handles, labels, loc="outside upper left", ncols=columns)
        for of, handle, text in zip(handles, drawn.legend_handles, drawn.get_texts(), strict=True):
            for artist in (handle, text):
                if artist is not None:
                    artist.set_gid(of.get_gid())

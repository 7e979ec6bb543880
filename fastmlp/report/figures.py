"""Figures of the report: a part of the summary in, a matplotlib Figure out, one function a figure.

No pyplot and no global state: whoever draws does so inside `style()`. Colours are placeholders that `svg.inline`
replaces by CSS variables, so one drawing serves light and dark. Curves differ in colour, in marker and in dashes. Every
function takes the width in CSS pixels, because a figure for a telephone is drawn again and not shrunk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from . import filters

__all__ = ["BAND", "FAINT", "FIGURES", "INK", "MUTED", "SERIES", "style"]

Json = Mapping[str, Any]

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
    "axes.titlesize": 13,
    "figure.constrained_layout.use": True,
    "figure.dpi": PIXELS_AN_INCH,
    "figure.facecolor": "none",
    "font.size": 13,
    "grid.color": FAINT,
    "grid.linewidth": 1,
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


def looks(strategies: Sequence[str], baseline: str | None) -> dict[str, dict[str, Any]]:
    """Colour, marker and dashes of each strategy, the same in every figure. The baseline is ink."""
    others = [s for s in strategies if s != baseline]
    dressed = {
        s: {
            "color": SERIES[k % len(SERIES)],
            "marker": MARKERS[k % len(MARKERS)],
            "linestyle": DASHES[(k + 1) % len(DASHES)],
        }
        for k, s in enumerate(others)
    }
    return dressed | ({baseline: {"color": INK, "marker": "s", "linestyle": "solid"}} if baseline else {})


def accuracy(data: Json, width: int) -> Figure:
    """Mean held-out accuracy against the number of labels, with the interval of each mean.

    Parameters
    ----------
    data
        `measures` by strategy, and all `strategies` and the `baseline` of the study, which fix the colours.
    width
        In pixels.
    """
    figure, axes = _canvas(width, 400)
    look = looks(data["strategies"], data["baseline"])
    measures = data["measures"]
    for k, (name, cells) in enumerate(measures.items()):
        shift = 1.022 ** (k - (len(measures) - 1) / 2)  # side by side, or the intervals hide each other
        _means(axes, name, [c for c in cells if c["accuracy"]["mean"] is not None], shift, look[name])
    _label_sizes(axes, [c["n_target"] for c in next(iter(measures.values()), [])], width)
    axes.set_ylabel("accuracy on held-out data, %")
    _legend(figure, axes, width)
    return figure


def differences(data: Json, width: int) -> Figure:
    """Paired differences in accuracy with their intervals, a row a comparison, grouped by the number of labels.

    Parameters
    ----------
    data
        `family`, a list of comparisons; `margin`; `strategies` and `baseline` as for `accuracy`.
    width
        In pixels.
    """
    family, margin = data["family"], 100 * data["margin"]
    rows = list(_grouped(family))
    figure, axes = _canvas(width, 24 * len(rows) + 60)
    look = looks(data["strategies"], data["baseline"])
    axes.grid(visible=False)
    axes.axvspan(-margin, margin, color=BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=MUTED, linewidth=1, zorder=1)
    for y, comparison in enumerate(rows):
        if "first" in comparison:
            _difference(axes, y, comparison, look[comparison["first"]])
        else:
            _beside(axes, y, filters.count(comparison["n_target"]) + " labels", weight="bold")
    axes.set_yticks(range(len(rows)), [_row_label(c, data["baseline"]) for c in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(4 if width < NARROW else 8))
    axes.xaxis.set_major_formatter(FuncFormatter(_points))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("difference in accuracy, points")
    return figure


def curves(data: Json, width: int) -> Figure:
    """Loss by epoch, median and range over seeds: a panel for each number of labels, or one panel.

    Parameters
    ----------
    data
        `series`, a list of curves; `strategies` and `baseline` as for `accuracy`.
    width
        In pixels; panels stand one above the other on a narrow figure.
    """
    panels: dict[int | None, list[Json]] = {}
    for curve in data["series"]:
        panels.setdefault(curve.get("n_target"), []).append(curve)
    stacked = width < NARROW
    shape = (len(panels), 1) if stacked else (1, len(panels))
    figure = _figure(width, 250 * len(panels) + 40 if stacked else 360)
    grid = figure.subplots(*shape, sharey=True, squeeze=False)
    look = looks(data["strategies"], data["baseline"])
    for axes, (size, series) in zip(grid.flat, panels.items(), strict=True):
        for curve in series:
            _curve(axes, curve, look.get(curve.get("strategy", ""), {"color": SERIES[0], "linestyle": "solid"}))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        if size is not None:
            axes.set_title(filters.count(size) + " labels")
    _scale_losses(grid.flat, [x for curve in data["series"] for x in curve["low"]])
    for axes in grid[:, 0]:
        axes.set_ylabel("training loss")
    if any("strategy" in curve for curve in data["series"]):
        _legend(figure, grid.flat[0], width)
    return figure


def split(data: Json, width: int) -> Figure:
    """The parts of the split, as long as they hold examples."""
    figure, axes = _canvas(width, 100)
    left = 0
    colours = {"source_pool": SERIES[1], "target_pool": SERIES[0], "probe": SERIES[2], "held_out": INK}
    present = {part: data["facts"][part] for part in colours if part in data["facts"]}
    for part, n in present.items():
        axes.barh(0, n, left=left, color=colours[part], height=0.4, edgecolor="none", alpha=0.75)
        name = part.removesuffix("_pool").replace("_", " ") if width < NARROW else part.replace("_", " ")
        axes.text(left + n / 2, 0.5, name, ha="center", va="top")
        axes.text(left + n / 2, -0.32, filters.count(n), ha="center", va="bottom")
        left += n
    axes.set(xlim=(0, left or 1), ylim=(0.9, -0.7))
    axes.set_axis_off()
    return figure


def _figure(width: int, height: int) -> Figure:
    return Figure(figsize=(width / PIXELS_AN_INCH, height / PIXELS_AN_INCH))


def _canvas(width: int, height: int) -> tuple[Figure, Axes]:
    figure = _figure(width, height)
    return figure, figure.subplots()


def _means(axes: Axes, name: str, cells: Sequence[Json], shift: float, look: Mapping[str, Any]) -> None:
    """One strategy: means joined by a line, intervals as bars where there are any."""
    x = [c["n_target"] * shift for c in cells]
    axes.plot(x, [100 * c["accuracy"]["mean"] for c in cells], label=filters.label(name), zorder=3, **look)
    for at, c in zip(x, cells, strict=True):
        if c["accuracy"]["low"] is not None:
            low, high = 100 * c["accuracy"]["low"], 100 * c["accuracy"]["high"]
            axes.plot([at, at], [low, high], color=look["color"], linewidth=1.5, zorder=2, solid_capstyle="butt")


def _label_sizes(axes: Axes, sizes: Sequence[int], width: int) -> None:
    """Logarithmic axis with a tick at each size, and a label where there is room for one."""
    axes.set_xscale("log")
    axes.set_xlabel("labelled target examples (logarithmic)")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    shown = set(_apart(sizes, room=44 / (0.8 * width)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: filters.count(x) if round(x) in shown else ""))
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


def _grouped(family: Sequence[Json]) -> Iterable[Json]:
    """Comparisons, with a heading where a new size begins."""
    size = None
    for comparison in family:
        if comparison["n_target"] != size:
            size = comparison["n_target"]
            yield {"n_target": size}
        yield comparison


def _row_label(row: Json, baseline: str | None) -> str:
    if "first" not in row:
        return ""
    first = filters.label(row["first"], 22)
    return first if row["second"] == baseline else f"{first} − {filters.label(row['second'], 22)}"


def _difference(axes: Axes, y: int, comparison: Json, look: Mapping[str, Any]) -> None:
    """One row: the interval as a bar, the mean as a marker, the verdict as a word."""
    if comparison["mean"] is not None:
        if comparison["low"] is not None:
            span = [100 * comparison["low"], 100 * comparison["high"]]
            axes.plot(span, [y, y], color=look["color"], zorder=2, solid_capstyle="butt")
        axes.plot([100 * comparison["mean"]], [y], color=look["color"], marker=look["marker"], zorder=3)
    word = "no data" if comparison["mean"] is None else filters.verdict(comparison)
    _beside(axes, y, word, color=MUTED)


def _points(x: float, _: object) -> str:
    """A tick of an axis of percentage points."""
    return filters.points(x / 100, 0 if float(x).is_integer() else 1)


def _beside(axes: Axes, y: int, text: str, **options: str) -> None:
    """A verdict at the right of its row, or the heading of a group at the left."""
    heading = "weight" in options
    axes.annotate(
        text,
        (0.0 if heading else 1.0, y),
        xycoords=("axes fraction", "data"),
        xytext=(-6 if heading else 8, 0),
        textcoords="offset points",
        va="center",
        ha="right" if heading else "left",
        annotation_clip=False,
        **options,  # type: ignore[arg-type]
    )


def _curve(axes: Axes, curve: Json, look: Mapping[str, Any]) -> None:
    """Median as a line with a few markers, range as a band."""
    label = filters.label(curve["strategy"]) if "strategy" in curve else None
    every = max(1, len(curve["epochs"]) // 6)
    axes.fill_between(curve["epochs"], curve["low"], curve["high"], color=look["color"], alpha=0.18, linewidth=0)
    axes.plot(curve["epochs"], curve["median"], label=label, markevery=every, **look)


def _scale_losses(panels: Iterable[Axes], lows: Sequence[float]) -> None:
    """Logarithmic where every loss is positive, with labels in plain numbers."""
    for axes in panels:
        if lows and min(lows) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))


def _legend(figure: Figure, axes: Axes, width: int) -> None:
    """Above the axes, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        room = 50 + 8 * max(map(len, labels))
        figure.legend(handles, labels, loc="outside upper left", ncols=max(1, min(len(labels), width // room)))


FIGURES: dict[str, Callable[[Json, int], Figure]] = {f.__name__: f for f in (accuracy, curves, differences, split)}

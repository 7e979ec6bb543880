"""Rows of a table as dots with their intervals: a chapter's finding at a glance, of any numbers that a table holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from .. import format as fmt
from .style import MARKERS, NARROW, canvas, colours, legend, shows

__all__ = ["dots"]

Json = Mapping[str, Any]

SHARES = {"chance", "effect", "percent", "percent0", "percent_mean", "percent_short", "points", "points_interval"}
CENTRES = ("mean", "times", "share")  # what the middle of an interval is called, by the kind of number


def dots(data: Json, width: int) -> Figure:
    """Draw a row for each row of a table, with a dot and an interval for each of some of its columns.

    Parameters
    ----------
    data
        The `table`; the places of the `columns` that hold the numbers, each a series of its own; how many cells at the
        beginning of a row are its `name`; the words on the `axis`; `of`, what the rows are, *problem* or *strategy*, or
        None; the value `at` which a line stands, or None; and whether the axis is logarithmic, `log`.
    width
        In pixels.
    """
    rows, above = data["table"]["rows"], width < NARROW
    step = 2 if above else 1
    figure, axes = canvas(width, 22 * step * len(rows) + (120 if len(data["columns"]) > 1 else 80))
    if data["at"] is not None:
        axes.axvline(data["at"], color=colours().muted, linewidth=1, zorder=1.9)  # above a line of the grid
    apart = 0.22 if any(_held(row, data["columns"]) > 1 for row in rows) else 0.0
    for k, place in enumerate(data["columns"]):
        _series(axes, data, place, k, step, apart * (k - (len(data["columns"]) - 1) / 2))
    for y, row in enumerate(rows):
        of = shows(**{data["of"]: str(row[0]["value"])}) if data["of"] else None
        at, align = ((0, step * y - 0.85), "left") if above else ((0, step * y), "right")
        coordinates: dict[str, Any] = {
            "xycoords": ("axes fraction", "data"),
            "textcoords": "offset points",
            "annotation_clip": False,
        }
        text = ", ".join(_text(cell) for cell in row[: data["name"]])
        axes.annotate(
            fmt.label(text, 40), at, xytext=(0 if above else -6, 0), va="center", ha=align, gid=of, **coordinates
        )
    axes.set_yticks([])
    axes.set_ylim(step * len(rows) - 0.4, -1.4 if above else -0.6)
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(data["axis"])
    _scale(axes, log=data["log"])
    if len(data["columns"]) > 1:
        legend(figure, axes, width)
    return figure


def _held(row: Sequence[Json], columns: Sequence[int]) -> int:
    """Return how many of some columns hold a number in a row."""
    return sum(interval_of(row[place])[0] is not None for place in columns)


def _series(axes: Axes, data: Json, place: int, k: int, step: int, shift: float) -> None:
    """One column: a dot a row, beside those of other columns by a `shift`, and its interval where it has one."""
    colour, column = colours().series[k % len(colours().series)], data["table"]["columns"][place]
    marker: dict[str, Any] = {"marker": MARKERS[k % len(MARKERS)], "linestyle": "none", "markersize": 6}
    axes.plot([], [], label=fmt.label(_text(column["head"])), color=colour, **marker)  # stays, whatever rows are shown
    for y, row in enumerate(data["table"]["rows"]):
        middle, low, high = interval_of(row[place])
        if middle is None or (data["log"] and middle <= 0):
            continue
        gid = shows(**{data["of"]: str(row[0]["value"])}) if data["of"] else None
        looks: dict[str, Any] = {"color": colour, "gid": gid, "in_layout": False}  # names decide how much room there is
        if low is not None and high is not None and (low > 0 or not data["log"]):
            axes.plot([low, high], [step * y + shift] * 2, zorder=2, solid_capstyle="butt", **looks)
        axes.plot([middle], [step * y + shift], zorder=3, **marker, **looks)


def interval_of(cell: Json) -> tuple[float | None, float | None, float | None]:
    """Return the middle and the ends of what a cell holds, shares in percent; None where there is none."""
    value, unit = cell["value"], 100 if cell["kind"] in SHARES else 1
    if not isinstance(value, Mapping):
        return (value * unit if isinstance(value, int | float) else None), None, None
    middle = next((value[name] for name in CENTRES if name in value), None)
    found = [None if x is None else unit * x for x in (middle, value.get("low"), value.get("high"))]
    return found[0], found[1], found[2]


def _text(cell: Json) -> str:
    """What a cell of names or words says, as plain text."""
    value = cell["value"]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(value)
    return value if isinstance(value, str) else fmt.show(cell)


def _scale(axes: Axes, *, log: bool) -> None:
    """Few round ticks, and none that matplotlib would write as powers."""
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: fmt.number(x)))

"""Paired differences with their intervals and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import format as fmt
from .style import NARROW, canvas, colours, looks, shows

__all__ = ["differences", "draw_differences"]

Json = Mapping[str, Any]


def differences(data: Json, width: int) -> Figure:
    """Paired differences in accuracy with their intervals, one row per comparison, grouped by the number of labels.

    Parameters
    ----------
    data
        `family`, a list of comparisons; `margin`; `strategies`, `baseline` and `controls` as for `accuracy`.
    width
        In pixels.
    """
    places = _layout(data["family"], width)[-1]
    figure, axes = canvas(width, 24 * (places[-1] if places else 1) + 90)
    draw_differences(axes, data, width)
    return figure


def _layout(family: Sequence[Json], width: float) -> tuple[list[Json], list[str], bool, list[float]]:
    """Return the rows, their labels, whether these stand above the bars, and where the rows stand."""
    rows = list(_grouped(family))
    labels = _row_labels(rows)
    above = width < NARROW and max(map(len, labels), default=0) > 20  # a long label would leave no room beside it
    return rows, labels, above, _places(rows, 1.9 if above else 1.0)


def draw_differences(axes: Axes, data: Json, width: float) -> None:
    """Draw them on axes in a figure of a width in pixels."""
    rows, labels, above, places = _layout(data["family"], width)
    look, margin, muted = looks(data), 100 * data["margin"], colours().muted
    axes.grid(visible=False)
    axes.axvspan(-margin, margin, color=colours().band, linewidth=0, zorder=0)
    for y, label, row in zip(places, labels, rows, strict=True):
        of = shows(strategy=row["first"]) if "first" in row else None
        _name_row(axes, y - 0.8 if above and "first" in row else y, label, of, heading="first" not in row, inside=above)
        if "first" in row:
            _difference(axes, y, row, look[row["first"]], of)
    bars = [y for y, row in zip(places, rows, strict=True) if "first" in row]
    reach = 0.4 if above else 1.5  # names that stand between the bars are not crossed
    axes.vlines(
        [0] * len(bars), [y - reach for y in bars], [y + reach for y in bars], color=muted, linewidth=1, zorder=1
    )
    axes.set_yticks([])
    axes.set_ylim((places[-1] if places else 0) + 0.8, -0.8)
    axes.xaxis.set_major_locator(MaxNLocator(5 if width < NARROW else 8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(_points))
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("difference in accuracy, points")


def _grouped(family: Sequence[Json]) -> Iterable[Json]:
    """Comparisons, with a heading where a new size begins."""
    size = None
    for comparison in family:
        if comparison["n_target"] != size:
            size = comparison["n_target"]
            yield {"n_target": size}
        yield comparison


def _row_labels(rows: Sequence[Json]) -> list[str]:
    """Headings, and what is compared: the first alone where the second is always the same."""
    seconds = {row["second"] for row in rows if "first" in row}
    return [
        fmt.count(row["n_target"]) + " labels"
        if "first" not in row
        else fmt.label(row["first"], 24)
        if len(seconds) == 1
        else f"{fmt.label(row['first'], 24)} − {fmt.label(row['second'], 24)}"
        for row in rows
    ]


def _places(rows: Sequence[Json], step: float) -> list[float]:
    """Where rows stand, from the top: a heading has some air above it."""
    steps = [step if "first" in row else 1.4 for row in rows]
    return [sum(steps[1 : k + 1]) for k in range(len(rows))]


def _name_row(axes: Axes, y: float, text: str, of: str | None, *, heading: bool, inside: bool) -> None:
    """The name of a row, left of the axes or, where there is no room, above its bar."""
    axes.annotate(
        text,
        (0, y),
        xycoords=("axes fraction", "data"),
        xytext=(0 if inside else -6, 0),
        textcoords="offset points",
        va="center",
        ha="left" if inside else "right",
        annotation_clip=False,
        gid=of,
        weight="bold" if heading else "normal",
    )


def _difference(axes: Axes, y: float, comparison: Json, look: Mapping[str, Any], of: str | None) -> None:
    """One row: the interval as a bar, the mean as a marker, the verdict as a word."""
    if comparison["mean"] is not None:
        if comparison["low"] is not None:
            span = [100 * comparison["low"], 100 * comparison["high"]]
            axes.plot(span, [y, y], color=look["color"], gid=of, zorder=2, solid_capstyle="butt")
        axes.plot([100 * comparison["mean"]], [y], color=look["color"], gid=of, marker=look["marker"], zorder=3)
    word = "no data" if comparison["mean"] is None else fmt.verdict(comparison)
    axes.annotate(
        word,
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=colours().muted,
        annotation_clip=False,
        gid=of,
    )


def _points(x: float, _: object) -> str:
    """A tick of an axis of percentage points."""
    return fmt.points(x / 100, 0 if float(x).is_integer() else 1)

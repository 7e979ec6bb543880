"""What is taken for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ... import format as fmt
from ...figures.style import NARROW, colours, new_figure, shows

__all__ = ["confusions"]

Json = Mapping[str, Any]


def confusions(data: Json, width: int) -> Figure:
    """Squares for the shares of each true class that are taken for another, a panel for each strategy.

    Parameters
    ----------
    data
        `classes` and `rows`, each with `strategy` and `shares`: see `numbers.StrategyMistakes`.
    width
        In pixels; panels stand one above the other on a narrow figure.
    """
    rows, classes = data["rows"], data["classes"]
    stacked = width < NARROW
    shape = (len(rows), 1) if stacked else (1, len(rows))
    side = width if stacked else width / len(rows)
    figure = new_figure(width, (side + 20) * shape[0])
    grid = figure.subplots(*shape, squeeze=False)
    largest = max((x for row in rows for i, line in enumerate(row["shares"]) for j, x in enumerate(line) if i != j))
    room = (0.62 * side / len(classes)) ** 2  # of the largest square, in square pixels
    for axes, row in zip(grid.flat, rows, strict=True):
        wrong = [(j, i, x) for i, line in enumerate(row["shares"]) for j, x in enumerate(line) if i != j and x > 0]
        sizes = [room * x / (largest or 1) for *_, x in wrong]
        at = {"gid": shows(strategy=row["strategy"]), "color": colours().series[0], "linewidth": 0, "zorder": 3}
        axes.scatter([x for x, *_ in wrong], [y for _, y, _ in wrong], sizes, marker="s", **at)
        axes.set_title(fmt.label(row["strategy"]))
        axes.set_xticks(range(len(classes)), classes)
        axes.set_yticks(range(len(classes)), classes)
        axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), aspect="equal")
        axes.set_xlabel("taken for")
        axes.set_ylabel("is")
    return figure

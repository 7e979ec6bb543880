"""The report's figures on a user's own matplotlib axes, in the user's own style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from ..errors import InvalidInput, UnknownName, shown
from .figures.accuracy import draw_accuracy
from .figures.curves import draw_curves, scale_losses
from .figures.differences import draw_differences
from .grid import BASELINE
from .measures import training_curves
from .pairs import FAMILIES
from .study import Study
from .verdicts import check_size, sole_problem

__all__ = ["Plots"]

PIXELS_AN_INCH = 72  # of the pixels that figures are laid out in


@dataclass(frozen=True)
class Plots:
    """What can be drawn of a study: each method draws on `ax`, or on new axes, and returns them.

    Parameters
    ----------
    study
        The records.
    """

    study: Study

    def accuracy(
        self, ax: Axes | None = None, *, problem: str | None = None, strategies: Sequence[str] | None = None
    ) -> Axes:
        """Draw mean held-out accuracy against the number of labels, with the interval of each mean.

        Parameters
        ----------
        ax
            Where; new axes of pyplot by default.
        problem
            Which, if the study has several.
        strategies
            Which; all but controls by default.

        Raises
        ------
        InvalidInput, UnknownName
            If the study has no such problem or strategy, or has several problems and none is named.
        """
        name, grid = sole_problem(self.study, problem), self.study.grid
        if strategies is not None and (isinstance(strategies, str) or not isinstance(strategies, Sequence)):
            raise InvalidInput(f"strategies is {shown(strategies)}; it must be a list of names, or None")
        known = self.study.measures[name] | self.study.foreign[name]
        shown_ones = [s for s in known if s not in grid.controls] if strategies is None else list(strategies)
        for strategy in shown_ones:
            if strategy not in known:
                raise UnknownName("strategy", strategy, known)
        axes = _axes(ax)
        draw_accuracy(axes, self._looks | {"measures": {s: known[s] for s in shown_ones}}, _width(axes))
        axes.legend()
        return axes

    def differences(self, ax: Axes | None = None, *, problem: str | None = None, family: str = "baseline") -> Axes:
        """Draw paired differences in accuracy with their intervals and verdicts, and the margin as a strip.

        Parameters
        ----------
        ax, problem
            As for `accuracy`.
        family
            The question that was asked, such as ``baseline``, each strategy against the baseline, or ``question``, the
            strategies against each other.

        Raises
        ------
        InvalidInput, UnknownName
            As for `accuracy`, or if there is no such family or this study has no comparisons in it.
        """
        name = sole_problem(self.study, problem)
        if family not in FAMILIES:
            raise UnknownName("family", family, FAMILIES)
        comparisons = self.study.pairs.family(family, name)
        if not comparisons:
            raise InvalidInput(f"family is {shown(family)}, and the study has no such comparisons")
        axes = _axes(ax)
        draw_differences(axes, self._looks | {"family": comparisons}, _width(axes))
        return axes

    def curves(self, n_target: int, ax: Axes | None = None, *, problem: str | None = None) -> Axes:
        """Draw training losses by epoch, median and range over seeds.

        Parameters
        ----------
        n_target
            The number of labels.
        ax, problem
            As for `accuracy`.

        Raises
        ------
        InvalidInput, UnknownName
            As for `accuracy`, or if the study has no such size.
        """
        name, size = sole_problem(self.study, problem), check_size(self.study, n_target)
        series = [c for c in training_curves(self.study.grid, name) if c["n_target"] == size]
        axes = _axes(ax)
        draw_curves(axes, self._looks | {"series": series})
        scale_losses([axes], [x for curve in series for x in curve["low"]])
        axes.set_ylabel("training loss")
        axes.legend()
        return axes

    @property
    def _looks(self) -> dict[str, Any]:
        grid = self.study.grid
        return {
            "strategies": (*grid.strategies, *grid.foreign),
            "baseline": BASELINE if BASELINE in grid.strategies else None,
            "controls": grid.controls,
            "margin": self.study.margin,
        }


def _axes(ax: Axes | None) -> Axes:
    """Return axes to draw on.

    Raises
    ------
    InvalidInput
        If they are none of matplotlib's.
    """
    if ax is None:
        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise InvalidInput(f"ax is {shown(ax)}; it must be axes of matplotlib, or None")
    return ax


def _width(axes: Axes) -> float:
    """Return the width of the figure that axes stand in, as if they were all of it, in pixels."""
    return axes.get_window_extent().width / axes.figure.dpi * PIXELS_AN_INCH

"""Figures of the report: a part of the summary in, a matplotlib Figure out, one function a figure.

No pyplot and no global state: whoever draws does so inside `style()`. Colours are placeholders that `svg.inline`
replaces by CSS variables, so one drawing serves light and dark. Curves differ in colour, in marker and in dashes. Every
function takes the width in CSS pixels, because a figure for a telephone is drawn again and not shrunk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from .accuracy import accuracy
from .curves import curves
from .differences import differences
from .history import history
from .layers import layers
from .looks import BAND, FAINT, INK, MUTED, SERIES, looks, style
from .panels import panels
from .profiles import profiles
from .split import split

__all__ = ["BAND", "FAINT", "FIGURES", "INK", "MUTED", "SERIES", "looks", "style"]

FIGURES: dict[str, Callable[[Mapping[str, Any], int], Figure]] = {
    f.__name__: f for f in (accuracy, curves, differences, history, layers, panels, profiles, split)
}

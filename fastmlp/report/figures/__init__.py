"""Figures that chapters share, and their common looks: numbers in, a matplotlib Figure out, one function per figure.

No pyplot and no global state: figures are drawn inside `style.style()`. Colours are placeholders that `svg.inline`
replaces by CSS variables, so one drawing serves light and dark. Curves differ in colour, in marker and in dashes. Every
function takes the width in CSS pixels, because a figure for a telephone is drawn again and not shrunk.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module

__all__ = ["FIGURES", "load_matplotlib"]

#: Each is a function in the module of its name.
FIGURES = ("accuracy", "curves", "differences", "dots", "history", "panels")


def load_matplotlib() -> None:
    """Import matplotlib, whatever backend the environment names: a notebook's is not there for a command run from it.

    Figures here are written as SVG and need no backend. One that can be had is set, as matplotlib itself would set it.
    """
    backend = os.environ.pop("MPLBACKEND", None) if "matplotlib" not in sys.modules else None
    try:
        matplotlib = import_module("matplotlib")
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend

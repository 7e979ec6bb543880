"""Figures as files, for a paper or for slides: on white, in the colours of the page's light scheme."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

from ...errors import UnknownName
from .style import PAPER, style

__all__ = ["check_format", "file_of"]

WIDTH = 680  # pixels, as on the page
#: Letters stay letters where the format has fonts, and there is paper behind them.
FILE = {"svg.fonttype": "path", "pdf.fonttype": 42, "ps.fonttype": 42, "savefig.facecolor": "white"}
#: Of each format what would else hold the moment in which it was written.
DATES = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "svgz": {"Date": None}}


def check_format(form: str) -> str:
    """Return the format of a file that matplotlib can write, such as ``pdf``.

    Raises
    ------
    UnknownName
        If it cannot.
    """
    known = sorted(Figure().canvas.get_supported_filetypes())
    if form not in known:
        raise UnknownName("format", form, known)
    return form


def file_of(figure: Callable[[Mapping[str, Any], int], Figure], data: Mapping[str, Any], form: str) -> bytes:
    """Return the bytes of a file with a figure; the same data give the same bytes."""
    with style("file", PAPER, **FILE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        file = BytesIO()
        figure(data, WIDTH).savefig(file, format=form, dpi=200, metadata=DATES.get(form))
    return file.getvalue()

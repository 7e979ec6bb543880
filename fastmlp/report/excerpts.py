"""Parts of the book by themselves, for a paper: its figures as files, the tables of a chapter in LaTeX.

They are what the book shows: its own templates are rendered, with macros that leave everything else out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..errors import InvalidInput, UnknownName
from ..files import prepare_folder, write_whole
from . import figures
from .labels import Labels
from .render import environment_of, figure_of, render_twice
from .summary import Summary

__all__ = ["save_figures", "to_latex"]


def to_latex(summary: Summary, chapter: str) -> str:
    """The tables of one chapter in LaTeX, with those behind its figures and in the appendix; they need booktabs.

    Raises
    ------
    UnknownName
        If the book of this study has no such chapter.
    InvalidInput
        If the chapter has no tables.
    """
    if chapter not in summary["present"]:
        raise UnknownName("chapter", chapter, summary["present"])
    contents = [chapter, "appendix"] if "appendix" in summary["present"] else [chapter]
    text = _render({**summary, "contents": contents}, Labels())
    if not text.strip():
        raise InvalidInput(f"the chapter {chapter!r} has no tables")
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def save_figures(summary: Summary, folder: Path, form: str) -> list[Path]:
    """Write each figure of the book to a file of its own, and return their paths.

    Parameters
    ----------
    folder
        It is made if it is not there.
    form
        A format that matplotlib can write, such as ``pdf``, ``svg`` or ``png``.

    Raises
    ------
    UnknownName
        If it cannot write that format.
    InvalidInput, StoreError
        If the folder cannot be written.
    """
    figures.load_matplotlib()
    from .figures.files import check_format, file_of

    suffix, labels, written = check_format(form), Labels(), list[Path]()

    def save(kind: str, data: Mapping[str, Any], ident: str, *_: str) -> Markup:
        if labels.complete:
            written.append(prepare_folder(folder) / f"{ident}.{suffix}")
            write_whole(written[-1], [file_of(figure_of(kind), data, suffix)])
        return Markup()

    _render(summary, labels, draw=save)
    return written


def _render(summary: Mapping[str, Any], labels: Labels, draw: Callable[..., Markup] = lambda *_: Markup()) -> str:
    return render_twice(summary, environment_of("latex", labels, draw=draw), labels, "book.j2", "report.j2")

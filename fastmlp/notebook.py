"""What a notebook or a terminal shows: an object as a table; how far something is, in the looks of the page."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Sequence
from html import escape
from importlib import import_module
from time import monotonic
from types import TracebackType
from typing import Any, ClassVar, Self

PATIENCE, PAUSE = 1.0, 0.2  # seconds before anything is shown, and between two changes


def html_table(title: str, heads: Sequence[object], rows: Iterable[Iterable[object]]) -> str:
    """Return a table, without a caption if the title is empty; whatever it shows is text, and escaped.

    Examples
    --------
    >>> html_table("a < b", ["x"], [[1]])
    '<table><caption>a &lt; b</caption><thead><tr><th>x</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(str(text))}</th>" for text in heads)
    lines = ["".join(f"<td>{escape(str(text))}</td>" for text in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def text_table(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as lines in which the columns stand below each other, two spaces apart.

    Examples
    --------
    >>> print(text_table([["strategy", "accuracy"], ["frozen", "0.9"]]))
    strategy  accuracy
    frozen    0.9
    """
    cells = [[*row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def in_notebook() -> bool:
    """Whether a kernel of Jupyter runs this, for a notebook or a console that shows HTML."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class Live:
    """How far something is, in a notebook and after a second; elsewhere, and within another, nothing is shown.

    tqdm is not used: what it draws in notebooks needs ipywidgets, and JupyterLab to know of them.

    Parameters
    ----------
    what
        Of what there are so many, such as ``epochs``.
    total
        How many.
    """

    _shown: ClassVar[Live | None] = None

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total = what, total
        self._due = 0.0
        self._handle: Any = None

    @classmethod
    def current(cls) -> Live | None:
        """Return the one that is shown, if any is."""
        return cls._shown

    def __enter__(self) -> Self:
        if Live._shown is None and in_notebook():
            Live._shown, self._due = self, monotonic() + PATIENCE
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if Live._shown is self:
            Live._shown = None

    def show(self, done: int, rest: str = "") -> None:
        """Say how many are done, and what else is to be said, if it is time to."""
        over = done >= self.total
        if Live._shown is not self or (monotonic() < self._due and not (over and self._handle)):
            return
        self._due = monotonic() + PAUSE
        text = f"{done:,} of {self.total:,} {self.what}{rest}"
        bar = f'<progress max="{self.total}" value="{done}"></progress> {escape(text)}'
        content = {"text/plain": text, "text/html": bar}
        if self._handle is None:
            # IPython is no dependency: where there is a kernel, it is there
            self._handle = import_module("IPython.display").display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


class _Lines(logging.Handler):
    """Prints messages below the cell that runs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        sys.stderr.write(f"{self.format(record)}\n")


def tell_of_compiling() -> None:
    """Let a notebook say when kernels are compiled, which the log says at a level that is not shown elsewhere."""
    log = logging.getLogger("fastmlp")
    if in_notebook() and not log.handlers:
        log.addHandler(_Lines(logging.INFO))
        log.setLevel(logging.INFO)
        log.propagate = False

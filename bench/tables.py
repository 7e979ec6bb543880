"""Tables as text for a terminal and as Markdown, their place in a page, and lists cut short."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

SHOWN = 5
RULES = {"l": "---", "r": "---:"}


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def markdown_table(head: Sequence[str], alignment: str, rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown.

    Parameters
    ----------
    head
        Names of the columns.
    alignment
        A letter for each column: ``l`` for left, ``r`` for right.
    rows
        Cells as text; a ``|`` in a cell is escaped.
    """
    lines = [_line(head), f"|{'|'.join(RULES[letter] for letter in alignment)}|", *map(_line, rows)]
    return "\n".join(lines) + "\n"


def put(path: Path, name: str, table: str) -> None:
    """Put a table between its marks in a page."""
    text = path.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not marked.search(text):
        sys.exit(f"{path} has no <!-- {name} --> and <!-- end of {name} -->")
    path.write_text(marked.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", text), encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in escaped)}|"


def shortened(lines: Sequence[str]) -> list[str]:
    """Return the first few lines, and the number of the others."""
    return [*lines[:SHOWN], *([f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])]

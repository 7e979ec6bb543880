"""A table as a dict of columns, which every library of frames takes as it is."""

from __future__ import annotations

from typing import Any

from ..notebook import html_table, text_table


class Columns(dict[str, list[Any]]):
    """Columns of equal length, by name.

    ``pandas.DataFrame(columns)``, ``polars.DataFrame(columns)`` and ``pyarrow.table(columns)`` make a frame of it.

    Examples
    --------
    >>> print(Columns(strategy=["frozen", "scratch"], accuracy=[0.9, None]))
    strategy  accuracy
    frozen    0.9
    scratch
    """

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The same, row by row."""
        return list(zip(*self.values(), strict=True))

    def __str__(self) -> str:
        return text_table([self, *(map(_text, row) for row in self.rows)])

    def _repr_html_(self) -> str:
        return html_table("", list(self), (map(_text, row) for row in self.rows))


def _text(value: Any) -> str:
    """Return a cell: numbers with four digits, and nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""What a notebook shows of an object: a title and a table, in HTML that takes the notebook's own looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


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

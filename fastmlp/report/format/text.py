"""Names and other text as they may stand in a page, in Markdown, in a formula, in a figure; and what may not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from .numbers import NO_BREAK, count

# Not printable to Python, and part of a name all the same: joiners and marks of direction.
INVISIBLE = frozenset("\u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# A formula of the page with a mark after it, which a browser would take to the next line.
PUNCTUATED = re.compile(r"(<math\b(?:(?!</math>).)*</math>[.,;:])(?!</span>)")


def label(name: str, width: int = 30) -> str:
    """A name short enough for a figure."""
    text = printable(name)
    return text if len(text) <= width else text[: width - 1] + "…"


def printable(text: str) -> str:
    """Text without what neither XML nor a line of Markdown can hold: lines join, control characters show as codes."""
    joined = re.sub(r"[\t\r\n]+", " ", text)
    return "".join(c if c.isprintable() or c in INVISIBLE else f"\\x{ord(c):02x}" for c in joined)


def ident(value: str, kind: str) -> str:
    """An id made from a term of ours: term-held-out-set."""
    return f"{kind}-{re.sub(r'[^a-z0-9]+', '-', value.lower())}"


def plain(value: object) -> object:
    """Let through what a template may print as it is: text, whole numbers, and what is marked up already.

    Raises
    ------
    TypeError
        For anything else. None and NaN cannot reach a reader, nor a number its reader cannot compare.
    """
    if hasattr(value, "__html__"):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"{value!r} has to pass a filter before it is printed")
    return printable(value) if isinstance(value, str) else count(value)


def markdown(value: object) -> object:
    """`plain` for Markdown: what could be read as markup is escaped."""
    text = plain(value)
    if not isinstance(text, str) or hasattr(text, "__html__"):
        return text
    escaped = re.sub(r"([\\`*_{}\[\]|~$!]|<(?=[A-Za-z/!?])|&(?=[#A-Za-z]))", r"\\\1", text)
    escaped = re.sub(r"^(\s*)([-+](?=[-\s]|$)|[=:#>])", r"\1\\\2", escaped)  # would open a list, a heading, a quotation
    return Markup(re.sub(r"^(\s*\d+)([.)](?=\s|$))", r"\1\\\2", escaped))  # noqa: S704 (escaped above, for Markdown)


def markdown_code(value: str) -> Markup:
    """A name in code type, or escaped where Markdown's code cannot hold it."""
    text = printable(value)
    fits = text.strip() == text != "" and not re.search(r"[`|]", text)
    return Markup(f"`{text}`" if fits else markdown(text))  # noqa: S704 (nothing is markup inside code)


def verbatim(value: str) -> Markup:
    """A line of a block that is shown as it is."""
    return Markup(printable(value))  # noqa: S704 (only for blocks of code in Markdown)


def squeeze(value: Markup) -> Markup:
    """One line, one space between words; no-break spaces stay, and nothing that belongs together is broken.

    A number keeps its per cent sign, and a formula the mark that follows it.
    """
    line = re.sub(r"[ \n]+", " ", value).strip(" \n")
    line = re.sub(r"(?<=[\d,]) (?=%)", NO_BREAK, line)
    return Markup(PUNCTUATED.sub(r'<span class="whole">\1</span>', line))  # noqa: S704 (as marked up as it was)


def matrix(value: Sequence[Any]) -> Markup:
    """A list of numbers as a row of LaTeX, a list of lists as a matrix."""
    rows = value if value and isinstance(value[0], list | tuple) else [value]
    body = r" \\ ".join(" & ".join(f"{round(x, 3) + 0.0:g}" for x in row) for row in rows)
    return Markup(rf"\begin{{pmatrix}} {body} \end{{pmatrix}}")  # noqa: S704 (digits)


def tex(value: float) -> Markup:
    """A number inside a formula, three decimals at the most."""
    return Markup(f"{round(value, 3) + 0.0:g}")  # noqa: S704 (digits)


def tag(value: str) -> Markup:
    """The number of an equation, for Markdown."""
    return Markup(rf"\tag{{{int(value)}}}")  # noqa: S704 (digits)

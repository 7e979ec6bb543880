"""What a reader reads in a page or in its Markdown twin, without the markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

NUMBER = re.compile(r"[+−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
VOID = {"meta", "link", "br", "hr", "img"}


class _Text(HTMLParser):
    """Text of a page but for what only one of the two formats has."""

    skipped = frozenset({"head", "nav", "svg", "style", "summary", "footer"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append("nav" if ("class", "skip") in attrs else tag)
        if tag not in {"code", "em", "strong", "dfn", "var", "a", "span"}:
            self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.skipped.intersection(self.open):
            self.found.append(data)


def text_of_html(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    return " ".join("".join(parser.found).split())


def text_of_markdown(page: str) -> str:
    return text_of_html(MarkdownIt("commonmark").enable("table").render(page))


def numbers(text: str) -> list[str]:
    return NUMBER.findall(text)

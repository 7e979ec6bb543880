"""What a reader reads in a page or in its Markdown twin, without the markup."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

NUMBER = re.compile(r"[+−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\s][^$]*?)\$", re.DOTALL)
VOID = {"meta", "link", "br", "hr", "img", "mspace"}
INLINE = {"code", "em", "strong", "b", "dfn", "a", "span", "math", "semantics", "annotation", "mrow"}
ONLY_HERE = {"skip", "margin", "follow", "which", "labels"}


class _Text(HTMLParser):
    """Text of a page but for what only one of the two formats has; of a formula, its LaTeX."""

    skipped = frozenset({"head", "nav", "svg", "style", "script", "summary", "footer", "only-here"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        if tag not in VOID:
            self.open.append("only-here" if classes & ONLY_HERE else tag)
        if tag not in INLINE or "eqno" in classes:
            self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.open:
            self.open.pop()
        if tag in {"p", "div", "li", "td", "th"}:
            self.found.append(" ")

    def handle_data(self, data: str) -> None:
        in_formula = "math" in self.open and "annotation" not in self.open
        if not self.skipped.intersection(self.open) and not in_formula:
            self.found.append(" ".join(data.split(" ")))


def text_of_html(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    return " ".join("".join(parser.found).split())


def text_of_markdown(page: str) -> str:
    return text_of_html(html_of_markdown(page))


def html_of_markdown(page: str) -> str:
    """As a renderer with `$...$` and `$$...$$` shows it: code spans and escapes come first."""
    reader = MarkdownIt("commonmark").enable("table")
    reader.inline.ruler.before("escape", "math", _math)
    return str(reader.render(page))


def _math(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 (a rule's signature)
    found = FORMULA.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        tex, _, tag = (found[1] or found[2]).partition(r" \tag{")
        number = f'<span class="eqno">({tag[:-1]})</span>' if tag else ""
        formulas = (f"<math><annotation>{escape(part.strip())}</annotation></math>" for part in tex.split(r"\qquad"))
        token.content = " ".join(formulas) + number
    state.pos = found.end()
    return True


def numbers(text: str) -> list[str]:
    return NUMBER.findall(text)

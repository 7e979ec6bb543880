"""From a summary to one HTML file and its Markdown twin.

Both are made from the same chapters. A chapter says `m.para`, `m.table` or `m.figure`, and each format has its own
`macros.j2` in which those are defined, so a sentence is written once. The two environments differ in what happens to a
value that is printed: one escapes it for HTML, the other for Markdown, and both refuse None, NaN and bare floats.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..files import write_whole
from . import filters
from .cells import commands_behind, csv_of
from .difference import difference
from .everywhere import EVERYWHERE
from .findings import FINDINGS
from .history import read_history, series_table
from .mathml import mathml
from .overviews import OVERVIEWS
from .peers import read_peers
from .pictures import strip
from .references import REFERENCES
from .summary import summarise
from .tables import TABLES

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

__all__ = ["Study", "render_difference", "render_page", "render_report", "templates", "to_html", "to_markdown"]

LONG_TABLE = 60  # rows; a longer one is closed until it is opened

Json = dict[str, Any]
Format = Literal["html", "markdown"]


class Study(Protocol):
    """What a report is made of: see `fastmlp.study.store.read_study`."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The effective settings, as in the TOML."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """One record a trial, in planned order."""

    @property
    def meta(self) -> Mapping[str, str]:
        """Where and how the study ran."""


def render_report(data: Study, out: Path) -> tuple[Path, Path]:
    """Write ``report.html`` and ``report.md``.

    Parameters
    ----------
    data
        A study, finished or not.
    out
        An existing directory. Old reports in it are replaced, each in one step: a reader sees the old or the new one.

    Returns
    -------
    html, markdown : Path
        The same study gives the same bytes.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    summary = summarise(data.settings, data.rows, data.meta, peers=read_peers(out), history=read_history(out))
    del data  # drawing takes as much memory as the rows of a large study do
    html, markdown = out / "report.html", out / "report.md"
    write_whole(html, [to_html(summary).encode()])
    write_whole(markdown, [to_markdown(summary).encode()])
    return html, markdown


def to_html(summary: Json) -> str:
    """The page: one file that asks for nothing else."""
    return _book(summary, "html")


def to_markdown(summary: Json) -> str:
    """The same words and numbers; figures are replaced by their tables."""
    lines = [line.rstrip() for line in _book(summary, "markdown").splitlines()]
    kept = [line for k, line in enumerate(lines) if line or (k and lines[k - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def render_difference(first: Study, second: Study) -> str:
    """Two studies side by side, as Markdown that reads well in a terminal."""
    found = difference(*((data.settings, data.rows, data.meta) for data in (first, second)))
    labels = Labels()
    text = _environment("markdown", labels).get_template("difference.j2").render(found)
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for k, line in enumerate(lines) if line or (k and lines[k - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def templates() -> Path:
    """Where the templates are: in the installed package, or at the top of a checkout.

    Raises
    ------
    FileNotFoundError
        When they are at neither place.
    """
    package = Path(__file__).resolve().parent.parent
    places = (package / "report_templates", package.parent / "report_templates")
    for place in places:
        if (place / "book.j2").is_file():
            return place
    raise FileNotFoundError(f"no report templates in {places[0]} nor in {places[1]}")


class Labels:
    """Numbers of sections, tables, figures and equations, in the order in which they first appear; works cited; terms.

    A body is rendered twice: on the first pass a reference may point at what comes later and has no number yet.
    """

    def __init__(self) -> None:
        self.sections: list[dict[str, str]] = []
        self.names: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.cited: set[str] = set()
        self.terms: set[str] = set()
        self.complete = False

    def begin_again(self) -> None:
        """The second pass: all numbers are known, and no term has been met yet."""
        self.complete = True
        self.terms.clear()

    def section(self, ident: str, title: str) -> str:
        """The number of a section."""
        if ident not in self.names:
            self.sections.append({"ident": ident, "title": title})
            self.names[ident] = f"Section {len(self.sections)}"
        return self.names[ident].removeprefix("Section ")

    def subsection(self, ident: str) -> str:
        """The number of a section within the last one, or nothing before the first."""
        if ident not in self.names:
            chapter = str(len(self.sections))
            self.counts[chapter] = self.counts.get(chapter, 0) + 1
            self.names[ident] = f"Section {chapter}.{self.counts[chapter]}" if self.sections else ""
        return self.names[ident].removeprefix("Section ")

    def number(self, kind: str, ident: str) -> str:
        """The number of a table, a figure, an equation or an exercise."""
        if ident not in self.names:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.names[ident] = f"{kind} {self.counts[kind]}"
        return self.names[ident].removeprefix(f"{kind} ")

    def ref(self, ident: str) -> str:
        """How a text refers to it: "Figure 2".

        Raises
        ------
        KeyError
            On the second pass, when nothing has that name.
        """
        return self.names[ident] if self.complete else self.names.get(ident, "")

    def cite(self, key: str) -> str:
        """How a text names a work, which is then listed at the end."""
        self.cited.add(key)
        return REFERENCES[key].short

    def is_first(self, term: str) -> bool:
        """Whether a term has not been met before."""
        new = term not in self.terms
        self.terms.add(term)
        return new


def render_page(data: Json, folder: Path) -> str:
    """A page of its own in the book's looks and with its blocks, from ``body.j2`` and ``page.j2`` in another folder."""
    labels = Labels()
    return _render(data, _environment("html", labels, folder), labels, "body.j2", "page.j2")


def _render(data: Json, environment: Environment, labels: Labels, inner: str, shell: str) -> str:
    body = environment.get_template(inner)
    body.render(data)
    labels.begin_again()
    return environment.get_template(shell).render(data, body=Markup(body.render(data)))  # noqa: S704


def _book(summary: Json, form: Format) -> str:
    labels = Labels()
    return _render(summary, _environment(form, labels), labels, "book.j2", "report.j2")


def _environment(form: Format, labels: Labels, *places: Path) -> Environment:
    """Macros of this format, and one rule for what may be printed."""
    root = templates()
    environment = Environment(
        bytecode_cache=_compiled(form),
        # On in both formats, so that what macros return is known to be markup. Markdown's own escaping is its finalize.
        autoescape=True,
        finalize=filters.plain if form == "html" else filters.markdown,
        keep_trailing_newline=True,
        loader=FileSystemLoader([*places, root / form, root]),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(filters.FILTERS)
    environment.filters.update(mathml=mathml, csv=csv_of, commands_behind=commands_behind, strip=strip)
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "sort_keys": True}
    environment.globals.update(
        labels=labels,
        tables={**TABLES, **OVERVIEWS, **FINDINGS, **EVERYWHERE, "history": series_table},
        unknown_case=_unknown_case,
        draw=_artist(labels),
        long_table=LONG_TABLE,
    )
    environment.globals.update(references=REFERENCES, **_script(root))
    return environment


class _Compiled(BytecodeCache):
    """Templates that this process has compiled: that takes longer than rendering them."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


@cache
def _compiled(_: Format) -> _Compiled:
    """One for each format: what is constant in a template is finalized, in the format's way, when it is compiled."""
    return _Compiled()


def _script(root: Path) -> dict[str, Markup]:
    """The page's script, and its hash, by which the page allows it and no other."""
    source = (root / "html" / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(sha256(source.encode()).digest()).decode()
    return {"script": Markup(source), "script_hash": Markup(f"sha256-{digest}")}  # noqa: S704 (our own)


def _artist(labels: Labels) -> Callable[..., Markup]:
    """What draws a figure: nothing on the first pass, which only counts."""

    def draw(kind: str, data: Json, ident: str, title: str, description: str) -> Markup:
        if not labels.complete:
            return Markup()
        from .svg import draw  # matplotlib, which the Markdown does without

        return draw(kind, data, ident, title, description)

    return draw


def _unknown_case(case: str) -> NoReturn:
    raise LookupError(f"no sentence for {json.dumps(case)}")

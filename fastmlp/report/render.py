"""From a summary to one HTML file and its Markdown twin.

Both are made from the same chapters. A chapter says `m.para`, `m.table` or `m.figure`, and each format has its own
`macros.j2` in which those are defined, so a sentence is written once. The two environments differ in what happens to a
value that is printed: one escapes it for HTML, the other for Markdown, and both refuse None, NaN and bare floats.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, cast

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..files import write_whole
from . import chapters, figures, tables
from . import format as fmt
from .chapters import CONTENTS
from .difference import apart, difference, side_by_side
from .equations import mathml
from .history import history
from .labels import Labels
from .latex import latex_table
from .png import rgb, strip
from .references import REFERENCES
from .study import Study
from .summary import Summary, summarise
from .table import commands_behind, csv_of

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

    from .figures.svg import Draw

__all__ = [
    "Records",
    "environment_of",
    "figure_of",
    "render_alone",
    "render_both",
    "render_difference",
    "render_page",
    "render_report",
    "render_twice",
    "templates",
    "to_html",
    "to_markdown",
]

SHARED_TABLES = (
    *(tables.accuracy, tables.by_problem, tables.curves, tables.matrix, tables.training),
    *(history, apart, side_by_side),
)
NOT_DRAWN = Markup("<p>This figure could not be drawn. Its numbers are below.</p>")
LONG_TABLE = 60  # rows; a longer one is closed until it is opened

Format = Literal["html", "markdown", "latex"]


class Records(Protocol):
    """The records that a report is made from: see `fastmlp.study.store.read_study`."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The effective settings, as in the TOML."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """One record per trial, in planned order."""

    @property
    def meta(self) -> Mapping[str, str]:
        """Where and how the study ran."""


def render_report(data: Records, out: Path) -> tuple[Path, Path]:
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
    summary = summarise(Study(data.settings, data.rows, data.meta, folder=out))
    del data  # drawing takes as much memory as the rows of a large study do
    html, markdown = out / "report.html", out / "report.md"
    write_whole(markdown, [to_markdown(summary).encode()])  # first, for it needs no figures
    write_whole(html, [to_html(summary).encode()])
    return html, markdown


def to_html(summary: Summary) -> str:
    """The page: one file that loads nothing from elsewhere."""
    return _book(summary, "html")


def to_markdown(summary: Summary) -> str:
    """The same words and numbers as the page; figures are replaced by their tables."""
    return _tidy(_book(summary, "markdown"))


def render_difference(first: Records, second: Records) -> str:
    """Two studies side by side, as Markdown that reads well in a terminal."""
    numbers = difference(*(Study(data.settings, data.rows, data.meta) for data in (first, second)))
    return render_alone("difference.j2", numbers)


def render_alone(template: str, numbers: Mapping[str, Any]) -> str:
    """Return one template by itself, as Markdown."""
    return _tidy(environment_of("markdown", Labels()).get_template(template).render(numbers))


def _tidy(text: str) -> str:
    """Return lines without space at their ends, and never two empty ones."""
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


def render_page(data: Mapping[str, Any], folder: Path) -> str:
    """A page of its own in the book's looks and with its blocks, from ``body.j2`` and ``page.j2`` in another folder."""
    labels = Labels()
    return render_twice(
        data, environment_of("html", labels, folder, draw=_artist(labels, [])), labels, "body.j2", "page.j2"
    )


def render_both(data: Mapping[str, Any], folder: Path) -> tuple[str, str]:
    """A page as `render_page` makes it, and its Markdown twin, whose shell is ``page_of_markdown.j2``."""
    labels = Labels()
    text = render_twice(data, environment_of("markdown", labels, folder), labels, "body.j2", "page_of_markdown.j2")
    return render_page(data, folder), _tidy(text)


def render_twice(data: Mapping[str, Any], environment: Environment, labels: Labels, inner: str, shell: str) -> str:
    """A body inside its page: once to number what it refers to, and once more."""
    body = environment.get_template(inner)
    body.render(data)
    labels.begin_again()
    return environment.get_template(shell).render(data, body=Markup(body.render(data)))  # noqa: S704


def _book(summary: Summary, form: Format) -> str:
    labels, undrawn = Labels(), list[str]()
    environment = environment_of(form, labels, draw=_artist(labels, undrawn), level=summary["study"]["level"])
    page = render_twice(summary, environment, labels, "book.j2", "report.j2")
    if undrawn:
        warnings.warn(
            f"{len(undrawn)} figures could not be drawn ({undrawn[0]}); their numbers are there", stacklevel=2
        )
    return page


def environment_of(
    form: Format,
    labels: Labels,
    *places: Path,
    draw: Callable[..., Markup] = lambda *_: Markup(),
    level: str = "layer",
) -> Environment:
    """Macros of this format, one rule for what may be printed, and what draws figures.

    `level` is what the networks of the study are made of: layers, or stages.
    """
    root = templates()
    environment = Environment(
        bytecode_cache=_compiled(form),
        # On in both formats, so that what macros return is known to be markup. Markdown's own escaping is its finalize.
        autoescape=True,
        finalize=fmt.markdown if form == "markdown" else fmt.plain,
        keep_trailing_newline=True,
        loader=FileSystemLoader([*places, root / form, root]),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(fmt.FILTERS)
    environment.filters.update(mathml=mathml, csv=csv_of, commands_behind=commands_behind)
    environment.filters.update(strip=strip, rgb=rgb, latex_table=latex_table)
    environment.filters.update(_by_name(function for chapter in CONTENTS for function in chapter.filters))
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "sort_keys": True}
    environment.globals.update(
        labels=labels,
        tables=_by_name([*SHARED_TABLES, *(table for chapter in CONTENTS for table in chapter.tables)]),
        unknown_case=_unknown_case,
        draw=draw,
        long_table=LONG_TABLE,
        level=level,
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


def _by_name(functions: Iterable[Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return functions by their names, as templates call them.

    Raises
    ------
    ValueError
        If two have the same name: one chapter would show the table of another.
    """
    named: dict[str, Callable[..., Any]] = {}
    for function in functions:
        name = function.__name__
        if named.setdefault(name, function) is not function:
            raise ValueError(f"{name} is both {named[name].__module__}.{name} and {function.__module__}.{name}")
    return named


def figure_of(kind: str) -> Draw:
    """Return the function that draws a kind of figure: one that chapters share, or that of the chapter that has it."""
    owner = next((chapter.name for chapter in CONTENTS if kind in chapter.figures), None)
    if owner is None and kind not in figures.FIGURES:
        raise LookupError(f"no figure is called {kind}")
    module = import_module(f"{figures.__name__}.{kind}" if owner is None else f"{chapters.__name__}.{owner}.figures")
    return cast("Draw", getattr(module, kind))


def _artist(labels: Labels, undrawn: list[str]) -> Callable[..., Markup]:
    """Return what draws a figure: nothing on the first pass, which only counts.

    A figure that cannot be drawn does not stop the report, which has its numbers; why it cannot is added to `undrawn`.
    """

    def draw(kind: str, data: Mapping[str, Any], ident: str, title: str, description: str) -> Markup:
        if not labels.complete:
            return Markup()
        try:
            figures.load_matplotlib()  # which the Markdown does without
            from .figures import svg

            return svg.draw(figure_of(kind), data, ident, title, description)
        except Exception as error:  # noqa: BLE001 (of matplotlib, its fonts, its settings: anything)
            undrawn.append(f"{type(error).__name__}: {error}".splitlines()[0])
            return NOT_DRAWN

    return draw


def _unknown_case(case: str) -> NoReturn:
    raise LookupError(f"no sentence for {json.dumps(case)}")

"""The page and its Markdown twin: the same words, safe names, the same bytes."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fastmlp.report import render
from fastmlp.report.render import render_report, templates, to_html, to_markdown
from tests.conftest import Page
from tests.report_data import LAB, META, flat, study, summary_of
from tests.report_text import html_of_markdown, numbers, text_of_html, text_of_markdown

ROOT = Path(__file__).parent.parent
TAGS = {
    *("html", "head", "meta", "link", "title", "style", "body", "header", "nav", "main", "footer", "div"),
    *("h1", "h2", "h3", "p", "a", "ol", "ul", "li", "pre", "code", "strong", "em", "dfn", "var", "span"),
    *("figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "desc", "defs", "g", "path", "use", "text", "clipPath", "rect", "script", "img", "b", "math"),
    *("semantics", "annotation", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msub", "msup", "msubsup", "mfrac"),
    *("munder", "munderover", "mover", "mtable", "mtr", "mtd", "mpadded", "mstyle", "msqrt"),
}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}{% raw %}",
    "a|b`c``d",
    "]]> &amp; <!-- ' \"",
    "$\\alpha$ **bold** [x](javascript:alert(1)) ~~no~~",
    "=cmd()",
    "1. first",
    "- item",
    "\u202egnp.exe",
    "tab\tand\nline\x00",
    "日本語 🙂",
)


# --- the two formats


def test_markdown_says_what_the_page_says(lab: Page) -> None:
    page, markdown = map(str.split, (text_of_html(lab.html), text_of_markdown(lab.markdown)))
    assert page == markdown


def test_markdown_holds_the_numbers_of_the_page(lab: Page) -> None:
    page, markdown = numbers(text_of_html(lab.html)), numbers(text_of_markdown(lab.markdown))
    assert len(page) > 500
    assert page == markdown


def test_both_formats_have_the_same_macros() -> None:
    heads = [
        re.findall(r"macro (\w+\([^)]*\))", (templates() / form / "macros.j2").read_text())
        for form in ("html", "markdown")
    ]
    assert heads[0] == heads[1]


def test_templates_hold_no_control_characters() -> None:
    for source in templates().rglob("*.j2"):
        assert not re.search(rb"[\x00-\x09\x0b-\x1f]", source.read_bytes()), f"{source.name}: an escape gone wrong"


def test_no_measured_number_is_typed_in_a_template() -> None:
    # What is left are the confidence, the error of a family, the ends of a scale, and the digits' 8 by 8 grey values.
    allowed = {"95", "5", "8", "0", "1"}
    for source in [*templates().glob("chapters/*.j2"), *templates().glob("*.j2")]:
        formulas = r"{% call m\.(?:math|equation)\([^)]*\) %}.*?{% endcall %}"  # mathematics has numbers of its own
        text = re.sub(formulas, " ", re.sub("(?i)cs231n", "", source.read_text()), flags=re.DOTALL)
        prose = re.sub(r"{[{%#].*?[}%#]}", " ", text, flags=re.DOTALL)
        assert set(re.findall(r"\d+(?:\.\d+)?", prose)) <= allowed, source.name


def test_the_csv_behind_a_table_is_read_as_such(lab: Page) -> None:
    blocks = re.findall(r'<pre class="commands csv" tabindex="0"><code>(.*?)</code>', lab.html, flags=re.DOTALL)
    assert len(blocks) > 10
    for block in blocks:
        first, *rows = csv.reader(io.StringIO(html.unescape(block)))
        assert rows
        assert {len(row) for row in rows} == {len(first)}


# --- the page asks for nothing


def test_page_is_one_file_that_asks_for_nothing(lab: Page) -> None:
    page = lab.html
    assert "default-src 'none'" in page
    assert page.count("<script") == 1
    assert re.findall(r'src="(?!data:image/png)', page) == []
    places = r"#|data:,|https://(?:doi\.org|arxiv\.org/abs|jmlr\.org/papers)/"  # the last to be followed
    assert re.findall(rf'href="(?!{places})', page) == []
    assert re.findall(r"<(?!a )[^>]*https?://", page) == []
    assert re.findall(r"url\((?!#)", page) == []
    assert "@import" not in page


def test_the_script_is_small_and_the_page_allows_no_other(lab: Page) -> None:
    (source,) = re.findall(r"<script>(.*?)</script>", lab.html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in lab.html
    assert len(source) < 10_000


def test_what_is_inside_the_page_is_small(lab: Page) -> None:
    assert all(len(block) < 200_000 for block in re.findall(r"base64,([^\"]*)", lab.html))
    assert len(lab.html) < 1_000_000


def test_ids_are_unique_and_links_arrive(lab: Page) -> None:
    page = lab.html
    ids = Counter(re.findall(r'\bid="([^"]*)"', page))
    assert [name for name, n in ids.items() if n > 1] == []
    targets = re.findall(r'href="#([^"]*)"', page) + re.findall(r"url\(#([^)]*)\)", page)
    labelled = [name for value in re.findall(r'aria-labelledby="([^"]*)"', page) for name in value.split()]
    assert set(targets) | set(labelled) <= set(ids)


def test_every_table_has_caption_and_scopes(lab: Page) -> None:
    tables = re.findall(r"<table>.*?</table>", lab.html, flags=re.DOTALL)
    assert len(tables) > 15
    for table in tables:
        assert re.search(r"<caption><span[^>]*>\S", table)
        assert "<th>" not in table
        assert table.count('<th scope="row"') == table.count("<tr>") - 1


def test_every_figure_has_title_description_caption_and_numbers(lab: Page) -> None:
    drawn = re.findall(r'<div class="figure".*?</details>\n</div>', lab.html, flags=re.DOTALL)
    assert len(drawn) == 15
    for figure in drawn:
        assert (
            figure.count("<svg ")
            == figure.count('role="img"')
            == figure.count("<title ")
            == figure.count("<desc ")
            == 2
        )
        assert re.search(r"<figcaption><strong[^>]*>Figure \d+\.</strong> \S", figure)
        assert figure.count("<details>") == figure.count("<table>") == 1


# --- names


@pytest.fixture(scope="module")
def hostile() -> tuple[str, str]:
    data = study(lambda *_: 0.8, strategies=[*LAB, *HOSTILE], problems=["<b>p</b>|`"], seeds=2, sizes=[20, 50])
    data.settings["name"] = "</title><script>alert(2)</script>"
    data.rows[0] |= {"status": "failed", "accuracy": None, "error": "</code><script>|`{{7*7}}"}
    data.meta = {**META, "host": '"><script>alert(3)</script>', "command": "fastmlp | `rm`"}
    summary = summary_of(data)
    return to_html(summary), to_markdown(summary)


def shown(name: str) -> str:
    """A name as it is read: white space joined, control characters spelt out."""
    return " ".join(name.replace("\x00", "\\x00").split())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_read_literally(hostile: tuple[str, str], name: str) -> None:
    assert shown(name) in text_of_html(hostile[0])
    assert shown(name) in text_of_markdown(hostile[1])


def test_hostile_names_bring_no_markup(hostile: tuple[str, str]) -> None:
    page, markdown = hostile
    assert set(re.findall(r"<([a-zA-Z][\w-]*)", page)) <= TAGS
    shown = re.sub(r'<a href="https://(?:doi|arxiv|jmlr)\.org/', "", html_of_markdown(markdown))
    assert not re.search(r"<(?:script|img|a |b>)", shown)
    assert "49" not in numbers(text_of_html(page))


def test_hostile_names_keep_the_two_formats_alike(hostile: tuple[str, str]) -> None:
    assert numbers(text_of_html(hostile[0])) == numbers(text_of_markdown(hostile[1]))


def test_hostile_names_are_in_the_figures() -> None:
    names = ["<script>alert(1)</script>", "{{7*7}}{% raw %}"]
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", to_html(summary_of(study(flat({}), strategies=names, seeds=2))))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in texts
    assert "{{7*7}}{% raw %}" in texts


def test_ten_kilobytes_of_name_do_not_break_a_line() -> None:
    name = "x" * 10_000
    page = to_html(summary_of(study(lambda *_: 0.8, strategies=["scratch", name], seeds=2, sizes=[20])))
    assert name in page
    assert not any(len(text) > 100 for text in re.findall(r"<text [^>]*>([^<]*)</text>", page))


# --- bytes

NOTEBOOK = "module://matplotlib_inline.backend_inline"  # what a command inherits that is run from a notebook


def test_rendered_again_elsewhere_the_bytes_are_the_same(lab: Page, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules.update(numba=None, sklearn=None)\n"  # it may be copied to a machine that has neither
        "from pathlib import Path; from tests.report_data import study\n"
        "from fastmlp.report.render import render_report\n"
        "render_report(study(), Path(sys.argv[1]))\n"
        "heavy = ('numba.', 'llvmlite', 'fastmlp.backends.compiled')\n"
        "assert not [name for name in sys.modules if name.startswith(heavy)]"
    )
    strange = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Chatham", "LC_ALL": "de_DE.UTF-8", "PYTHONUTF8": "0"}
    strange |= {"MPLBACKEND": NOTEBOOK}
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nlines.linewidth: 9\n")
    environment = {**os.environ, **strange, "MATPLOTLIBRC": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=ROOT, env=environment)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == lab.html
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == lab.markdown


# --- files


def test_render_report_writes_both_files(tmp_path: Path) -> None:
    data = study(seeds=2, sizes=[20])
    assert render_report(data, tmp_path) == (tmp_path / "report.html", tmp_path / "report.md")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.md"]


def test_templates_of_the_package_go_before_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "__file__", str(tmp_path / "fastmlp" / "report" / "render.py"))
    with pytest.raises(FileNotFoundError, match="report_templates"):
        templates()
    for place in (tmp_path / "report_templates", tmp_path / "fastmlp" / "report_templates"):
        place.mkdir(parents=True)
        (place / "book.j2").touch()
        assert templates() == place


# --- figures that cannot be drawn


@pytest.mark.parametrize("backend", [NOTEBOOK, "module://nowhere", "nonsense"])
def test_a_figure_needs_no_backend_of_a_notebook(backend: str) -> None:
    """A command run from a notebook inherits its MPLBACKEND, in an environment that may lack the module."""
    code = (
        "from fastmlp.report.figures import load_matplotlib; load_matplotlib()\n"
        "from fastmlp.report.figures.svg import draw; from fastmlp.report.render import figure_of\n"
        "from tests.report_data import DOTS; print(draw(figure_of('dots'), DOTS, 'f', 'title', 'description'))"
    )
    environment = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "<svg" in done.stdout


@pytest.mark.parametrize(
    "where",
    ["fastmlp.report.figures.load_matplotlib", "fastmlp.report.figures.svg.draw", "fastmlp.report.render.figure_of"],
)
def test_figures_that_fail_cost_no_number(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no fonts\non this machine")

    monkeypatch.setattr(where, broken)
    with pytest.warns(UserWarning, match=r"^\d+ figures could not be drawn \(RuntimeError: no fonts\); their numbers"):
        html, markdown = render_report(study(seeds=2, sizes=[20]), tmp_path)
    page = html.read_text(encoding="utf-8")
    assert "This figure could not be drawn." in page
    assert "The numbers behind Figure 1" in page
    assert "<svg" not in page
    assert "The numbers behind Figure 1" in markdown.read_text(encoding="utf-8")


def test_the_markdown_is_there_when_the_page_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> str:
        raise MemoryError

    monkeypatch.setattr("fastmlp.report.render.to_html", broken)
    with pytest.raises(MemoryError):
        render_report(study(seeds=2, sizes=[20]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]

"""What docs/ holds: the rendered book, whole, of the shipped study, pictured in README and guide; reports beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fastmlp.study.settings.load import load_settings
from tests.report_text import text_of_html, text_of_markdown

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

if not (DOCS / "index.html").is_file():
    pytest.skip("a rendered book is no part of what is built", allow_module_level=True)

PAGE = (DOCS / "index.html").read_text(encoding="utf-8")


def test_the_folder_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in DOCS.rglob("*") if path.is_file()}
    assert sizes["index.html"] < 3_000_000
    assert sum(sizes.values()) < 7_000_000
    assert all(size < 150_000 for name, size in sizes.items() if name.endswith(".png"))


def test_the_page_asks_for_nothing_else() -> None:
    assert "default-src 'none'" in PAGE
    assert not re.search(r"""<(?:link|script|img|iframe|source)[^>]*(?:href|src)=["'](?!data:)""", PAGE)
    assert not re.search(r"url\((?!#)|@import", PAGE)


def test_the_page_and_its_markdown_are_of_one_rendering() -> None:
    assert text_of_html(PAGE) == text_of_markdown((DOCS / "book.md").read_text(encoding="utf-8"))


BESIDE = re.findall(r"backbone-\w+", (ROOT / "Makefile").read_text(encoding="utf-8").partition("for study in")[2])


@pytest.mark.parametrize("name", dict.fromkeys(BESIDE))
def test_a_report_beside_the_book_is_of_one_rendering_of_a_shipped_study_and_linked(name: str) -> None:
    page, text = ((DOCS / f"{name}.{form}").read_text(encoding="utf-8") for form in ("html", "md"))
    assert text_of_html(page) == text_of_markdown(text)
    assert f"(docs/{name}.md)" in (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"`docs/{name}.md`" in (DOCS / "guide" / "pretrained.md").read_text(encoding="utf-8")


def test_it_is_of_the_shipped_study() -> None:
    grid = load_settings("book").grid
    settings = PAGE[PAGE.index('id="settings"') :]
    for name in (*grid.problems, *grid.strategies):
        assert f'"{name}"' in settings.replace("&#34;", '"'), name


def test_every_picture_is_shown_and_that_of_the_readme_in_light_and_in_dark() -> None:
    shown = re.findall(r'"docs/pictures/([^"]+)"', (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {name.replace("light", "dark") for name in shown} <= set(shown)
    for page in (DOCS / "guide").glob("*.md"):
        shown += re.findall(r"\(\.\./pictures/([^)]+)\)", page.read_text(encoding="utf-8"))
    shown += re.findall(r"\(pictures/([^)]+)\)", (DOCS / "claims.md").read_text(encoding="utf-8"))
    assert set(shown) == {path.name for path in (DOCS / "pictures").iterdir()}


def test_the_page_of_claims_names_those_of_which_the_check_on_fewer_seeds_finds_something_else() -> None:
    page = (DOCS / "claims.md").read_text(encoding="utf-8")
    told = re.findall(r"^- \*\*([^*]+)\*\*: .*? \(`([\w-]+)`\)", page, flags=re.MULTILINE)
    found = {name: outcome for outcome, name in told}
    checked = json.loads((ROOT / "bench" / "claims.json").read_text())
    assert set(found) == set(checked)
    listed = re.findall(r"^- `([\w-]+)`: ([\w ]+) there, ([\w ]+) here\.", page, flags=re.MULTILINE)
    differ = [(name, checked[name], found[name]) for name in found if checked[name] != found[name]]
    assert sorted(listed) == sorted(differ)
    assert f"They disagree on {len(differ)} claim" in page

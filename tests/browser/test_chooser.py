"""What a figure shows is the reader's choice: boxes and buttons, from the keyboard too, and the table follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastmlp.report.render import render_report
from tests.report_data import study

Visit = Callable[..., Any]

PANELS = "#panels"
SHOWN = "e => getComputedStyle(e).display !== 'none'"


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up study of several problems, whose first figure has a panel for each."""
    records = study(
        problems=("near", "far", "further"), strategies=("baseline", "scratch", "frozen", "finetune"), seeds=4
    )
    return render_report(records, tmp_path_factory.mktemp("book"))[0]


def test_without_scripts_everything_is_shown_and_nothing_chosen(browser: Any, book: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(book.as_uri())
    assert page.locator(".chooser").count() == 0
    assert page.locator(f"{PANELS} svg.wide [data-problem]").count() == 3
    page.close()


def test_every_figure_of_several_has_a_chooser(visit: Visit, book: Path) -> None:
    page = visit(book)
    several = page.evaluate("""[...document.querySelectorAll(".figure")].filter(f => ["problem", "strategy"].some(
        kind => new Set([...f.querySelectorAll(`[data-${kind}]`)].map(e => e.dataset[kind])).size > 1)).length""")
    assert several >= 3
    assert page.locator(".chooser").count() == several
    assert page.locator(".chooser input").evaluate_all("boxes => boxes.every(box => box.labels.length === 1)")
    assert page.locator(".chooser fieldset").evaluate_all("sets => sets.every(set => set.querySelector('legend'))")


def test_a_panel_a_line_and_the_rows_behind_them_go_and_come_back(visit: Visit, book: Path) -> None:
    page = visit(book)
    page.locator(f"{PANELS} .chooser summary").focus()
    page.keyboard.press("Enter")
    box = page.locator(f'{PANELS} input[value="far"]')
    for shown in (False, True):
        box.focus()
        page.keyboard.press("Space")
        assert box.is_checked() == shown
        assert set(page.locator(f'{PANELS} [data-problem="far"]').evaluate_all(f"all => all.map({SHOWN})")) == {shown}
        rows = page.locator(f"{PANELS} tbody tr").evaluate_all(
            f"rows => rows.filter(row => row.cells[0].textContent.trim() === 'far').map({SHOWN})"
        )
        assert set(rows) == {shown}
        assert set(page.locator(f'{PANELS} [data-problem="near"]').evaluate_all(f"all => all.map({SHOWN})")) == {True}


def test_buttons_choose_all_or_none_and_columns_follow_their_strategy(visit: Visit, book: Path) -> None:
    page = visit(book)
    page.locator(f"{PANELS} .chooser summary").click()
    strategies = page.locator(f"{PANELS} fieldset", has_text="Strategies")
    heads = page.locator(f"{PANELS} thead th")
    before = heads.count()
    for name, left in (("None", 0), ("All", before)):
        strategies.get_by_role("button", name=name, exact=True).press("Enter")
        lines = page.locator(f"{PANELS} svg.wide [data-strategy]").evaluate_all(f"all => all.map({SHOWN})")
        assert set(lines) == {bool(left)}
        named = heads.evaluate_all(f"all => all.map({SHOWN})")
        assert sum(named) == (left or before - strategies.locator("input").count())


def test_its_words_stand_out_and_it_is_left_out_on_paper(visit: Visit, book: Path) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed").Axe()
    page = visit(book, bypass_csp=True, viewport={"width": 390, "height": 800}, color_scheme="dark")
    page.evaluate("document.querySelectorAll('.chooser').forEach(one => one.open = true)")
    page.evaluate("document.querySelectorAll('.figure:not(#panels), .table').forEach(one => one.remove())")
    assert axe.run(page, options={"resultTypes": ["violations"]})["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.emulate_media(media="print")
    assert not page.locator(".chooser").first.is_visible()

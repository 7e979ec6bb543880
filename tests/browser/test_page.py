"""The page in a real browser: silent, in one file, readable at any width and in both schemes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Page

Visit = Callable[..., Any]
Look = Callable[..., Any]

WIDTHS = (320, 360, 768, 1024, 1440)

# Clear of the browser's own rounding: what sticks out of the page and is not inside a box that scrolls.
STICKS_OUT = """() => [...document.body.querySelectorAll("*")]
    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .filter(e => !e.closest(".scroll, .commands, .equation, .skip") && e.getClientRects().length)
    .map(e => `${e.tagName}.${e.className?.baseVal ?? e.className}`)"""

# Every text, HTML and SVG alike: its colour, and the nearest ground behind it that is not transparent.
CONTRASTS = """() => {
    const channels = c => c.match(/[\\d.]+/g).map(Number);
    const luminance = c => channels(c).slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
    const ground = e => {
        for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if ((channels(c)[3] ?? 1) > 0) return c;
        }
        return "rgb(255, 255, 255)";
    };
    const texts = [...document.querySelectorAll("body *")].filter(
        e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length
            && !["title", "desc"].includes(e.tagName));
    return texts.map(e => {
        const style = getComputedStyle(e);
        const colours = [e instanceof SVGElement ? style.fill : style.color, ground(e)];
        const [a, b] = colours.map(luminance).sort((x, y) => y - x);
        return [(a + 0.05) / (b + 0.05), e.tagName, e.textContent.trim().slice(0, 40)];
    });
}"""


def test_nothing_is_asked_for_and_nothing_said(visit: Visit, report: Path) -> None:
    page = visit()
    page.wait_for_load_state("networkidle")
    assert [seen for seen in page.seen if seen != "data:,"] == [report.as_uri()]


def test_it_is_complete_without_scripts(look: Look) -> None:
    page = look(java_script_enabled=False)
    assert page.locator("h2").all_inner_texts() == look().locator("h2").all_inner_texts()
    assert page.locator("figure svg:visible").count() == page.locator(".figure").count() >= 7
    assert "finetune" in page.locator(".lead").first.inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_only_tables_scroll_sideways(look: Look, width: int) -> None:
    page = look(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(STICKS_OUT) == []


def test_tables_that_scroll_can_be_reached_from_the_keyboard(look: Look) -> None:
    boxes = look(360).evaluate("""[...document.querySelectorAll(".scroll, pre")]
        .filter(e => e.scrollWidth > e.clientWidth + 1 && e.getClientRects().length).map(e => e.tabIndex)""")
    assert boxes
    assert set(boxes) == {0}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(look: Look, scheme: str) -> None:
    found = look(color_scheme=scheme).evaluate(CONTRASTS)
    assert len(found) > 300
    assert [entry for entry in found if entry[0] < 4.5] == []


def test_schemes_differ(look: Look) -> None:
    grounds = {
        look(color_scheme=s).evaluate("getComputedStyle(document.body).backgroundColor") for s in ("light", "dark")
    }
    assert len(grounds) == 2


@pytest.mark.parametrize(("width", "shown"), [(360, "narrow"), (1024, "wide")])
def test_each_width_has_its_figures_at_the_size_of_the_text(look: Look, width: int, shown: str) -> None:
    page = look(width)
    visible = page.locator("figure svg:visible")
    assert {visible.nth(k).get_attribute("class") for k in range(visible.count())} == {shown}
    sizes = page.evaluate("""[...document.querySelectorAll("figure svg text")].filter(e => e.getClientRects().length)
        .map(e => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a)""")
    assert 11 < min(sizes) <= max(sizes) < 16


def test_texts_of_figures_do_not_touch_in_the_fonts_of_this_machine(look: Look) -> None:
    for width in (360, 1024):
        touching = look(width).evaluate("""() =>
            [...document.querySelectorAll("figure svg")].filter(s => s.getClientRects().length).flatMap(svg => {
                const boxes = [...svg.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect()]);
                return boxes.flatMap(([a, p], k) => boxes.slice(k + 1).filter(([b, q]) =>
                    p.left + 1 < q.right && q.left + 1 < p.right && p.top + 3 < q.bottom && q.top + 3 < p.bottom
                ).map(([b]) => `${a} | ${b}`));
            })""")
        assert touching == []


def test_keyboard_first_finds_the_way_to_the_answer(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_the_keyboard_alone_reaches_everything_in_the_order_of_the_text(visit: Visit) -> None:
    page = visit()
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    expected = page.evaluate("""[...document.querySelectorAll("a[href], button, input, summary, [tabindex]")]
        .filter(e => e.getClientRects().length).map((e, k) => (e.dataset.place = k, e.tabIndex))""")
    assert len(expected) > 200
    assert set(expected) == {0}
    assert (
        page.evaluate("""[...document.querySelectorAll("*")].filter(
        e => /auto|scroll/.test(getComputedStyle(e).overflowX) && e.tabIndex < 0 && e.tagName !== "NAV").length""")
        == 0
    )
    places = []
    for _ in range(40):
        page.keyboard.press("Tab")
        place, outline = page.evaluate("""(e => [+e.dataset.place, parseFloat(getComputedStyle(e).outlineWidth)])(
            document.activeElement)""")
        places.append(place)
        assert outline >= 1
    assert places == list(range(40))


def test_numbers_behind_a_figure_open_from_the_keyboard(visit: Visit) -> None:
    page = visit()
    page.locator(".figure summary", has_text="Show the numbers").first.focus()
    assert not page.locator(".figure table").first.is_visible()
    page.keyboard.press("Enter")
    assert page.locator(".figure table").first.is_visible()


def test_print_is_light_open_and_not_clipped(visit: Visit) -> None:
    page = visit(color_scheme="dark", viewport={"width": 700, "height": 900})
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".figure table").first.is_visible()
    assert page.evaluate(STICKS_OUT.replace(".scroll, .commands, .equation, ", "")) == []
    assert len(page.pdf(format="A4")) > 20_000


def cells(page: Any, column: int) -> list[float]:
    texts = page.locator(f"#worked-numbers tbody td:nth-child({column})").all_inner_texts()
    plain = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", "\u00a0")
    return [float(re.sub("×?10(?=-)", "e", text.translate(plain))) for text in texts]


def test_tables_are_sorted_from_the_keyboard(visit: Visit) -> None:
    page = visit()
    page.locator("#worked-numbers summary").click()
    head = page.locator("#worked-numbers th", has_text="by the formula")
    assert head.get_attribute("aria-sort") is None
    head.locator("button").focus()
    for direction in ("ascending", "descending"):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == direction
        numbers = cells(page, 2)
        assert numbers == sorted(numbers, reverse=direction == "descending")
    page.locator("#worked-numbers th", has_text="difference").locator("button").press("Enter")
    assert cells(page, 4) == sorted(cells(page, 4))  # powers of ten among them
    assert page.evaluate("['20,560', '−1,234,567.5 ± 2', '1,797 of 2,000'].map(number)") == [20560, -1234567.5, 1797]


def test_the_contents_mark_where_the_reader_is(visit: Visit) -> None:
    page = visit()
    assert page.locator("nav a[aria-current]").all_inner_texts() == ["The answer"]
    page.evaluate("document.querySelector('#network').scrollIntoView()")
    page.wait_for_timeout(300)
    assert page.locator("nav a[aria-current]").all_inner_texts() == ["The network"]


def test_margin_notes_stand_beside_the_text_where_there_is_room(look: Look) -> None:
    assert look(800).locator(".margin:visible").count() == 0
    wide = look(1440)
    assert wide.locator(".margin:visible").count() > 20
    overlapping = wide.evaluate("""() => {
        const boxes = [...document.querySelectorAll(".margin")].map(e => e.getBoundingClientRect());
        const shown = [...document.querySelectorAll(".scroll")].map(e => e.getBoundingClientRect());
        const tables = shown.filter(q => q.height);
        return boxes.filter(p => [...tables, ...boxes.filter(q => q !== p)].some(q =>
            p.left < q.right && q.left < p.right && p.top + 1 < q.bottom && q.top + 1 < p.bottom)).length;
    }""")
    assert overlapping == 0


def test_equations_are_set_by_the_browser(look: Look) -> None:
    page = look()
    fraction = "document.querySelector('#eq-loss mfrac').getBoundingClientRect()"
    assert page.evaluate(f"{fraction}.height") > 1.5 * page.evaluate(
        "parseFloat(getComputedStyle(document.body).fontSize)"
    )


def test_forced_colours_leave_nothing_invisible(look: Look) -> None:
    page = look(forced_colors="active")
    assert page.locator("figure svg:visible").count() == page.locator(".figure").count()


def test_ten_thousand_trials_are_readable_within_a_second(
    browser: Any, ten_thousand_trials: Page, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(ten_thousand_trials.html)
    page = browser.new_page()
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})  # what else the machine does is not counted
    page.goto(path.as_uri())
    spent = {one["name"]: one["value"] for one in meter.send("Performance.getMetrics")["metrics"]}
    page.close()
    assert 0 < spent["TaskDuration"] < 1


# Rows are made alike, so that a few of each table stand for all.
FEW_ROWS = "document.querySelectorAll('tbody tr:nth-child(n + 4)').forEach(row => row.remove())"


@pytest.mark.parametrize(
    "options",
    [{"viewport": {"width": 320, "height": 800}}, {"color_scheme": "dark"}, {"media": "print"}],
    ids=["light-320", "dark", "print"],
)
def test_axe_finds_no_violation(visit: Visit, options: dict[str, Any]) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed").Axe()
    context = {name: value for name, value in options.items() if name != "media"}
    page = visit(bypass_csp=True, **context)  # axe is a script, which the page itself forbids
    page.emulate_media(media=options.get("media"))
    page.evaluate(FEW_ROWS)
    found = axe.run(page, options={"resultTypes": ["violations"]})["violations"]
    assert found == [], json.dumps([(v["id"], v["nodes"][0]["html"][:200]) for v in found], indent=1)

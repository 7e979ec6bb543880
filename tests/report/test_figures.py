"""Figures: nothing overlaps, nothing is told by colour alone, and what is missing does not stop the drawing."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from fastmlp.report.figures.accuracy import _apart
from fastmlp.report.figures.dots import interval_of
from fastmlp.report.figures.files import file_of
from fastmlp.report.figures.style import PAGE, PAPER, Colours, looks, shows, style
from fastmlp.report.figures.svg import VARIABLES, WIDTHS, draw
from fastmlp.report.render import figure_of, templates
from fastmlp.report.table import cell
from tests.report_data import DOTS, LAB, META, MadeUp, flat, some_lost, study, summary_of

MANY = [f"strategy-{k}" for k in range(30)]
STUDIES = {
    "lab": study,
    "one seed": lambda: study(seeds=1),
    "no spread": lambda: study(flat({}), spread=0.0),
    "nothing": lambda: MadeUp(study().settings, []),
    "some lost": lambda: some_lost(study()),
    "one size": lambda: study(sizes=[20]),
    "one strategy": lambda: study(strategies=["scratch"]),
}


POINT = {"mean": 0.8, "low": 0.78, "high": 0.82}
SERIES_BY_DEPTH = [
    {"family": family, "problem": problem, "points": [{"k": k, **POINT} for k in (1, 2, 3)]}
    for family in ("transplant", "transfuse", "random-frozen")
    for problem in ("halves", "random-labels")
]


CONFUSIONS = {
    "classes": ["T-shirt", "trousers", "ankle boot"],
    "rows": [{"strategy": s, "shares": [[0.8, 0.2, 0.0], [0, 1, 0], [0.1, 0, 0.9]]} for s in ("scratch", "finetune")],
}


def _named(problem: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """The same problem under several names, one of them long."""
    return [problem | {"name": "a problem with quite a long name" if k == 1 else f"problem-{k}"} for k in range(n)]


def parts(data: MadeUp) -> dict[str, dict[str, Any]]:
    """What the chapters hand to each figure, by a name for it."""
    summary = summary_of(data)
    problem, common = (
        summary["problems"][0],
        {k: summary["study"][k] for k in ("strategies", "baseline", "controls", "margin")},
    )
    curve, numbers = problem["pretraining"]["curve"], summary["numbers"]
    return {
        "accuracy": common | {"measures": problem["main"]},
        "accuracy of all": common | {"measures": problem["measures"]},
        "differences": common | {"family": problem["comparisons"]["baseline"]},
        "differences of scalers": common
        | {"family": [c for k in ("scaler", "weights") for c in problem["comparisons"][k]]},
        "curves": common
        | {"series": numbers["transfer"]["curves"]["parity"] or [{"epochs": [], "median": [], "low": [], "high": []}]},
        "curves of pretraining": common | {"series": [curve] if curve else []},
        "split": {"facts": problem["facts"]},
        "panels": common | {"problems": _named(problem, 7), "shown": summary["study"]["few"]},
        "layers": common | {"series": SERIES_BY_DEPTH},
        "dots": DOTS,
        "dots of several columns": DOTS | {"columns": [1, 2], "of": "problem", "at": 0, "log": True},
        "confusions": CONFUSIONS,
        "profiles": common | {"profiles": (numbers["general"] or {"profiles": []})["profiles"]},
    }


def name_of(kind: str) -> str:
    """The figure that draws a part."""
    return kind.partition(" ")[0]


LAB_PARTS = parts(study())


def boxes(kind: str, data: dict[str, Any], width: int) -> dict[str, Bbox]:
    """Where the texts of a figure stand, in pixels; ticks beyond the axes are not drawn and do not count."""
    drawn: list[Text] = []
    with style(), pytest.MonkeyPatch.context() as patch:
        draw_text = Text.draw

        def recorded(text: Text, renderer: RendererBase) -> None:
            drawn.append(text)
            draw_text(text, renderer)

        patch.setattr(Text, "draw", recorded)
        canvas = FigureCanvasAgg(figure_of(name_of(kind))(data, width))
        canvas.draw()
        seen = [text for text in drawn if text.get_visible() and text.get_text().strip()]
        return {f"{t.get_text()} #{k}": t.get_window_extent(canvas.get_renderer()) for k, t in enumerate(seen)}


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("kind", LAB_PARTS)
def test_no_text_overlaps_another_or_leaves_the_figure(kind: str, width: int) -> None:
    found = boxes(kind, LAB_PARTS[kind], width)
    touching = [(a, b) for (a, p), (b, q) in combinations(found.items(), 2) if p.padded(-1).overlaps(q.padded(-1))]
    assert touching == []
    assert [name for name, box in found.items() if box.x0 < -1 or box.x1 > width + 1] == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("kind", ["accuracy", "curves"])
def test_a_long_legend_stays_inside_the_figure(kind: str, width: int) -> None:
    found = boxes(kind, parts(study(flat({}), strategies=MANY, seeds=2, sizes=[20, 50]))[kind], width)
    assert [name for name, box in found.items() if box.x0 < -1 or box.x1 > width + 1] == []


@pytest.mark.parametrize("name", STUDIES)
def test_odd_studies_are_drawn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "fastmlp.report.figures.svg.WIDTHS", {"narrow": WIDTHS["narrow"]}
    )  # one is enough, and half as long
    for kind, data in parts(STUDIES[name]()).items():
        if not kind.startswith("curves") or data["series"]:
            svg = draw(figure_of(name_of(kind)), data, "f", "title", "description")
            assert not re.search(r"\b(?:nan|NaN|None|inf)\b", svg)


def test_looks_differ_without_colour() -> None:
    found = looks({"strategies": ["baseline", *MANY], "baseline": "baseline", "controls": {}})
    shapes = [(look["marker"], str(look["linestyle"])) for look in found.values()]
    assert len(set(shapes)) == len(shapes)


def test_a_control_looks_like_its_strategy_but_open() -> None:
    controls = {"baseline-source-scaler": "baseline", "scratch-source-scaler": "scratch", "meanvar": None}
    look = looks({"strategies": [*LAB, "frozen-warm", "meanvar"], "baseline": "baseline", "controls": controls})
    assert look["scratch-source-scaler"]["color"] == look["scratch"]["color"]
    assert look["scratch-source-scaler"]["markerfacecolor"] == "none"
    assert len({look[s]["color"] for s in ("baseline", "scratch", "frozen", "finetune", "frozen-warm", "meanvar")}) == 6
    assert "markerfacecolor" not in look["frozen-warm"]  # whatever its name begins with


def test_labels_of_near_sizes_are_left_out() -> None:
    assert list(_apart([10, 11, 100, 1000], room=0.1)) == [10, 100, 1000]
    assert list(_apart([20], room=0.1)) == [20]
    assert list(_apart([], room=0.1)) == []


# --- the SVG


@pytest.fixture(scope="module")
def svg() -> str:
    return str(draw(figure_of("accuracy"), LAB_PARTS["accuracy"], "fig", "A title <b>", "A description & more"))


def test_svg_is_drawn_for_page_and_telephone(svg: str) -> None:
    assert re.findall(r'<svg class="(\w+)"', svg) == ["wide", "narrow"]


def test_svg_has_real_text_in_the_type_of_the_page(svg: str) -> None:
    assert re.search(r"<text [^>]*>finetune</text>", svg)
    assert "font-family" not in svg


def test_svg_has_no_colour_of_its_own(svg: str) -> None:
    assert not re.search(r"#[0-9a-fA-F]{6}\b", svg)
    assert {f"--series-{k}" for k in range(3)} | {"--ink", "--faint"} <= set(re.findall(r"var\((--[\w-]+)\)", svg))


def test_every_variable_of_the_figures_is_in_both_schemes() -> None:
    css = (templates() / "html" / "css" / "variables.css").read_text()
    light, dark = css.split("@media")
    for variable in VARIABLES.values():
        assert f"{variable}:" in light
        assert f"{variable}:" in dark
    assert len(PAGE.series) == len(re.findall(r"--series-\d:", light))
    paper = [f"{variable}: {colour};" for variable, colour in zip(VARIABLES.values(), flat_colours(PAPER), strict=True)]
    assert [line for line in paper if line not in light] == []


def flat_colours(colours: Colours) -> list[str]:
    return [*colours[:4], *colours.series]


def test_svg_keeps_to_itself(svg: str) -> None:
    assert "<style" not in svg  # matplotlib's would style the page
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("fig-") for name in ids)
    pointed = set(re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', svg))
    assert {a or b for a, b in pointed} <= set(ids)


def test_svg_can_be_read_without_eyes(svg: str) -> None:
    assert svg.count('role="img" aria-labelledby="fig-wide-title fig-wide-desc"') == 1
    assert '<title id="fig-wide-title">A title &lt;b&gt;</title>' in svg
    assert '<desc id="fig-wide-desc">A description &amp; more</desc>' in svg


def test_svg_knows_what_it_shows_of_and_a_file_does_not(svg: str) -> None:
    assert set(re.findall(r'data-strategy="([^"]*)"', svg)) == set(LAB_PARTS["accuracy"]["measures"])
    drawn = str(draw(figure_of("panels"), LAB_PARTS["panels"], "fig", "t", "d"))
    assert "problem-0" in set(re.findall(r'data-problem="([^"]*)"', drawn))
    assert shows(strategy="finetune") is None  # outside the page's style, ids are as matplotlib gives them


def test_a_dot_is_where_its_number_is_and_what_is_missing_is_left_out() -> None:
    rows = DOTS["table"]["rows"]
    assert interval_of(rows[0][1]) == (2.0, 1.0, 5.0)
    assert interval_of(rows[0][2]) == (0.3, None, None)
    assert interval_of(rows[1][2]) == (None, None, None)
    assert interval_of(cell("times", {"times": 2.4, "low": 1.9, "high": None})) == (2.4, 1.9, None)


def test_a_name_with_dollars_is_no_formula() -> None:
    data = study(lambda *_: 0.8, strategies=["scratch", "$x^2$"], seeds=2, sizes=[20])
    data.meta = META
    assert ">$x^2$</text>" in draw(figure_of("accuracy"), parts(data)["accuracy"], "f", "t", "d")


# --- contrast


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * c for c in digits) if len(digits) == 3 else digits
    channels = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme: int) -> None:
    css = (templates() / "html" / "css" / "variables.css").read_text().split("@media")[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css))
    for ground in ("paper", "raised"):
        for text in ("ink", "muted", "link", "better", "worse"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for line in (name for name in colours if name.startswith("series") or name in {"ink", "muted"}):
        assert contrast(colours[line], colours["paper"]) >= 3, line
        assert contrast(colours[line], colours["band"]) >= 3, line


# --- files


def test_a_file_is_on_paper_and_the_same_when_it_is_written_again() -> None:
    first, second = (file_of(figure_of("accuracy"), LAB_PARTS["accuracy"], "svg") for _ in range(2))
    assert first == second
    assert PAPER.series[0].encode() in first
    assert not re.search(rb"#f[ab]000\d", first)
    assert file_of(figure_of("split"), LAB_PARTS["split"], "pdf").startswith(b"%PDF")

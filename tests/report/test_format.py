"""Numbers become text in one place: signs, units, rounding, and what is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from fastmlp.report import format as fmt
from fastmlp.report.format import KINDS, markdown, markdown_code, plain, printable

SPACE = "\N{NO-BREAK SPACE}"
KNOWN = {"mean": 0.7324, "low": 0.7212, "high": 0.7436, "reason": None, "n": 20, "planned": 20, "verdict": "tied"}
ONE_SEED = KNOWN | {"low": None, "high": None, "reason": "one seed", "n": 1}
NO_DATA = ONE_SEED | {"mean": None, "reason": "no data", "n": 0}


JUMPS = [{"hash": "1f2e3d4c", "change": 0.031}, {"hash": "5b6a7988", "change": -0.12}]
HARM = {"worse": 5, "tested": 15, "case": "found"}
CHANCE = {"share": 0.82, "low": 0.6, "high": 0.93, "case": "likely"}
SOON = {"steps": 420.0, "reached": 20, "n": 20}
TALLY = {"agrees": 27, "contradicted": 6, "undecided": 15}

CASES: list[tuple[Callable[[Any], str], object, str]] = [
    (fmt.count, 1797, "1797"),
    (fmt.count, 9999.4, "9999"),
    (fmt.count, 9999.6, "10,000"),
    (fmt.count, -20560, "−20,560"),
    (fmt.count, 1234567, "1,234,567"),
    (fmt.count, None, "–"),
    (fmt.decimal, 20000.5, "20,000.5"),
    (fmt.labels, 20000, f"20,000{SPACE}labels"),
    (fmt.percent, 0.7324, f"73.2{SPACE}%"),
    (fmt.percent0, 0.734, f"73{SPACE}%"),
    (fmt.percent0, 0.0012, f"<1{SPACE}%"),
    (fmt.percent0, 0.0, f"0{SPACE}%"),
    (fmt.points, 0.024, "+2.4"),
    (fmt.points, -0.0081, "−0.8"),
    (fmt.points, -0.0004, "0.0"),  # no minus before a zero
    (fmt.points, 0.0, "0.0"),
    (fmt.margin, 0.01, f"1{SPACE}point"),
    (fmt.margin, 0.005, f"0.5{SPACE}points"),
    (fmt.points_interval, KNOWN, "+72.1 to +74.4"),
    (fmt.points_interval, ONE_SEED, "one seed"),
    (fmt.percent_mean, KNOWN, "73.2 ± 1.1"),
    (fmt.percent_mean, ONE_SEED, "73.2 (one seed)"),
    (fmt.percent_mean, NO_DATA, "no data"),
    (fmt.fine_percent_mean, KNOWN, "73.24 ± 1.12"),
    (fmt.percent_range, KNOWN, "73.2 (72.1 to 74.4)"),
    (fmt.percent_range, ONE_SEED | {"reason": "too few seeds"}, "73.2 (too few seeds)"),
    (fmt.percent_range, NO_DATA, "no data"),
    (fmt.mean, KNOWN, "0.732 ± 0.011"),
    (fmt.percent_interval, KNOWN, f"73.2{SPACE}% ± 1.1"),
    (fmt.percent_interval, ONE_SEED, f"73.2{SPACE}% (one seed)"),
    (fmt.percent_interval, NO_DATA, "no data"),
    (fmt.p_value, 0.00001, "<0.001"),
    (fmt.p_value, 0.0321, "0.032"),
    (fmt.p_value, 0.321, "0.32"),
    (fmt.p_value, 1.0, "1"),
    (fmt.p_value, None, "–"),
    (fmt.scientific, 2.3056, "2.31"),
    (fmt.scientific, 0.0000314, f"3.14{SPACE}×{SPACE}10⁻⁵"),
    (fmt.scientific, -0.5, "−0.500"),
    (fmt.number, -1.46e-7, f"−1.46{SPACE}×{SPACE}10⁻⁷"),
    (fmt.number, 1e-5, "10⁻⁵"),
    (fmt.scientific, 123.4, "123"),
    (fmt.seconds, 0.00034, f"0.34{SPACE}ms"),
    (fmt.seconds, 0.0117, f"12{SPACE}ms"),
    (fmt.seconds, 0.21, f"0.21{SPACE}s"),
    (fmt.seconds, 9.97, f"10{SPACE}s"),
    (fmt.seconds, 250, f"4{SPACE}min 10{SPACE}s"),
    (fmt.seconds, 600123, f"10,002{SPACE}min 3{SPACE}s"),
    (fmt.setting, [20, 50], "[20, 50]"),
    (fmt.setting, 20560, "20560"),  # as the file has it
    (fmt.setting, True, "true"),
    (fmt.setting, ["a", 0.5], '["a", 0.5]'),
    (fmt.setting, [{"share": 0.5, "body": 0}, {}], "[{ share = 0.5, body = 0 }, {}]"),
    (fmt.decimal, 0.05, "0.05"),
    (fmt.pairs, KNOWN, "20"),
    (fmt.pairs, ONE_SEED, "1 of 20"),
    (fmt.pairs, {"n": 9999, "planned": 10000}, "9999 of 10,000"),
    (fmt.verdict, KNOWN, "tied"),
    (fmt.verdict, ONE_SEED, "not estimable"),
    (fmt.verdict, KNOWN | {"reason": "unstable", "verdict": "undecided"}, "undecided"),
    (fmt.loss_range, {"median": 0.412, "low": 0.35, "high": 1.5}, "0.412 (0.350 to 1.50)"),
    (fmt.loss_range, None, "–"),
    (fmt.label, "x" * 50, "x" * 29 + "…"),
]


@pytest.mark.parametrize(
    ("function", "value", "expected"), CASES, ids=[f"{f.__name__}-{k}" for k, (f, *_) in enumerate(CASES)]
)
def test_text(function: Callable[[Any], str], value: object, expected: str) -> None:
    assert function(value) == expected


CROSSING = {"case": "crosses", "n_target": 63.2, "low": 41.0, "high": None}
READ = {"case": "read", "times": 2.4, "low": 1.9, "high": None, "reason": None}
BELOW = {"case": "below range", "times": None, "least": 0.04, "most": 25.0, "low": None, "high": None, "reason": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (READ, "2.4 (1.9 to ?)"),
        (READ | {"times": 0.6, "low": 0.0754, "high": 7.0}, "0.60 (0.075 to 7.0)"),
        (READ | {"times": 120.4, "high": 25.4}, "120 (1.9 to 25)"),
        (READ | {"reason": "one seed"}, "2.4 (one seed)"),
        (BELOW, "<0.04"),
        (BELOW | {"case": "above range"}, ">25"),
        (BELOW | {"case": "no curve"}, "–"),
        (None, "–"),
    ],
)
def test_factors(value: dict[str, Any] | None, expected: str) -> None:
    assert fmt.times(value) == expected


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [("better", "+2.4\u00a0▲"), ("worse", "+2.4\u00a0▼"), ("tied", "+2.4\u00a0="), ("undecided", "+2.4")],
)
def test_effects_show_their_verdict_by_a_sign(verdict: str, expected: str) -> None:
    assert fmt.effect({"mean": 0.024, "verdict": verdict, "reason": None}) == expected


def test_crossings_and_deviations() -> None:
    assert fmt.crossing(CROSSING) == "63\u00a0labels (41 to ?)"
    assert fmt.crossing({"case": "no crossover in range"}) == "no crossover in range"
    assert fmt.deviation(0.0004) == "2.00"
    assert fmt.mean_short({"mean": 10968.37}) == "1.1\u00a0×\u00a010⁴"


@pytest.mark.parametrize(
    ("show", "value", "expected"),
    [
        (fmt.harm, HARM, f"5 of 15{SPACE}▼"),
        (fmt.harm, HARM | {"worse": 0, "case": "ruled out"}, "ruled out"),
        (fmt.harm, HARM | {"worse": 0, "case": "open"}, "not found"),
        (fmt.harm, HARM | {"tested": 0, "case": "not tested"}, "not tested"),
        (fmt.chance, CHANCE, f"82{SPACE}% (60 to 93){SPACE}▲"),
        (fmt.chance, CHANCE | {"case": "unlikely"}, f"82{SPACE}% (60 to 93){SPACE}▼"),
        (fmt.chance, CHANCE | {"case": "even"}, f"82{SPACE}% (60 to 93)"),
        (fmt.chance, CHANCE | {"share": None, "low": None, "high": None}, "–"),
        (fmt.chance, None, "–"),
        (fmt.tally, TALLY, "27 / 6 / 15"),
        (fmt.soon, SOON, "420"),
        (fmt.soon, SOON | {"reached": 18}, "420 (18 of 20)"),
        (fmt.soon, SOON | {"reached": 3, "steps": None}, "– (3 of 20)"),
        (fmt.jumps, JUMPS, f"+3.1{SPACE}% at 1f2e3d4c, −12.0{SPACE}% at 5b6a7988"),
        (fmt.jumps, [], "none"),
        (fmt.by_layer, [KNOWN, NO_DATA], "0.73 / –"),
        (fmt.rank, KNOWN | {"mean": 4.4, "low": 4.19, "high": 4.61}, "4.40 ± 0.21"),
        (fmt.up_to_per_class, 1, f"up to 1{SPACE}label per class"),
    ],
)
def test_what_is_said_of_all_cells(show: Callable[[Any], str], value: object, expected: str) -> None:
    assert show(value) == expected


def test_matrices_are_latex() -> None:
    assert fmt.matrix([1.0, -0.5]) == r"\begin{pmatrix} 1 & -0.5 \end{pmatrix}"
    assert fmt.matrix([[0.25, 0], [1, 2]]) == r"\begin{pmatrix} 0.25 & 0 \\ 1 & 2 \end{pmatrix}"


@pytest.mark.parametrize("kind", [kind for kind, of in KINDS.items() if of.show])
def test_every_kind_of_cell_is_shown(kind: str) -> None:
    known = {
        "text": "words",
        "setting": 1,
        "multiplier": 0.4,
        "crossing": CROSSING,
        "labels": 20,
        "mark": "agrees",
        "soon": SOON,
        "jumps": JUMPS,
        "epoch": 4,
        "up_to_per_class": 20,
        "tally": TALLY,
        "harm": HARM,
        "chance": CHANCE,
        "by_layer": [KNOWN, NO_DATA],
        "known": {"true": "8", "share": 0.7},
        "mistake": {"true": "8", "taken": "1", "share": 0.12},
    }
    plain = {
        "points_interval",
        "pairs",
        "verdict",
        "effect",
        "deviations",
        "percent_short",
        "percent_range",
        "rank",
        "cost",
    }
    value = KNOWN if "mean" in kind or kind in plain else known.get(kind)
    assert fmt.show({"kind": kind, "value": value})


@given(st.floats(-1, 1))
def test_a_rounded_number_is_within_half_a_unit(x: float) -> None:
    text = fmt.points(x)
    assert abs(float(text.replace("−", "-")) - 100 * x) <= 0.05 + 1e-9
    assert ("−" in text) == (float(text.replace("−", "-")) < 0)


@given(st.floats(0, 1e5, allow_subnormal=False))
def test_durations_never_show_more_than_sixty_seconds_beside_minutes(x: float) -> None:
    found = re.search(rf"min (\d+){SPACE}s", fmt.seconds(x))
    assert found is None or int(found[1]) < 60


# --- what may be printed


@pytest.mark.parametrize("value", [None, 0.5, math.nan, True, [1], {"a": 1}], ids=repr)
@pytest.mark.parametrize("rule", [plain, markdown])
def test_what_a_reader_could_not_compare_is_refused(rule: Callable[[Any], object], value: object) -> None:
    with pytest.raises(TypeError, match="has to pass a filter"):
        rule(value)


def test_text_and_whole_numbers_pass() -> None:
    assert plain("a <b>") == "a <b>"
    assert plain(12) == "12"
    assert plain(Markup("<b>")) == Markup("<b>")


def test_what_belongs_together_stays_on_a_line() -> None:
    assert fmt.squeeze(Markup("a\n  b 95 % c, %")) == f"a b 95{SPACE}% c,{SPACE}%"
    formula = "<math><mi>x</mi></math>"
    text = fmt.squeeze(Markup(f"is {formula}. And {formula} is"))
    assert text == f'is <span class="whole">{formula}.</span> And {formula} is'
    assert fmt.squeeze(text) == text


def test_control_characters_are_spelt_out() -> None:
    assert printable("a\x00b\tc\r\nd\x1b") == "a\\x00b c d\\x1b"
    assert printable("\u202eabc 日本語 é") == "\u202eabc 日本語 é"


def rendered(source: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"x {source} x\n"))


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40))
def test_markdown_reads_any_text_literally(text: str) -> None:
    import html

    for source in (str(markdown(text)), str(markdown_code(text))):
        page = re.sub(r"</?(?:p|code)>", "", rendered(source)).strip()
        # The parser joins runs of spaces and drops those at the ends of a line, as HTML would when it is shown.
        assert " ".join(html.unescape(page).split()) == " ".join(f"x {printable(text)} x".split())


@pytest.mark.parametrize(
    "text", ["- item", "+ item", "1. item", "2) item", "# head", "> said", "---", "===", ": def", "    code"]
)
def test_markdown_at_the_start_of_a_line_stays_text(text: str) -> None:
    page = str(MarkdownIt("commonmark").render(str(markdown(text)).strip(" ")))
    assert page.startswith("<p>")

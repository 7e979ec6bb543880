"""Many strategies and many problems: one book, in both formats, whose words follow the verdicts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fastmlp.report.chapters.speed.numbers import read_peers
from fastmlp.report.render import to_html, to_markdown
from tests.conftest import Page
from tests.report_data import MANY, MadeUp, flat, large, study, summary_of
from tests.report_text import html_of_markdown, text_of_html, text_of_markdown

JOINED = re.compile(r"arXiv:\S+|doi:\S+|jmlr:\S+|problem:\S+|\d:\d\S*|np\.\S+")
APPENDIX = "Appendix: all the tables"
MOST_TABLES = 47  # half of those that the first edition had, the ones behind figures counted
RULE = re.compile(r"^\|(?: ---:? \|)+$", re.MULTILINE)
HOSTILE = ("<script>alert(1)</script>", "{{7*7}}", "a|b`c", "=cmd()", "\u202egnp.exe", "$x$", "x" * 10_000)


def both(data: MadeUp, folder: Path | None = None) -> tuple[str, str]:
    summary = summary_of(data, folder)
    json.dumps(summary, allow_nan=False)
    return to_html(summary), to_markdown(summary)


def read(data: MadeUp) -> str:
    """The page as text, which the Markdown says too."""
    page, markdown = both(data)
    text = text_of_html(page)
    assert text == text_of_markdown(markdown)
    assert not re.search(r"\b(?:nan|NaN|inf|null|undefined)\b", text)
    assert not re.search(r" [,.;:]|  |\.\.", text.replace("export . ", ""))
    assert not re.search(r"[a-z%)]\.(?:[A-Z][a-z]|▲)|[a-z]:[A-Za-z]", JOINED.sub("", text))
    return text


@pytest.fixture(scope="module")
def whole(book: Page) -> tuple[str, str]:
    return book.html, book.markdown


def test_both_formats_say_the_same(whole: tuple[str, str]) -> None:
    assert text_of_html(whole[0]) == text_of_markdown(whole[1])


def test_every_chapter_is_there(whole: tuple[str, str]) -> None:
    titles = re.findall(r"<h2[^>]*><span[^>]*>\d+</span> ([^<]*)</h2>", whole[0])
    assert len(titles) == len(set(titles))
    for title in (
        *(
            "Why transfer",
            "The network",
            "Frozen, fine-tuned, and everything in between",
            "How transferable is each layer",
        ),
        *("What happened inside", "Small data, large data", "The effect of chance", "The decision matrix"),
        *("In general", "Fair opponents", "Exercises", "Glossary", "References"),
    ):
        assert title in titles
    assert "The speed of other libraries" not in titles  # nobody measured it


def test_every_strategy_that_transfers_is_in_the_table_of_multipliers(whole: tuple[str, str]) -> None:
    table = whole[0].partition('<div class="table" id="multipliers">')[2].partition("</table>")[0]
    rows = set(re.findall(r"<code>([^<]+)</code>", table))
    assert rows == set(MANY) - {"baseline", "scratch", "scratch-source-scaler", "my-own"}
    assert "A strategy of its own" in text_of_html(whole[0])
    assert re.search(r"discriminative 1 of 1 0\.0592", text_of_html(table))


def test_chapters_open_with_a_question_and_what_was_found(whole: tuple[str, str]) -> None:
    chapters = whole[0].split("<h2 ")[2:]
    without = [
        re.sub(r".*?</span> ([^<]*)<.*", r"\1", c, flags=re.DOTALL) for c in chapters if "What was found" not in c
    ]
    assert set(without) == {"Exercises", "What this study does not contain", "Glossary", "References", APPENDIX}
    assert "<details open" not in whole[0]


def test_every_table_can_be_followed(whole: tuple[str, str]) -> None:
    tables = re.findall(r'<div class="table" id="([^"]*)">(.*?)</table>', whole[0], flags=re.DOTALL)
    free = {"splits", "worked-numbers", "gradient-check", "short-batches-accuracy", "counts", "settings", "versions"}
    free |= {"lossy"}
    for ident, _ in tables:
        if ident not in free and not ident.startswith(("multipliers", "peers")):
            rest = whole[0].split(f'id="{ident}">')[1]
            assert 'class="follow"' in rest[: rest.index("</div>\n<") + 8000], ident


def test_references_that_are_cited_are_listed_and_no_others(whole: tuple[str, str]) -> None:
    listed = set(re.findall(r'id="(ref-\w+)"', whole[0]))
    assert listed == set(re.findall(r'href="#(ref-\w+)"', whole[0]))
    assert len(listed) > 10


def test_replicates_are_no_part_of_the_grid(whole: tuple[str, str]) -> None:
    assert f"All {len(MANY) * 4 * 3 * 8} trials finished." in text_of_html(whole[0])


@pytest.mark.usefixtures("no_pictures")
def test_hostile_names_are_literal_in_the_book() -> None:
    page, markdown = both(large(flat({}), strategies=[*MANY[:5], *HOSTILE], problems=["<b>p</b>", "q|`", "r"], seeds=3))
    text = text_of_html(page)
    assert text == text_of_markdown(markdown)
    for name in HOSTILE:
        assert name in text
        assert name in text_of_markdown(markdown)
    assert page.count("<script") == 1
    assert not re.search(r"<(?:script|img|b>)", html_of_markdown(markdown))
    assert "=cmd(),0." in page  # in the CSV


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("means", "words", "others"),
    [
        ({"baseline": 0.9}, "The baseline wins: in 4 of 4 cells it is better", "the baseline is better than"),
        ({"baseline": 0.6}, "In 4 of 4 cells the best of the networks is better", "baseline wins"),
        (
            {"scratch": 0.9, "scratch-source-scaler": 0.9},
            "in 4 of 4 cells at least one strategy is worse with pretrained weights than with random ones that may",
            "may each be the best",
        ),
        (
            {"finetune": 0.9},
            "In each of 4 cells a single strategy is the best of the networks. finetune may be the best in 4",
            "Negative",
        ),
    ],
)
def test_the_answer_follows_the_verdicts(means: dict[str, float], words: str, others: str) -> None:
    mean = flat(dict.fromkeys(MANY, 0.8) | means)
    text = read(large(mean, strategies=MANY[:9], problems=("same", "parity"), sizes=(20, 100)))
    lead = text[: text.index("The four verdicts.")]
    assert words in lead
    if others != "Negative":
        assert others not in lead


@pytest.mark.usefixtures("no_pictures")
def test_too_few_seeds_for_a_verdict() -> None:
    text = read(large(flat({}), seeds=1, strategies=MANY[:9], problems=("same", "parity")))
    assert "In no cell is a single strategy shown to be the best of the networks." in text


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "make",
    [
        lambda: MadeUp(large().settings, []),
        lambda: large(flat({}), spread=0.0, strategies=MANY[:9], problems=("same", "parity")),
        lambda: study(problems=["a", "b", "c"], strategies=["baseline"], seeds=2, sizes=[20]),
        lambda: study(problems=["a", "b", "c"], strategies=["scratch"], seeds=2, sizes=[20]),
        lambda: study(problems=["a", "b", "c"], status="failed", seeds=2, sizes=[20]),
        lambda: study(flat({}), strategies=[f"s{k}" for k in range(9)], seeds=3, sizes=[20, 50]),
    ],
    ids=["nothing", "no spread", "baseline alone", "scratch alone", "all failed", "unknown names"],
)
def test_odd_books_are_read(make: Callable[[], MadeUp]) -> None:
    assert "What this study does not contain" in read(make())


@pytest.mark.usefixtures("no_pictures")
def test_what_is_left_out_is_said() -> None:
    text = read(study(seeds=2, sizes=[20]))
    left_out = text[text.index("What this study does not contain") :]
    for setting in ("inside = true", "[replicates]", "[tuning]", "transplant-k", "python -m bench.peers"):
        assert setting in left_out


def test_what_happened_inside_follows_the_verdicts(whole: tuple[str, str]) -> None:
    text = text_of_html(whole[0])
    assert "the body of lp-ft drifts less than that of finetune in 4 of 4 problems, and more in 0." in text
    assert "that the most variance depends on, its interplay with the others included, is the labelled examples" in text


@pytest.mark.usefixtures("no_pictures")
def test_peers_are_told_where_they_were_measured(tmp_path: Path) -> None:
    peer = {"rounds": [0.002, 0.001, 0.003], "accuracy": 0.99, "first_seconds": 1.0}
    slow = peer | {"rounds": [0.2]}
    shapes = {"lab": {"description": "64-64-10", "flops": 1e8, "peers": {"fastmlp": peer, "<b>slow</b>": slow}}}
    (tmp_path / "peers.json").write_text(json.dumps({"cpu": "c", "rounds": 3, "peak": [1e11], "shapes": shapes}))
    page, markdown = both(study(seeds=2, sizes=[20]), tmp_path)
    assert "<b>slow</b> 0.20 s 100 <1 % 99.0" in " ".join(text_of_html(page).split())
    assert "64-64-10: one training on one core, medians" in " ".join(text_of_html(page).split())
    assert text_of_html(page) == text_of_markdown(markdown)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"shapes": []}', '{"peers": []}'),
        '{"cpu": "c", "rounds": 3, "peak": [1], "shapes": []}',
        '{"cpu": "c", "rounds": 3, "peak": [1], "shapes": {"a": {"description": "", "flops": 1, "peers": {}}}}',
    ],
)
def test_a_book_without_peers_that_can_be_read_has_none(text: str, tmp_path: Path) -> None:
    assert read_peers(tmp_path) is None
    (tmp_path / "peers.json").write_text(text)
    assert read_peers(tmp_path) is None


def test_a_large_book_is_small_and_takes_no_time_that_grows_with_its_square(ten_thousand_trials: Page) -> None:
    """How long it takes is timed by `bench.bench_study.Reporting`; here no more than that nothing grows out of hand."""
    assert "10,200 trials" in ten_thousand_trials.html
    assert ten_thousand_trials.seconds < 40  # six on a machine with nothing else to do
    assert len(ten_thousand_trials.html.encode()) < 3_000_000


def test_sources_for_one_target_are_chosen_by_their_scores(whole: tuple[str, str]) -> None:
    text = text_of_html(whole[0])
    assert "Choosing the source" in text
    assert "the source with the highest H-score" in text
    assert "the highest LogME" not in text  # which nobody measured


def test_tables_of_data_are_in_the_appendix(book: Page) -> None:
    front, back = re.split(r"^## \d+ Appendix", book.markdown, flags=re.MULTILINE)
    assert 20 < len(RULE.findall(front)) <= MOST_TABLES
    assert len(RULE.findall(back)) > 20


def test_a_chapter_opens_with_its_finding_and_a_picture(book: Page) -> None:
    chapters = re.split(r"^## \d+ ", book.markdown.split("## Appendix")[0], flags=re.MULTILINE)[1:]
    asked = [chapter for chapter in chapters if "**The question.**" in chapter]
    assert len(asked) > 15
    assert all(chapter.index("**What was found.**") < 1500 for chapter in asked)
    assert [chapter.splitlines()[0] for chapter in asked if "**Figure " not in chapter] == []

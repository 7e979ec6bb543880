"""The book on data of a study's own: where they came from, how they go together, and nothing about digits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from markupsafe import Markup

from fastmlp.report.labels import Labels
from fastmlp.report.render import _environment, to_html, to_markdown
from tests.report_data import META, MadeUp, study, summary_of
from tests.report_text import text_of_html, text_of_markdown

FILES = {
    "source": {"file": "known.npz", "hash": "0a1b", "examples": 12000, "classes": 2},
    "target": {"file": "=2|<b>$`{{1}}.npz", "hash": "2c3d", "examples": 900, "classes": 3},
}
OWN = FILES | {"shared": False, "one_unit": False, "in_both": 0, "repeated": 0}


def told(**changes: Any) -> str:
    words: Any = _environment("markdown", Labels()).get_template("chapters/data/problems.j2").module
    return " ".join(str(words.told({"name": "mine", "facts": {"features": 512, "own": OWN | changes}})).split())


@pytest.mark.parametrize(
    ("changes", "words", "unsaid"),
    [
        ({}, "They are different examples", "one example"),
        ({"shared": True}, "Row by row they are one example", "different"),
        ({}, "Each feature is in a unit of its own", "one unit"),
        ({"one_unit": True}, "All features are in one unit.", "of its own,"),
        ({"in_both": 1}, "But one target example has inputs that a source example has too", "target examples have"),
        ({"repeated": 1}, "One target example has the inputs of another", "inputs that"),
        ({"repeated": 23}, "Of the target examples 23 have the inputs of another", "inputs that"),
        ({"in_both": 1234}, "But 1234 target examples have inputs that a source example has too", "But one"),
    ],
)
def test_what_is_so_is_said_and_nothing_else(changes: dict[str, Any], words: str, unsaid: str) -> None:
    assert words in told(**changes)
    assert unsaid not in told(**changes)


def own_study(problems: tuple[str, ...], *, one_unit: bool) -> MadeUp:
    """A made-up study of data of its own."""
    data = study(problems=problems, seeds=4)
    facts = json.loads(META["problem:parity"]) | {"pictures": {}, "own": OWN | {"one_unit": one_unit}}
    data.meta = {"backend": "numba"} | {f"problem:{name}": json.dumps(facts) for name in problems}
    return data


@pytest.mark.parametrize("problems", [("mine",), ("mine", "yours", "theirs")], ids=["one", "many"])
@pytest.mark.parametrize("one_unit", [True, False])
def test_the_chapter_on_data_reads_right(
    problems: tuple[str, ...], one_unit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastmlp.report.figures.svg.draw", lambda *_: Markup())
    data = own_study(problems, one_unit=one_unit)
    summary = summary_of(data)
    page = text_of_html(to_html(summary))
    assert page == text_of_markdown(to_markdown(summary))
    chapter = page.partition("in which direction would the judgement be wrong")[2].partition("What the seeds cover.")[0]
    source, target = (
        "known.npz (12,000 examples, 2 classes, hash 0a1b)",
        "=2|<b>$`{{1}}.npz (900 examples, 3 classes, hash 2c3d)",
    )
    assert chapter.count(f"The source task is in {source}, the target task in {target}") == len(problems)
    assert ("or less, where it hardly varied" in chapter) == one_unit
    assert "handwritten" not in chapter
    assert "There are 1797 examples" not in chapter

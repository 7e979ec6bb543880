"""All words are in one file per language, and each of them is used."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import fastmlp.lab
from fastmlp.lab.checks import CHECKS, FUNCTIONS
from fastmlp.lab.texts import texts

PACKAGE = Path(fastmlp.lab.__file__).parents[1]
SOURCES = "".join(
    path.read_text(encoding="utf-8") for path in (*(PACKAGE / "lab").rglob("*.py"), *(PACKAGE / "cli").rglob("*.py"))
)


def test_every_task_has_its_texts() -> None:
    assert set(texts()["tasks"]) == {str(task) for task in CHECKS}
    for words in texts()["tasks"].values():
        assert set(words) == {"title", "text", "explanation"}


def test_every_function_has_a_docstring_and_no_other() -> None:
    assert set(texts()["docstrings"]) == {name for names in FUNCTIONS.values() for name in names}


def test_every_check_has_three_hints_each_more_open() -> None:
    topics = {check.__name__.removeprefix("check_") for checks in CHECKS.values() for check in checks}
    assert set(texts()["hints"]) == topics
    for hints in texts()["hints"].values():
        assert len(set(hints)) == 3


@pytest.mark.parametrize("table", ["messages", "page", "shown", "statuses", "notebook"])
def test_every_text_is_used(table: str) -> None:
    unused = {key for key in texts()[table] if not re.search(rf"[\"\']{key}[\"\']", SOURCES)}
    assert not unused


@pytest.mark.parametrize("key", texts()["mistakes"])
def test_a_sentence_is_plain_and_ends(key: str) -> None:
    sentence = texts()["mistakes"][key]
    assert sentence.endswith((".", "?", ")."))
    assert len(sentence) < 160
    fields = {field for _, field, _, _ in string.Formatter().parse(sentence) if field}
    known = {"function", "error", "place", "what", "kind", "example"}
    assert fields <= known

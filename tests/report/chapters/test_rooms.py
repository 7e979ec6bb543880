"""A chapter is one room and one row: nothing of it is anywhere else, and nothing else needs it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fastmlp.report import chapters
from fastmlp.report.chapters import CONTENTS
from fastmlp.report.render import templates, to_markdown
from fastmlp.report.summary import Summary
from tests.report_data import large, study, summary_of

ROOMS = Path(chapters.__file__).parent
WORDS = templates() / "chapters"
NAMES = [chapter.name for chapter in CONTENTS]


def test_every_room_is_in_the_table_of_contents() -> None:
    assert {path.name for path in WORDS.iterdir()} == set(NAMES)
    assert {path.parent.name for path in ROOMS.glob("*/__init__.py")} <= set(NAMES)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_has_its_words_and_its_files_have_standard_names(name: str) -> None:
    assert (WORDS / name / "chapter.j2").is_file()
    known = {"chapter.j2", "sentences.j2", "exercises.j2", "appendix.j2", "absent.j2"}
    own = {path.name for path in (WORDS / name).iterdir()} - known
    text = "".join(path.read_text(encoding="utf-8") for path in (WORDS / name).iterdir())
    assert all(f"chapters/{name}/{other}" in text for other in own), "a file that no template of the room uses"


def test_no_chapter_imports_another() -> None:
    for path in ROOMS.glob("*/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                pytest.fail(f"{path.parent.name} imports {node.module} of the chapters beside it")
            if isinstance(node, ast.ImportFrom) and node.level >= 3:
                assert not (node.module or "").startswith("chapters"), f"{path} imports {node.module}"


def test_what_chapters_share_imports_none_of_them() -> None:
    for path in ROOMS.parent.rglob("*.py"):
        if ROOMS not in path.parents:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            assert not [name for name in modules if re.search(r"\bchapters\.\w", name)], path


def test_no_template_uses_that_of_another_chapter() -> None:
    for path in WORDS.glob("*/*.j2"):
        used = set(re.findall(r'"chapters/(\w+)/', path.read_text(encoding="utf-8")))
        assert used <= {path.parent.name}, path


@pytest.fixture(scope="module")
def summaries() -> list[Summary]:
    """What is said of many strategies and problems is said by other lines than what is said of few."""
    return [summary_of(large(seeds=2, sizes=(20, 50, 100), problems=("same", "halves"))), summary_of(study(seeds=2))]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"answer", "glossary", "references"}])
def test_a_book_can_do_without_any_chapter(name: str, summaries: list[Summary]) -> None:
    """But for the answer, which the page begins with, and the lists that terms and citations point to."""
    for summary in summaries:
        names = [other for other in summary["contents"] if other != name]
        rest = {other: summary["numbers"][other] for other in names}
        present = [other for other in summary["present"] if other != name]
        assert to_markdown({**summary, "contents": names, "present": present, "numbers": rest})

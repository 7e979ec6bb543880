"""The starter files are written once, and a student's work is never touched."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from fastmlp.lab import starter
from fastmlp.lab.checking import check
from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.notebook import Cell
from fastmlp.lab.starter import cells, solution, start, written
from fastmlp.lab.submission import load


def test_nothing_is_solved_at_the_start(tmp_path: Path) -> None:
    start(tmp_path)
    for name in ("lab.py", "lab.ipynb"):
        submission = load(tmp_path / name)
        assert submission.problems == []
        progress = check(namespace=submission.names)
        assert str(progress).endswith("0/6 solved")
        assert {outcome.key for outcome in progress.outcomes} == {"not_written"}


def test_a_students_work_is_kept(tmp_path: Path) -> None:
    start(tmp_path)
    for name in ("lab.py", "lab.ipynb"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert all("kept" in line for line in start(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_newer_version_comes_beside_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    newer = [*cells(), Cell("code", "new = 1")]
    monkeypatch.setattr(starter, "cells", lambda: newer)
    for _ in range(2):
        assert all("another version" in line for line in start(tmp_path))
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(files) == 4
    assert before.items() <= files.items()


@pytest.mark.parametrize("content", ["", "# mine\n", "{", '{"metadata": 3}'])
def test_a_file_of_ones_own_is_kept_too(tmp_path: Path, content: str) -> None:
    (tmp_path / "lab.ipynb").write_text(content)
    start(tmp_path)
    assert (tmp_path / "lab.ipynb").read_text() == content


@pytest.mark.parametrize("task", FUNCTIONS)
def test_a_solution_has_its_functions_docstrings_and_explanation(task: int) -> None:
    text = solution(task)
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert tuple(function.name for function in functions) == FUNCTIONS[task]
    assert all(ast.get_docstring(function) for function in functions)
    assert text.splitlines()[-1].startswith("# ")


@pytest.mark.parametrize("name", [name for names in FUNCTIONS.values() for name in names])
def test_a_starter_says_what_is_to_be_written(name: str) -> None:
    names: dict[str, Any] = {}
    exec(written(name, solved=False), names)
    function = names[name]
    with pytest.raises(NotImplementedError, match=f"{name} is yours to write"):
        function(*[None] * (function.__code__.co_argcount))


def test_the_notebook_has_what_its_format_asks_for(tmp_path: Path) -> None:
    start(tmp_path)
    notebook = json.loads((tmp_path / "lab.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | code

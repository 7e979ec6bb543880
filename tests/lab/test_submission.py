"""Student's files are loaded cell by cell, whatever some of the cells do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastmlp.errors import FastmlpError
from fastmlp.lab.checking import check
from fastmlp.lab.notebook import Cell, read_cells, to_notebook, to_percent
from fastmlp.lab.starter import cells
from fastmlp.lab.submission import load

ALL = range(1, 7)


@pytest.mark.parametrize("name", ["lab.py", "lab.ipynb"])
def test_a_solved_starter_is_loaded_and_solved(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text((to_percent if name.endswith(".py") else to_notebook)(cells(ALL)), encoding="utf-8")
    submission = load(path)
    assert submission.problems == []
    assert check(3, namespace=submission.names).solved == {3}


def test_both_formats_hold_the_same() -> None:
    starter = cells()
    of_notebook = read_cells("lab.ipynb", to_notebook(starter))
    of_file = read_cells("lab.py", to_percent(starter))[1:]
    assert [(cell.kind, cell.source) for cell in of_notebook] == [(cell.kind, cell.source) for cell in starter]
    for mine, theirs in zip(of_file, of_notebook, strict=True):
        assert mine.kind == theirs.kind
        text = mine.source.split("\n", 1)[1].strip()
        if mine.kind == "markdown":
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
        assert text == theirs.source


def test_a_cell_that_fails_does_not_keep_the_others(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text("# %%\nx = 1\ny = 1 / 0\nz = 2\n# %%\ndef broken(:\n# %%\nw = 3\nraise SystemExit(5)\nv = 4\n")
    submission = load(path)
    assert [submission.names.get(name) for name in "xyzwv"] == [1, None, 2, 3, 4]
    assert [problem.split(":")[0] for problem in submission.problems] == [
        "lab.py, line 3",
        "lab.py, line 6",
        "lab.py, line 9",
    ]


def test_magics_of_a_notebook_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lab.ipynb"
    path.write_text(to_notebook([Cell("code", "%matplotlib inline\n!ls\nx = 1\nif x:\n    %timeit x\ny = 2")]))
    submission = load(path)
    assert submission.problems == []
    assert submission.names["y"] == 2


def test_an_error_names_the_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text("# %%\n\ndef split(y, sizes, rng):\n    return y.nothing\n")
    outcome = check(1, namespace=load(path).names).outcomes[0]
    assert "line 4, return y.nothing" in outcome.sentence


def test_checks_in_a_file_wait_until_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text("from fastmlp.lab import check\nseen = check()\n")
    assert load(path).names["seen"].outcomes == []


def test_dataclasses_can_be_defined(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n"
    )
    assert load(path).problems == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"cells": 3}',
        '{"cells": [{"cell_type": "code"}]}',
        "[" * 100_000,
        json.dumps({"cells": [1]}),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lab.ipynb"
    path.write_text(text)
    with pytest.raises(FastmlpError, match="notebook"):
        load(path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * 5_000_001, None])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "lab.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FastmlpError, match=r"lab\.py"):
        load(path)

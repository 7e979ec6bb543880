"""The commands of the lab: what they print, write and end with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastmlp.cli import main
from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.notebook import to_notebook, to_percent
from fastmlp.lab.starter import cells
from fastmlp.lab.texts import texts

ROOT = Path(__file__).parents[2]


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    path = tmp_path / "lab.py"
    path.write_text(to_percent(cells(FUNCTIONS)), encoding="utf-8")
    return path


def test_from_start_to_six_of_six(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "start"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lab.ipynb", "lab.py"]
    capsys.readouterr()
    assert main(["lab", "check"]) == 1
    assert capsys.readouterr().out.endswith("0/6 solved\n")
    for task in FUNCTIONS:
        Path("lab.py").write_text(to_percent(cells(range(1, task + 1))), encoding="utf-8")
        assert main(["lab", "check", "--task", str(task)]) == 0
        assert "is solved" in capsys.readouterr().out
    assert main(["lab", "check"]) == 0
    assert capsys.readouterr().out.endswith("6/6 solved\n")


def test_a_notebook_is_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lab.ipynb"
    path.write_text(to_notebook(cells([1])), encoding="utf-8")
    assert main(["lab", "check", str(path)]) == 1
    assert capsys.readouterr().out.endswith("1/6 solved\n")


def test_a_hint_comes_when_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["lab", "start", str(tmp_path)])
    capsys.readouterr()
    main(["lab", "check", str(tmp_path / "lab.py"), "--task", "1"])
    assert "--task 1 --hint 1" in capsys.readouterr().out
    main(["lab", "check", str(tmp_path / "lab.py"), "--task", "1", "--hint", "2"])
    assert texts()["hints"]["split"][1] in capsys.readouterr().out


def test_a_seed_shows_the_same_again(solved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    solved.write_text(solved.read_text(encoding="utf-8").replace("dz /= n\n", "dz = 1.0 * dz\n"), encoding="utf-8")
    said = []
    for _ in range(2):
        assert main(["lab", "check", str(solved), "--task", "3", "--seed", "5"]) == 1
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_a_missing_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "check", str(tmp_path / "lab.py")]) == 2
    assert "lab.py" in capsys.readouterr().err


def test_a_solution_is_shown_when_the_task_is_solved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lab.py"
    path.write_text(to_percent(cells([1])), encoding="utf-8")
    assert main(["lab", "solution", "1", str(path)]) == 0
    assert "def split" in capsys.readouterr().out
    assert main(["lab", "solution", "2", str(path)]) == 1
    out, err = capsys.readouterr()
    assert "def baseline" not in out
    assert "--reveal" in err
    assert main(["lab", "solution", "2", str(path), "--reveal"]) == 0
    assert "def baseline" in capsys.readouterr().out


def test_watch_checks_at_once_and_on_each_save(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text(to_percent(cells()), encoding="utf-8")
    words = [sys.executable, "-m", "fastmlp", "lab", "watch", str(path), "--task", "1", "--checks", "2"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "not yet" in line:
                time.sleep(0.1)
                beside = path.with_name("new")  # as editors save
                beside.write_text(to_percent(cells([1])), encoding="utf-8")
                beside.replace(path)
        assert process.wait(60) == 0
    text = "".join(seen)
    assert text.index("Task 1, Split and scale: not yet.") < text.index("Task 1 is solved")


def test_grades_are_a_table_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "=<b onload=x>.py").write_text("def split(y, sizes, rng):\n    raise ValueError('<script>')\n")
    assert main(["lab", "grade", str(folder), "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert out.split() == [str(tmp_path / "out" / "grades.csv"), str(tmp_path / "out" / "grades.html")]
    assert "0/6" in err
    page = (tmp_path / "out" / "grades.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b onload" not in page
    assert "&lt;script&gt;" in page
    assert "\n'=<b onload=x>," in (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8")

"""Submissions that loop, fork, eat memory or cheat are graded as what they are, and harm nothing.

Each grading starts an interpreter, so what can be tried side by side is tried in one submission.
"""

from __future__ import annotations

import csv
import io
import os
import socket
import subprocess
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fastmlp.errors import FastmlpError
from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.grading import grade_folder, to_csv
from fastmlp.lab.grading.grade import Grade, grade_one
from fastmlp.lab.grading.guard import changed_since, fingerprint
from fastmlp.lab.grading.sandbox import isolation
from fastmlp.lab.grading.submissions import Found, find
from fastmlp.lab.notebook import Cell, to_notebook, to_percent
from fastmlp.lab.starter import cells

from .submissions import SOLUTION

SOLVED = to_percent(cells(FUNCTIONS))
ALL = frozenset(FUNCTIONS)


def graded(code: str, seconds: float = 120, suffix: str = ".py") -> Grade:
    """Grade a submission."""
    return grade_one(Found("somebody", "lab.py", suffix, code), seconds)


FORK = "import os\ntry:\n    while True:\n        os.fork()\nexcept OSError:\n    pass\n"
LINES = "for _ in range(10**6):\n    print('x' * 50)\n"
CHECK = "def check(*_, **__):\n    return '6/6 solved'\n"


@pytest.mark.parametrize("solved", [frozenset(), ALL], ids=["starter", "solved"])
def test_who_forks_and_prints_a_million_lines_and_replaces_check_solves_what_is_solved(solved: frozenset[int]) -> None:
    code = [Cell("code", FORK), Cell("code", LINES), *cells(solved), Cell("code", CHECK)]
    written, suffix = (to_notebook(code), ".ipynb") if solved else (to_percent(code), ".py")
    grade = graded(written, suffix=suffix)
    assert (grade.status, grade.solved, set(grade.seen), grade.note) == ("ok", solved, set(ALL - solved), "")


def test_a_loop_costs_the_task_that_it_is_in() -> None:
    start = time.monotonic()
    grade = graded(SOLUTION + "\ndef scratch(*_):\n    while True:\n        pass\n", seconds=40)
    assert grade.status == "timeout"
    assert grade.solved >= {1, 2, 3, 5}
    assert grade.seen[4] == "It took more than 5 seconds."
    assert time.monotonic() - start < 50


def test_a_loop_that_catches_everything_is_ended() -> None:
    code = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n"
    start = time.monotonic()
    grade = graded(code, seconds=4)
    assert (grade.status, grade.solved) == ("timeout", frozenset())
    assert time.monotonic() - start < 14


def test_a_process_that_sleeps_is_ended() -> None:
    grade = graded("import time\ntime.sleep(10**6)\n", seconds=6)
    assert grade.status == "timeout"


def test_memory_is_limited() -> None:
    grade = graded(SOLUTION + "\ndef split(y, sizes, rng):\n    return [np.ones(10**9) for _ in range(50)]\n")
    assert grade.status == "memory"
    assert "MemoryError" in grade.seen[1]
    assert 3 in grade.solved


@pytest.mark.parametrize("end", ["import os\n    os._exit(0)", "import os\n    os.abort()"])
def test_a_process_that_ends_is_not_graded(end: str) -> None:
    grade = graded(SOLUTION + "\ndef split(*_):\n    " + end)
    assert (grade.status, grade.solved) == ("crashed", frozenset())


def test_who_reads_the_solutions_is_not_graded() -> None:
    ways = (
        "import fastmlp.lab, pathlib\npathlib.Path(fastmlp.lab.__file__).with_name('solutions.py').read_text()",
        "from fastmlp.lab.starter import solution\nsolution(1)",
        "from fastmlp.lab.solutions import *",
        "import fastmlp.lab, os\nos.open(os.path.dirname(fastmlp.lab.__file__) + '/solutions.py', 0)",
    )
    grade = graded(SOLVED + "\n# %%\n" + "\n".join(ways))
    assert (grade.status, grade.solved) == ("read_solutions", frozenset())
    assert grade.note.count("the solutions are closed") == len(ways)


class Change(NamedTuple):
    """A change of what grades, and as a statement of a submission."""

    name: str
    value: object
    statement: str


CHANGES = [
    Change("fastmlp.lab.check", print, "import fastmlp.lab\nfastmlp.lab.check = print"),
    Change(
        "fastmlp.lab.checks.split._check_sizes",
        print,
        "import fastmlp.lab.checks.split as s\ns._check_sizes = lambda *_: None",
    ),
    Change(
        "fastmlp.lab.checking.check_task.__code__",
        (lambda *_: None).__code__,
        "import fastmlp.lab.checking as c\nc.check_task.__code__ = (lambda *_: None).__code__",
    ),
    Change(
        "fastmlp.lab.student.Student.call",
        print,
        "import fastmlp.lab.student as s\ns.Student.call = lambda *_: 1",
    ),
    Change("numpy.allclose", np.isclose, "import numpy as np\nnp.allclose = lambda *_, **__: True"),
    Change("builtins.abs", round, "import builtins\nbuiltins.abs = lambda _: 0"),
]


def test_who_changes_the_checks_is_not_graded() -> None:
    grade = graded(SOLVED + "\n# %%\n" + "\n".join(change.statement for change in CHANGES))
    assert (grade.status, grade.solved) == ("tampered", frozenset())
    assert grade.note


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_each_change_of_what_grades_is_noticed(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    assert changed_since(before) == []
    monkeypatch.setattr(change.name, change.value)
    changed = changed_since(before)
    monkeypatch.undo()
    assert change.name.removesuffix(".__code__") in changed


class Intruder(NamedTuple):
    """A submission that tries what it may not, and how it was graded."""

    grade: Grade
    precious: Path
    connected: bool
    attempts: int


FORGED = """import json, os
line = json.dumps({'task': 1, 'key': '', 'sentence': '', 'numbers': '', 'tried': [], 'changed': [], 'token': ''})
for pipe in range(3, 50):
    try:
        os.write(pipe, line.encode() + b'\\n')
    except OSError:
        pass
"""
OF_FILES = ("p.write_text('gone')", "p.unlink()", "p.rename('x')", "shutil.rmtree(p.parent)", "os.truncate(p, 0)")


@pytest.fixture(scope="module")
def intruder(tmp_path_factory: pytest.TempPathFactory) -> Intruder:
    """Grade a submission that goes for the pipe, files of others, the environment, the network and foreign code."""
    precious = tmp_path_factory.mktemp("teacher") / "precious"
    precious.write_text("here")
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as server:
        patch.setenv("PRECIOUS_TOKEN", "secret")
        tried = (
            *OF_FILES,
            "os.environ['PRECIOUS_TOKEN']",
            f"socket.create_connection(('127.0.0.1', {server.getsockname()[1]}))",
            "import ctypes; ctypes.string_at(0)",
        )
        imports = f"import os, pathlib, shutil, socket\np = pathlib.Path({str(precious)!r})\n"
        grade = graded(f"{FORGED}{imports}" + "\n".join(tried) + "\nopen('mine', 'w').write('x')\n", seconds=60)
        server.settimeout(0)
        try:
            server.accept()
        except BlockingIOError:
            return Intruder(grade, precious, connected=False, attempts=len(tried))
        return Intruder(grade, precious, connected=True, attempts=len(tried))


def test_all_that_is_forbidden_is_refused_and_said(intruder: Intruder) -> None:
    assert intruder.grade.note.count("lab.py, line ") == intruder.attempts
    assert "ctypes.string_at: a submission starts no processes" in intruder.grade.note


def test_a_result_that_the_submission_writes_is_not_believed(intruder: Intruder) -> None:
    assert (intruder.grade.status, intruder.grade.solved) == ("ok", frozenset())


def test_files_outside_are_left_alone(intruder: Intruder) -> None:
    assert intruder.precious.read_text() == "here"
    assert [path.name for path in intruder.precious.parent.iterdir()] == ["precious"]


def test_there_is_no_network(intruder: Intruder) -> None:
    assert not intruder.connected


def test_nothing_of_the_teachers_is_seen(intruder: Intruder) -> None:
    assert "KeyError: 'PRECIOUS_TOKEN'" in intruder.grade.note


def test_no_process_is_left(tmp_path: Path) -> None:
    """Compiled code can fork where the audit hook does not see it: the namespace ends what was started."""
    if not isolation().prefix:
        pytest.skip("there are no namespaces for processes here")
    mark, started = f"fastmlp-left-{os.getpid()}", tmp_path / "started"
    nothing = ", ".join(["-1"] * 6)
    code = (
        "import _posixsubprocess, os\nr, w = os.pipe()\n_posixsubprocess.fork_exec("
        f"[b'/bin/sh', b'-c', b'touch {started}; sleep 300; : {mark}'], [b'/bin/sh'],"
        f" True, (w,), None, None, {nothing}, r, w, False, True, -1, None, None, None, -1, None, False)\n"
    )
    code += f"import os, time\nwhile not os.path.exists({str(started)!r}):\n    time.sleep(0.1)\n"
    graded(code, seconds=60)
    assert started.exists(), "nothing was started, so nothing is shown"
    assert mark not in subprocess.run(["ps", "ax"], capture_output=True, text=True, check=True).stdout


def test_submissions_are_found_in_every_shape(tmp_path: Path) -> None:
    starter = to_percent(cells())
    (tmp_path / "anna.py").write_text("a")
    (tmp_path / "bert" / "lab1").mkdir(parents=True)  # as nbgrader has them
    (tmp_path / "bert" / "lab1" / "lab.ipynb").write_text("b")
    (tmp_path / "carl").mkdir()
    (tmp_path / "carl" / "lab.py").write_text("c")
    (tmp_path / "carl" / "zz_starter.py").write_text(starter)
    with zipfile.ZipFile(tmp_path / "dora.zip", "w") as archive:  # as otter exports
        archive.writestr("folder/lab.ipynb", "d")
    (tmp_path / "empty").mkdir()
    (tmp_path / "fake.zip").write_text("no archive")
    (tmp_path / "link.py").symlink_to(tmp_path / "anna.py")
    (tmp_path / ".hidden.py").write_text("x")
    (tmp_path / "readme.txt").write_text("x")
    found = {one.name: (one.text, bool(one.problem)) for one in find(tmp_path)}
    assert found == {
        "anna": ("a", False),
        "bert": ("b", False),
        "carl": ("c", False),
        "dora": ("d", False),
        "empty": ("", True),
        "fake": ("", True),
        "link.py": ("", True),
    }


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_folder_is_needed(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FastmlpError, match=name):
        grade_folder(tmp_path / name)


def test_a_spreadsheet_finds_no_formula() -> None:
    grades = [Grade(name, "f", "ok", seen={1: name}) for name in ("=1+1", "+1", "-1", "@x", "\t=1", "a\n=1", "plain")]
    rows = list(csv.reader(io.StringIO(to_csv(grades))))
    assert len(rows) == len(grades) + 1
    for row in rows[1:]:
        assert row[0] == row[10]
        assert row[0][0] not in "=+-@\t\n"

"""Submissions that loop, fork, eat memory or cheat are graded as what they are, and harm nothing."""

from __future__ import annotations

import csv
import io
import os
import socket
import subprocess
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fastmlp.errors import FastmlpError
from fastmlp.lab.checks import FUNCTIONS
from fastmlp.lab.grading import grade_folder, to_csv
from fastmlp.lab.grading.grade import Grade, grade_one
from fastmlp.lab.grading.sandbox import isolation
from fastmlp.lab.grading.submissions import Found, find
from fastmlp.lab.notebook import to_notebook, to_percent
from fastmlp.lab.starter import cells

from .submissions import SOLUTION

SOLVED = to_percent(cells(FUNCTIONS))
ALL = frozenset(FUNCTIONS)


def graded(code: str, seconds: float = 120, suffix: str = ".py") -> Grade:
    """Grade a submission."""
    return grade_one(Found("somebody", "lab.py", suffix, code), seconds)


def test_a_right_submission_solves_all() -> None:
    grade = graded(SOLVED)
    assert (grade.status, grade.solved, grade.seen, grade.note) == ("ok", ALL, {}, "")


def test_a_notebook_does_too() -> None:
    assert graded(to_notebook(cells(FUNCTIONS)), suffix=".ipynb").solved == ALL


def test_an_untouched_starter_solves_nothing() -> None:
    grade = graded(to_percent(cells()))
    assert (grade.status, grade.solved) == ("ok", frozenset())
    assert set(grade.seen) == ALL


FORK = "import os\ntry:\n    while True:\n        os.fork()\nexcept OSError:\n    pass\n"
LINES = "for _ in range(10**6):\n    print('x' * 50)\n"
CHECK = "def check(*_, **__):\n    return '6/6 solved'\nimport fastmlp.lab\n"


@pytest.mark.parametrize("extra", [FORK, LINES, CHECK], ids=["forks", "prints a million lines", "replaces check"])
def test_what_does_no_harm_solves_nothing_either(extra: str) -> None:
    assert graded(extra).solved == frozenset()


def test_a_right_submission_that_does_all_of_it_is_still_right() -> None:
    assert graded(f"{FORK}\n# %%\n{LINES}\n# %%\n{SOLVED}\n# %%\n{CHECK}").solved == ALL


def test_a_loop_costs_the_task_that_it_is_in() -> None:
    code = SOLUTION + "\ndef scratch(*_):\n    while True:\n        pass\n"
    start = time.monotonic()
    grade = graded(code, seconds=80)
    assert grade.status == "timeout"
    assert grade.solved >= {1, 2, 3, 5}
    assert 4 not in grade.solved
    assert time.monotonic() - start < 90


def test_a_loop_that_catches_everything_is_ended(tmp_path: Path) -> None:
    code = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n"
    start = time.monotonic()
    grade = graded(code, seconds=8)
    assert (grade.status, grade.solved) == ("timeout", frozenset())
    assert time.monotonic() - start < 20


def test_a_process_that_sleeps_is_ended() -> None:
    grade = graded("import time\ntime.sleep(10**6)\n", seconds=6)
    assert grade.status == "timeout"


def test_memory_is_limited() -> None:
    grade = graded(SOLUTION + "\ndef split(y, sizes, rng):\n    return [np.ones(10**9) for _ in range(50)]\n")
    assert grade.status == "memory"
    assert "MemoryError" in grade.seen[1]
    assert 3 in grade.solved


@pytest.mark.parametrize(
    "end",
    ["import os\nos._exit(0)", "import os, signal\nsignal.raise_signal(9)", "import ctypes\nctypes.string_at(0)"],
)
def test_a_process_that_ends_is_not_graded(end: str) -> None:
    assert graded("def split(*_):\n    " + end.replace("\n", "\n    ")).solved == frozenset()


@pytest.mark.parametrize(
    "code",
    [
        "import fastmlp.lab, pathlib\npathlib.Path(fastmlp.lab.__file__).with_name('solutions.py').read_text()",
        "from fastmlp.lab.starter import solution\nsolution(1)",
        "from fastmlp.lab.solutions import *",
        "import fastmlp.lab, os\nos.open(os.path.dirname(fastmlp.lab.__file__) + '/solutions.py', 0)",
    ],
)
def test_who_reads_the_solutions_is_not_graded(code: str) -> None:
    grade = graded(code)
    assert (grade.status, grade.solved) == ("read_solutions", frozenset())


@pytest.mark.parametrize(
    "code",
    [
        "import fastmlp.lab.checks.split as s\ns._check_sizes = lambda *_: None",
        "import fastmlp.lab.checking as c\nc.check_task.__code__ = (lambda *_: None).__code__",
        "import fastmlp.lab.student as s\ns.Student.call = lambda *_: 1",
        "import numpy as np\nnp.allclose = lambda *_, **__: True",
        "import builtins\nbuiltins.abs = lambda _: 0",
    ],
)
def test_who_changes_the_checks_is_not_graded(code: str) -> None:
    grade = graded(code)
    assert (grade.status, grade.solved) == ("tampered", frozenset())
    assert grade.note


def test_a_result_that_the_submission_writes_is_not_believed() -> None:
    forged = (
        "import json, os\nline = json.dumps({'task': 1, 'key': '', 'sentence': '',"
        " 'numbers': '', 'tried': [], 'changed': [], 'token': ''})\nfor pipe in range(3, 50):\n    try:\n"
        "        os.write(pipe, line.encode() + b'\\n')\n    except OSError:\n        pass\n"
    )
    assert graded(forged).solved == frozenset()


def test_files_outside_are_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("here")
    code = f"import os, pathlib, shutil\np = pathlib.Path({str(precious)!r})\n"
    attempts = ("p.write_text('gone')", "p.unlink()", "p.rename('x')", "shutil.rmtree(p.parent)", "os.truncate(p, 0)")
    grade = graded(code + "\n".join(attempts) + "\nopen('mine', 'w').write('x')\n")
    assert precious.read_text() == "here"
    assert grade.note.count("Error") == len(attempts)


def test_there_is_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(8)
        connected: list[Any] = []

        def listen() -> None:
            with suppress(TimeoutError):
                connected.append(server.accept())

        thread = threading.Thread(target=listen)
        thread.start()
        grade = graded(
            f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}))\n", seconds=60
        )
        thread.join()
    assert not connected
    assert "Error" in grade.note


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


def test_nothing_of_the_teachers_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECIOUS_TOKEN", "secret")
    assert "KeyError" in graded("import os\nos.environ['PRECIOUS_TOKEN']\n").note


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

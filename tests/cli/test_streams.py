"""Standard streams that are closed, full or broken: the right exit code, one line if it can be read, no traceback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

import fastmlp
from fastmlp.cli.console import log_on_stderr
from fastmlp.report import render
from fastmlp.study.settings.load import from_dict, to_toml

from ..made_up_study import SMALL

ROOT = Path(__file__).parents[2]
FULL = Path("/dev/full")
FAULTS = ("closed", "full", "pipe")
SHELL = {"closed": ">&-", "full": ">/dev/full"}
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": "1"}
WHY = {"closed": "it is closed", "full": "No space left on device"}
TINY = SMALL | {"grid": SMALL["grid"] | {"seeds": 1, "sizes": [20], "strategies": ["scratch", "frozen"]}}

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="/dev/full is a device of Linux")

# Words of a command, and whether it writes to stdout
COMMANDS: dict[str, tuple[list[str], bool]] = {
    "help": (["--help"], True),
    "version": (["--version"], True),
    "status": (["status", "out"], True),
    "diff": (["diff", "out", "out"], True),
    "report": (["report", "out"], True),
    "export as CSV": (["export", "out", "-f", "csv"], True),
    "export to -": (["export", "out", "-f", "csv", "-o", "-"], True),
    "export to a file": (["export", "out", "-f", "csv", "-o", "t.csv"], False),
    "study": (["study", "out/study.toml", "--out", "out", "--backend", "numpy"], True),
    "doctor": (["doctor"], True),
    "warmup": (["warmup"], False),
    "no command": ([], False),
    "wrong usage": (["status"], False),
    "no study": (["status", "nowhere"], False),
}
CODES = {"no command": 2, "wrong usage": 2, "no study": 3}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished study in out/."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "mine.toml").write_text(to_toml(from_dict(TINY)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "render_report", lambda *_: None)
        fastmlp.run_study(folder / "mine.toml", folder / "out", backend="numpy", jobs=1)
    return folder


def run(folder: Path, words: list[str], stdout: str = "", stderr: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command whose streams a shell closes or redirects."""
    shell = f'exec "$0" "$@" {SHELL.get(stdout, "")} {SHELL.get(stderr, "").replace(">", "2>", 1)}'
    return subprocess.run(
        ["sh", "-c", shell, sys.executable, "-m", "fastmlp", *words],
        cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@dataclass(frozen=True)
class Done:
    """How a command has ended, and what it wrote to the stream that was not broken."""

    code: int
    text: str


@pytest.fixture(scope="module")
def done(here: Path) -> dict[str, Done]:
    """Every command with every fault of every stream, by `identity`, and a new study that can write to neither."""
    cases = []
    for command, (words, _) in COMMANDS.items():
        for stream, how in product(("stdout", "stderr"), FAULTS):
            name = identity(command, stream, how)
            cases.append((name, words, *((how, name) if stream == "stdout" else (name, how))))
    cases.append((UNHEARD, new_study(UNHEARD), "full", "full"))
    (here / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    driver = [sys.executable, "-m", "tests.cli.many_commands", "cases.json"]
    subprocess.run(driver, cwd=here, env=ENVIRONMENT, check=True, timeout=300)
    codes = json.loads((here / "codes.json").read_text())
    said = {name: (here / name).read_text() if (here / name).is_file() else "" for name in codes}
    return {name: Done(code, said[name]) for name, code in codes.items()}


UNHEARD = "a study with full streams"


def new_study(out: str) -> list[str]:
    """The words of a study that is not there yet."""
    return ["study", "mine.toml", "--out", out, "--backend", "numpy", "--jobs", "2"]


def identity(command: str, stream: str, how: str) -> str:
    return f"{command}, {stream} {how}"


@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_cannot_be_written_has_a_code_of_its_own(done: dict[str, Done], command: str, how: str) -> None:
    ended, writes = done[identity(command, "stdout", how)], COMMANDS[command][1]
    expected = CODES.get(command, 0)
    if writes:
        expected = 141 if how == "pipe" else 74
    assert ended.code == expected, ended.text
    assert "Traceback" not in ended.text
    assert "Exception ignored" not in ended.text
    if writes and how != "pipe":
        assert ended.text.splitlines()[-1] == f"fastmlp: stdout cannot be written to: {WHY[how]}"
    if command == "study":
        assert ended.text.splitlines()[:2] == ["2 trials: 2 ok", "report: out/report.html"]


@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_messages_that_cannot_be_written_change_nothing(done: dict[str, Done], command: str, how: str) -> None:
    ended = done[identity(command, "stderr", how)]
    assert ended.code == CODES.get(command, 0)
    assert bool(ended.text) == COMMANDS[command][1]


@pytest.mark.parametrize(("how", "code"), [("closed", 74), ("full", 74)])
def test_a_shell_sees_what_the_many_commands_see(here: Path, how: str, code: int) -> None:
    refused = run(here, ["status", "out"], stdout=how)
    assert (refused.returncode, refused.stderr) == (code, f"fastmlp: stdout cannot be written to: {WHY[how]}\n")
    assert run(here, ["status", "out"], stderr=how).returncode == 0


def test_a_study_that_nobody_hears_is_finished_all_the_same(here: Path, done: dict[str, Done]) -> None:
    closed = "a study with closed streams"  # with its report, whose libraries may say something too
    assert run(here, new_study(closed), "closed", "closed").returncode == done[UNHEARD].code == 74
    for out in (here / closed, here / UNHEARD):
        written = {path.name for path in out.iterdir()}
        assert {"study.toml", "study.sqlite", "results.csv", "report.html", "report.md"} <= written
        assert len((out / "results.csv").read_text().splitlines()) == 3


def test_a_store_never_gets_the_number_of_a_closed_stream(here: Path, tmp_path: Path) -> None:
    """What is printed to a stream must not land in a file that was opened in its place."""
    code = (
        "import os, sys; from fastmlp.cli.console import usable_streams\n"
        "with usable_streams():\n"
        "    sys.exit(0 if os.open('store', os.O_CREAT | os.O_WRONLY) > 2 else 9)"
    )
    for closed in (">&-", "2>&-", "<&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-c", code], cwd=tmp_path, check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0


def test_an_error_that_nobody_foresaw_is_not_taken_for_trials_that_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastmlp.cli import main

    monkeypatch.setattr("fastmlp.study.doctor.examine", lambda: 1 / 0)
    assert main(["doctor"]) == 70
    assert "ZeroDivisionError: division by zero\nfastmlp: this is an error in fastmlp itself" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["-", "/dev/stdout", "/dev/fd/1"])
def test_export_to_stdout_writes_no_file(here: Path, place: str) -> None:
    before = {path.name for path in here.iterdir()}
    done = run(here, ["export", "out", "-f", "csv", "-o", place])
    assert (done.returncode, done.stdout) == (0, (here / "out" / "results.csv").read_text())
    assert {path.name for path in here.iterdir()} == before


def test_export_writes_into_what_is_there_and_is_no_file(here: Path) -> None:
    os.mkfifo(here / "fifo")
    with subprocess.Popen(["cat", "fifo"], cwd=here, stdout=subprocess.PIPE, text=True) as reader:
        assert run(here, ["export", "out", "-f", "csv", "-o", "fifo"]).returncode == 0
        assert reader.communicate(timeout=60)[0] == (here / "out" / "results.csv").read_text()
    assert (here / "fifo").is_fifo()
    done = run(here, ["export", "out", "-f", "csv", "-o", "/dev/full"])
    assert (done.returncode, done.stderr) == (74, "fastmlp: /dev/full cannot be written to: No space left on device\n")
    assert FULL.is_char_device()
    (here / "link.csv").symlink_to("linked.csv")
    assert run(here, ["export", "out", "-f", "csv", "-o", "link.csv"]).returncode == 0
    assert (here / "link.csv").is_symlink()
    assert (here / "linked.csv").read_text() == (here / "out" / "results.csv").read_text()


def test_the_log_is_shown_on_stderr_as_long_as_a_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("fastmlp")
    with log_on_stderr():
        log.info("compiled %s in %.1f s", "train", 4.25)
    log.info("nobody asked")
    assert capsys.readouterr() == ("", "fastmlp: compiled train in 4.2 s\n")

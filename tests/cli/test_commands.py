"""The command line: what goes where, exit codes, words."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import monotonic
from typing import Any

import pytest

import fastmlp
from fastmlp.cli import exit_codes, main, progress
from fastmlp.cli.progress import Meter
from fastmlp.errors import StoreError
from fastmlp.report import render
from fastmlp.study import doctor
from fastmlp.study.execution import scheduler
from fastmlp.study.execution.scheduler import Progress, note_workers
from fastmlp.study.settings.load import from_dict, shipped, to_toml
from fastmlp.study.store import Store
from fastmlp.study.store.outcome import Outcome

from ..made_up_study import SMALL, made_up_plan
from ..report_text import html_of_markdown

ROOT = Path(__file__).parents[2]
COMMANDS = ("study", "report", "diff", "status", "verdicts", "export", "splits", "merge", "lab", "warmup", "doctor")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no reports."""
    monkeypatch.setattr(render, "render_report", lambda _, out: (out / "report.html", out / "report.md"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study with nothing missing."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "render_report", lambda *_: None)
        fastmlp.run_study(SMALL, folder, backend="numpy", jobs=1)
    return folder


def settings_file(folder: Path, changes: Mapping[str, Any] = {}) -> str:
    path = folder / "mine.toml"
    path.write_text(to_toml(from_dict(SMALL | dict(changes))), encoding="utf-8")
    return str(path)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    words = [sys.executable, "-m", "fastmlp", *arguments]
    return subprocess.run(
        words, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_study_prints_its_table_on_stdout_and_the_rest_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["study", settings_file(tmp_path), "--out", str(out), "--backend", "numpy", "--jobs", "2"]) == 0
    data, said = capsys.readouterr()
    title, header, *lines = data.splitlines()
    assert title.startswith("parity: mean accuracy on held-out data")
    assert header.split() == ["20", "30"]
    assert [line.split()[0] for line in lines] == SMALL["grid"]["strategies"]
    assert all(re.fullmatch(r"\S+ +0\.\d{3} \(2\) +0\.\d{3} \(2\)", line) for line in lines)
    assert said.splitlines()[-2:] == ["16 trials: 16 ok", f"report: {out}/report.html"]


def test_options_change_the_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "study",
        settings_file(tmp_path, {"grid": SMALL["grid"] | {"seeds": 5, "sizes": [20, 25, 30, 35]}}),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*words, "--backend", "numpy", "--quick", "--seeds", "1"]) == 0
    assert "12 trials: 12 ok" in capsys.readouterr().err


def test_trials_that_diverge_are_counted_and_give_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = settings_file(tmp_path, {"training": {"lr": 1e6, "epochs": 3}})
    assert main(["study", path, "--out", str(tmp_path / "out"), "--backend", "numpy"]) == 1
    data, said = capsys.readouterr()
    assert "16 trials: 4 ok, 12 diverged" in said
    assert re.search(r"frozen +- +-\n", data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[training]\nlr = -1\n", r"mine\.toml: training\.lr: must be above 0, not -1"),
        ("grid.sizes = []\n", r"mine\.toml: grid\.sizes: must be a list of at least 1 entry, not \[\]"),
        ("seeds = 1\n", r"mine\.toml: seeds: there is no such setting; did you mean 'grid\.seeds' or .*"),
        (
            "grid.sizes = [600]\n",
            r"mine\.toml: grid\.sizes\[0\]: is 600; the target pool of 'parity' holds 500 examples; .* would do",
        ),
        ("seeds = \n", r"mine\.toml: is no TOML: Invalid value \(at line 1, column 9\)"),
    ],
    ids=["rate", "empty", "unknown", "pool", "syntax"],
)
def test_settings_are_refused_in_one_line_before_anything_is_written(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    assert main(["study", str(path), "--out", str(tmp_path / "out")]) == 2
    data, said = capsys.readouterr()
    assert data == ""
    assert re.fullmatch(rf"fastmlp: \S*{message}\n", said)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "lba"], "did you mean 'lab'?"),
        (["study", ""], "'' is not a path"),
        (["study", "."], "cannot be read"),
        (["study", "/dev/null/x.toml"], "cannot be read"),
        (["study", "\udcff.toml"], "cannot be read"),
        (["study", "lab", "book"], "Got unexpected extra argument (book)"),
        (["study", "--seeds", "0"], "must be a number of seeds, or a range such as '20-39', not '0'"),
        (["study", "--seeds", "39-20"], "or a range such as '20-39', not '39-20'"),
        (["study", "--seeds", "9" * 30], "grid.seeds: must be at most 1000000, not 99999"),
        (["study", "--seeds", "9" * 5000], "or a range such as '20-39', not '999"),
        (["study", "--jobs", "none"], "'none' is not a valid integer"),
        (["study", "--jobs", "-1"], "-1 is not in the range x>=1"),
        (["study", "--jobs", ""], "'' is not a valid integer"),
        (["study", "--backend", "cuda"], "'cuda' is not one of 'auto', 'numba', 'numpy', 'torch'"),
        (["study", "--backend"], "Option '--backend' requires an argument"),
        (["study", "--quik"], "'--quik'. Did you mean '--quick'? (see fastmlp study --help)"),
        (["study", "--quick=yes"], "Option '--quick' does not take a value"),
        (["study", "--out", ""], "'' is not a path"),
        (["study", "--out", "/proc/fastmlp"], "/proc/fastmlp: cannot be written to"),
        (["study", "--out", __file__], "is a file; a study needs a folder"),
        (["stduy"], "No such command 'stduy'"),
        (["status"], "Missing argument 'DIR'"),
        (["status", ""], "'' is not a path"),
        (["status", "a", "b"], "Got unexpected extra argument (b)"),
        (["report", ""], "'' is not a path"),
        (["diff", "a"], "Missing argument 'DIR'"),
        (["diff", "a", ""], "'' is not a path"),
        (["export", "out"], "Missing option '--format'"),
        (["export", "out", "-f", "xlsx"], "'xlsx' is not one of 'csv', 'jsonl', 'parquet'"),
        (["export", "out", "-f", "csv", "-o", ""], "'' is not a path"),
        (["export", "out", "-f", "csv", "-o", "."], "is a folder; a file is needed"),
        (["export", "out", "-f", "csv", "-o", "none/t.csv"], "none: cannot be written to: No such file or directory"),
        (["warmup", "now"], "Got unexpected extra argument (now)"),
        (["doctor", "--json"], "No such option"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else None,
)
def test_wrong_usage_gives_2_and_writes_nothing(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    data, said = capsys.readouterr()
    assert data == ""
    assert re.fullmatch(r"fastmlp: .*\n", said), "one line"
    assert len(said) < 600
    assert message in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["status"], ["report"], ["export", "--format", "csv"]], ids=lambda words: words[0])
def test_no_study_gives_3(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, str(tmp_path)]) == 3
    assert f"{tmp_path}/study.sqlite: there is no such file" in capsys.readouterr().err


def test_a_damaged_store_gives_3_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.sqlite").write_bytes(b"garbage" * 1000)
    for words in (["study", settings_file(tmp_path), "--out"], ["status"], ["report"]):
        assert main([*words, str(tmp_path)]) == 3
        assert f"fastmlp: {tmp_path}/study.sqlite: file is not a database" in capsys.readouterr().err


def test_a_full_disk_gives_3(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("study.sqlite: database or disk is full")

    monkeypatch.setattr("fastmlp.study.store.Store.begin", full)
    assert main(["study", str(finished / "study.toml"), "--out", str(finished), "--backend", "numpy"]) == 3
    assert capsys.readouterr().err == "fastmlp: study.sqlite: database or disk is full\n"


def test_status_is_one_line_or_one_json_object(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(finished)]) == 0
    assert capsys.readouterr().out == "small: 16 trials: 16 ok, 0 diverged, 0 failed, 0 missing\n"
    assert main(["status", str(finished), "--json"]) == 0
    state = json.loads(capsys.readouterr().out)
    assert list(state) == [
        "folder", "name", "planned", "ok", "diverged", "failed", "missing", "running", "started", "finished", "backend",
        "dashboard", "workers", "shard", "resume",
    ]  # fmt: skip
    assert (state["planned"], state["ok"], state["running"]) == (16, 16, None)


def test_status_of_a_study_that_has_just_been_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(tmp_path):
        assert main(["status", str(tmp_path)]) == 0
        assert main(["report", str(tmp_path)]) == 3
    data, said = capsys.readouterr()
    assert data.startswith("no plan yet: 0 trials")
    assert f"running: process {os.getpid()} on" in data
    assert said == f"fastmlp: {tmp_path}: the study there has no plan yet\n"


def test_export_writes_the_table(finished: Path, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    assert main(["export", str(finished), "--format", "csv"]) == 0
    text = capfdbinary.readouterr().out
    assert text == (finished / "results.csv").read_bytes()
    assert len(list(csv.DictReader(io.StringIO(text.decode())))) == 16
    assert main(["export", str(finished), "-f", "jsonl", "-o", str(tmp_path / "t.jsonl")]) == 0
    assert capfdbinary.readouterr().out == b""
    assert len((tmp_path / "t.jsonl").read_text().splitlines()) == 16


def test_a_place_that_cannot_be_written_is_wrong_usage(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for place, wrong in (
        (tmp_path / "none" / "t.csv", f"{tmp_path}/none: cannot be written to: No such file or directory"),
        (tmp_path, f"{tmp_path}: is a folder; a file is needed"),
    ):
        assert main(["export", str(finished), "-f", "csv", "-o", str(place)]) == 2
        assert capsys.readouterr().err == f"fastmlp: {wrong}\n"


def test_help_names_every_shipped_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "--help"]) == 0
    *names, last = shipped()
    assert f"The shipped studies are {', '.join(names)} and {last}." in " ".join(capsys.readouterr().out.split())


def test_report_says_what_it_wrote(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(finished)]) == 0
    assert capsys.readouterr().out == f"{finished}/report.html\n{finished}/report.md\n"


def test_diff_is_read_on_a_terminal_and_as_markdown(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(finished, other)
    with closing(sqlite3.connect(other / "study.sqlite")) as store, store:
        store.execute("UPDATE records SET accuracy = accuracy - 0.1 - 0.001 * (rowid % 3)")
    assert main(["diff", str(finished), str(other)]) == 0
    text, said = capsys.readouterr()
    assert said == ""
    assert text.startswith("## The studies small and small\n")
    assert "Their settings are the same." in text
    assert max(map(len, text.replace("|", "").splitlines())) < 400, "lines of a table, and sentences"
    page = html_of_markdown(text)
    assert page.count("<table>") == 1
    assert page.count("<tr>") == 1 + 8
    assert re.search(r"<code>finetune</code></td>\s*<td[^>]*>20</td>\s*<td[^>]*>\+10\.\d</td>", page)


def test_diff_with_itself_finds_nothing_and_without_a_study_gives_3(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(finished), str(tmp_path)]) == 3
    assert main(["diff", str(finished), str(finished)]) == 0
    text = capsys.readouterr().out
    assert "All 8 cells" in text
    assert "|" not in text


def test_doctor_says_what_a_study_would_run_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if len(line.split()) > 1)
    assert facts["fastmlp"] == fastmlp.__version__
    assert {"python", "numpy", "numba", "processor", "vectors", "backend"} <= facts.keys()


def test_doctor_says_of_kernels_that_were_never_run_that_they_were_not(monkeypatch: pytest.MonkeyPatch) -> None:
    fallback = pytest.importorskip("fastmlp.backends.fallback", reason="the compiled backend needs numba")
    monkeypatch.setattr(fallback, "_tile", fallback.Tile("NEON", 16, 4, 4, 4))
    monkeypatch.setattr(doctor, "backward", lambda *_, **__: None)  # or kernels would be compiled for it, and kept
    assert doctor.kernels().startswith("NEON, 16 bytes a vector, tiles of 4 x 4 vectors; their authors never saw them")


def test_where_there_is_no_posix_a_study_says_where_it_runs() -> None:
    code = "import sys; sys.modules['fcntl'] = None; from fastmlp.cli import main; sys.exit(main(['study', 'lab']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == "fastmlp: fcntl cannot be imported; studies run on Linux and macOS; on Windows, within WSL\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Usage: fastmlp {command}" in text
    assert len(text.split()) > 20
    assert main(["--help"]) == 0
    assert re.search(rf"^  {command} +\S+ [^.]+\.$", capsys.readouterr().out, re.MULTILINE), "a whole sentence"


def test_help_is_there_at_once() -> None:
    seconds = []
    for _ in range(3):
        before = getrusage(RUSAGE_CHILDREN)
        done = run("--help")
        after = getrusage(RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0
    assert "The usual way:" in done.stdout
    assert min(seconds) < 0.6, "0.15 s of CPU on a quiet machine"


def test_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    codes = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    assert codes - {exit_codes.SIGNALLED} <= exit_codes.MEANINGS.keys()
    for words in (["--help"], ["study", "--help"]):
        assert main(words) == 0
        listed = re.findall(r"^ +(\d+) +\S", capsys.readouterr().out.partition("Exit codes:\n")[2], re.MULTILINE)
        assert [int(code) for code in listed] == sorted(exit_codes.MEANINGS)


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from fastmlp.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numba", "sklearn", "scipy", "matplotlib", "jinja2", "msgspec", "sqlite3"} & set(done.stderr.split())


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"fastmlp {fastmlp.__version__}\n"


def test_a_reader_that_goes_away_is_no_error(finished: Path) -> None:
    words = f"{sys.executable} -m fastmlp export {finished} --format csv | head -n 1"
    done = subprocess.run(words, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("problem,")
    assert done.stderr == ""


def test_a_terminal_that_knows_only_ascii_is_no_error(tmp_path: Path) -> None:
    path = settings_file(tmp_path, {"name": "größe ✓"})
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    out = str(tmp_path / "größe")
    refused = run("study", str(tmp_path / "grö.toml"), **ascii_only)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert re.search(r"gr\S+\.toml: cannot be read", refused.stderr)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "render_report", lambda *_: None)
        fastmlp.run_study(path, out, backend="numpy")
    done = run("status", out, **ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 16 trials: 16 ok" in done.stdout


def test_progress_off_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter()
    meter(Progress(20_560, 2))
    meter.spoken -= progress.SECONDS + 1
    meter(Progress(20_560, 10_005, diverged=1))
    meter(Progress(20_560, 20_560, failed=2))
    meter.close()
    assert capsys.readouterr().err.splitlines() == [
        "10,005 of 20,560 trials, 1 diverged, 0 failed",
        "20,560 of 20,560 trials, 0 diverged, 2 failed",
    ]


def ended_well(trials: int, worker: str) -> Outcome:
    return Outcome(records=[("key", "ok")] * trials, worker=worker)


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> float:
    """The scheduler's clock stands still, so that rates are exact."""
    now = monotonic()
    monkeypatch.setattr(scheduler, "monotonic", lambda: now)
    return now


def test_progress_tells_rate_and_time_left_and_what_each_worker_does(
    stopped_clock: float, capsys: pytest.CaptureFixture[str]
) -> None:
    meter, state = Meter(), Progress(1000, 100, started=stopped_clock - 10)
    meter.spoken -= progress.SECONDS + 1
    state.count(ended_well(300, "a"))
    state.count(ended_well(100, "b"))
    meter(state)
    said = capsys.readouterr().err
    assert said == (
        "500 of 1000 trials, 0 diverged, 0 failed; 40.0 a second (2 workers, 10.0 to 30.0 each), 12 s left\n"
    )


def test_status_shows_the_workers_while_they_work(
    stopped_clock: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = Progress(10, 0, started=stopped_clock - 2)
    state.count(ended_well(4, "process 7"))
    with Store.open(tmp_path) as store:
        store.begin(made_up_plan(), {"settings": 'name = "made up"'})
        note_workers(store, state, "http://here:8787")
        assert main(["status", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "\n  process 7: 4 trials, 2.0 a second\n  dashboard: http://here:8787\n" in said
    assert main(["status", str(tmp_path)]) == 0
    assert "process 7" not in capsys.readouterr().out, "nobody is at work"


@pytest.mark.parametrize(("terminal", "drawn"), [("xterm", True), ("dumb", False)])
def test_progress_on_a_terminal_is_a_bar_without_colours(*, terminal: str, drawn: bool) -> None:
    code = (
        "from fastmlp.cli.progress import Meter; from fastmlp.study.execution.scheduler import Progress\n"
        "meter = Meter(); meter(Progress(10, 0)); meter(Progress(10, 4)); meter(Progress(10, 10)); meter.close()"
    )
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": terminal, "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert ("####" in said) == drawn
    assert ("4/10" in said) == drawn
    assert not re.search(r"\x1b\[\d*(;\d+)*m", said), "no colours"


def test_warnings_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def warn() -> list[tuple[str, str]]:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("something is slow", RuntimeWarning, stacklevel=1)
        return []

    monkeypatch.setattr("fastmlp.study.doctor.examine", warn)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().err == "fastmlp: something is slow\n"

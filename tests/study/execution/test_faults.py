"""Kills, signals and a second study, on real processes."""

from __future__ import annotations

import random
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import StoreError
from fastmlp.report import render
from fastmlp.study.execution.scheduler import GRACE_SECONDS
from fastmlp.study.settings.load import from_dict, to_toml
from fastmlp.study.store.reader import reading
from tests.made_up_study import SMALL, with_grid, without_seconds
from tests.processes import hearing_interrupts

from .started_cluster import StartedCluster
from .warm_study import WarmStudy

ROOT = Path(__file__).parents[3]
PACED = with_grid(SMALL, seeds=12) | {"training": {"epochs": 60}}  # about a second of work
LONG = with_grid(PACED, seeds=300)
# In each group, a trial that a measure makes long, and a training that takes longer than a stop may
THEN_ENDLESS = with_grid(SMALL, strategies=["baseline", "scratch"], sizes=[20]) | {"training": {"epochs": 200_000}}
PAUSE = """
from time import sleep

def pause(probabilities, y):
    sleep(0.6)
"""
WITHOUT_END = """
from pathlib import Path
from time import sleep

def without_end(probabilities, y):
    Path({marker!r}).touch()
    sleep(600)
"""
COMES_SECONDS = 0.3  # after the first trial, until the second is under way
STOP_SECONDS = 5.0  # that a user waits after Ctrl-C, at most
# The report has tests of its own; here it would take longer than the study.
DRIVER = """
import sys
from fastmlp.report import render
render.render_report = lambda data, out: [(out / name).write_text("stub") for name in ("report.html", "report.md")]
from fastmlp.cli import main
sys.exit(main())
"""

Start = Callable[..., "subprocess.Popen[str]"]
StartWarm = Callable[..., WarmStudy]


def words_of(settings: dict[str, Any], file: Path, out: Path, *options: str) -> list[str]:
    """Return the arguments of a study on settings, which are written into a file."""
    file.write_text(to_toml(from_dict(settings), file.parent), encoding="utf-8")
    return ["study", str(file), "--out", str(out), "--backend", "numpy", *options]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `fastmlp study` on settings, in a process of its own."""
    started = []

    def begin(settings: dict[str, Any], out: Path, *options: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", DRIVER, *words_of(settings, tmp_path / "settings.toml", out, *options)]
        with hearing_interrupts():
            process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[StartWarm]:
    """Start `fastmlp study` as `start` does, warm."""
    started = []

    def begin(
        settings: dict[str, Any], out: Path, *options: str, grace: float = GRACE_SECONDS, workers: int = 0
    ) -> WarmStudy:
        words = words_of(settings, tmp_path / "settings.toml", out, *options)
        started.append(WarmStudy(words, tmp_path / "said.txt", grace, workers))
        return started[-1]

    yield begin
    for study in started:
        study.kill()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Dask scheduler with two workers, who go on when a study of theirs is stopped."""
    started = StartedCluster(tmp_path_factory.mktemp("cluster"))
    started.scheduler()
    for _ in range(2):
        started.worker()
    yield started.address
    started.stop()


@pytest.fixture(params=["threads", "processes", pytest.param("dask", marks=pytest.mark.cluster)])
def where(request: pytest.FixtureRequest) -> tuple[tuple[str, ...], int]:
    """Where trials run: options, and how many worker processes of its own a study has."""
    if request.param == "dask":
        return ("--dask", request.getfixturevalue("cluster")), 0
    return ("--jobs", "2"), 2 if request.param == "processes" else 0


def done(out: Path) -> int:
    """How many trials have a record; -1 before there is a plan."""
    try:
        with reading(out) as reader:
            counts = reader.counts()
    except StoreError:
        return -1
    return counts["ok"] if sum(counts.values()) else -1


def errors(out: Path) -> list[str]:
    """Why trials have failed."""
    with reading(out) as reader:
        return [row["error"] for row in reader.rows(["error"]) if row["error"]]


def wait_for(condition: Callable[[], bool], study: WarmStudy | None = None, seconds: float = 600) -> None:
    """Wait until something is so, as long as a study runs."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not come so far"
        assert study is None or study.runs, study.said
        sleep(0.02)


def test_killed_at_random_and_started_again_a_study_does_what_is_missing(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, out, seen = random.Random(20261121), tmp_path / "out", [0]
    for jobs in ("1", "2", "2"):
        process = start(PACED, out, "--jobs", jobs)
        wait_for(lambda: done(out) >= seen[-1])
        sleep(chance.uniform(0, 0.3))
        process.kill()
        process.wait()
        seen.append(done(out))
    assert seen == sorted(seen), "what is committed stays"
    assert seen[-1] < 96, "the kills came while there was work to do"
    assert start(PACED, out).wait(60) == 0
    monkeypatch.setattr(render, "render_report", lambda *_: None)
    whole = fastmlp.run_study(PACED, tmp_path / "whole", backend="numpy", jobs=1)
    assert without_seconds(out / "results.csv") == without_seconds(whole.table)


def test_killed_at_any_statement_a_study_does_what_is_missing() -> None:
    words = [sys.executable, "-m", "tests.study.execution.kill_at_every_statement"]
    finished = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert finished.returncode == 0, finished.stderr
    assert int(finished.stdout) > 30


def resume(out: Path) -> str:
    return f"to resume: fastmlp study {out}/study.toml --out {out} --backend numpy"


def test_a_signal_stops_a_study_which_says_how_to_resume(
    where: tuple[tuple[str, ...], int], warm: StartWarm, tmp_path: Path
) -> None:
    (options, workers), out = where, tmp_path / "out"
    study = warm(with_grid(PACED, seeds=100), out, *options, workers=workers)
    wait_for(lambda: done(out) > 0, study)
    asked = monotonic()
    study.send_signal(signal.SIGINT)
    assert study.wait(20) == 130, study.said
    assert monotonic() - asked < STOP_SECONDS
    assert "stopped by SIGINT; what is finished is kept" in study.said
    assert resume(out) in study.said
    assert "Traceback" not in study.said
    assert 0 < done(out) < 800
    assert errors(out) == []


# As few workers as can be, for all of them train on and on.
FEW = [
    pytest.param(("--jobs", "1"), 0, id="threads"),
    pytest.param(("--jobs", "2"), 2, id="processes"),
    pytest.param(("--dask", "local:1"), 0, id="dask", marks=pytest.mark.cluster),
]


@pytest.mark.parametrize(("options", "workers"), FEW)
def test_a_signal_does_not_wait_for_a_training_without_end(
    options: tuple[str, ...], workers: int, warm: StartWarm, tmp_path: Path
) -> None:
    out, code, groups, grace = tmp_path / "out", tmp_path / "mine.py", max(1, workers), 0.5
    code.write_text(PAUSE, encoding="utf-8")
    settings = with_grid(THEN_ENDLESS, seeds=groups) | {"measures": {"pause": f"{code}:pause"}}
    study = warm(settings, out, *options, "--trust-code", grace=grace, workers=workers)
    wait_for(lambda: done(out) == groups, study)
    sleep(COMES_SECONDS)
    asked = monotonic()
    study.send_signal(signal.SIGTERM)
    assert study.wait(20) == 143, study.said
    assert monotonic() - asked < STOP_SECONDS - GRACE_SECONDS + grace
    assert "stopped by SIGTERM; what is finished is kept" in study.said
    assert f"{resume(out)} --trust-code" in study.said
    assert "Traceback" not in study.said
    assert done(out) == groups
    assert errors(out) == []


def test_a_second_signal_ends_a_study_at_once(warm: StartWarm, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, under_way = tmp_path / "measures.py", tmp_path / "under way"
    code.write_text(WITHOUT_END.format(marker=str(under_way)), encoding="utf-8")
    settings = THEN_ENDLESS | {"measures": {"without_end": f"{code}:without_end"}}
    study = warm(settings, out, "--trust-code", grace=30.0)  # or a busy machine ends it before the second signal comes
    wait_for(under_way.exists, study)  # between two trials a study ends with the first signal
    study.send_signal(signal.SIGINT)
    told = "stopping: running trials finish first; another signal stops them at once\n"
    wait_for(lambda: told in study.said, study)
    asked = monotonic()
    study.send_signal(signal.SIGINT)
    assert study.wait(10) == -signal.SIGINT, "the system's own way, after which a shell says 130"
    assert monotonic() - asked < 2
    assert done(out) == 0, "no trial had ended"


@pytest.mark.usefixtures("markdown_alone")
def test_while_a_study_runs_others_can_read_and_nobody_can_write(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    first = start(LONG, out)
    wait_for(lambda: done(out) > 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    second = start(LONG, out)
    _, said = second.communicate(timeout=10)
    assert second.returncode == 3
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used < 1, "seconds, however busy the machine is"
    assert re.search(rf"{out}: another study is running here: process {first.pid} on \S+\n", said)
    assert main(["status", str(out)]) == 0
    assert f"running: process {first.pid} on" in capsys.readouterr().out
    assert main(["report", str(out)]) == 0
    assert "missing" in (out / "report.md").read_text(encoding="utf-8")
    assert first.poll() is None, "the first goes on"
    before = done(out)
    wait_for(lambda: done(out) > before)


def test_a_closed_terminal_does_not_stop_a_study(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(PACED, out)
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()
    assert process.wait(60) == 141, "what the shell says of a broken pipe"
    assert done(out) == 96
    assert (out / "report.md").exists()

"""Kills, signals and a second study, on real processes."""

from __future__ import annotations

import random
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

import fastmlp
from fastmlp.cli import main
from fastmlp.errors import StoreError
from fastmlp.report import render
from fastmlp.study.settings.load import from_dict, to_toml
from fastmlp.study.store.reader import reading
from tests.made_up_study import SMALL, with_grid, without_seconds
from tests.processes import hearing_interrupts

ROOT = Path(__file__).parents[3]
PACED = with_grid(SMALL, seeds=12) | {"training": {"epochs": 60}}  # about a second of work
LONG = with_grid(PACED, seeds=300)
ENDLESS = SMALL | {"training": {"epochs": 200_000}}  # one training takes longer than a stop may
# Each worker comes to a training without end after short trials, of which a process hands back half a second's.
THEN_ENDLESS = with_grid(ENDLESS, strategies=["baseline", "scratch"])
QUIET_SECONDS = 1.0  # without an outcome, after which all workers are at such a training
# The report has tests of its own; here it would take longer than the study.
DRIVER = """
import sys
from fastmlp.report import render
render.render_report = lambda data, out: [(out / name).write_text("stub") for name in ("report.html", "report.md")]
from fastmlp.cli import main
sys.exit(main())
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `fastmlp study` on settings, in a process of its own."""
    started = []

    def begin(settings: dict[str, Any], out: Path, *options: str) -> subprocess.Popen[str]:
        path = tmp_path / "settings.toml"
        path.write_text(to_toml(from_dict(settings)), encoding="utf-8")
        words = [sys.executable, "-c", DRIVER, "study", str(path), "--out", str(out), "--backend", "numpy", *options]
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


def at_work(out: Path) -> bool:
    """Whether trials run, or are about to."""
    with suppress(StoreError), reading(out) as reader:
        return "started" in reader.meta()
    return False


def wait_for(condition: Callable[[], bool], seconds: float = 600) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not come so far"
        sleep(0.02)


def not_for(seconds: float, value: Callable[[], int]) -> bool:
    """Whether a value does not change for so long."""
    before, end = value(), monotonic() + seconds
    while monotonic() < end:
        sleep(0.05)
        if value() != before:
            return False
    return True


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


# Where trials run: options, the number of trials that makes it so; see `executors.MIN_TRIALS_FOR_PROCESSES`.
EXECUTORS = [
    pytest.param((), 1600, id="threads"),
    pytest.param((), 2400, id="processes"),
    pytest.param(("--dask", "local:2"), 2400, id="dask", marks=pytest.mark.cluster),
]


def resume(out: Path) -> str:
    return f"to resume: fastmlp study {out}/study.toml --out {out} --backend numpy"


@pytest.mark.parametrize(("options", "trials"), EXECUTORS)
def test_a_signal_stops_a_study_which_says_how_to_resume(
    options: tuple[str, ...], trials: int, start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(with_grid(PACED, seeds=trials // 8), out, *options)
    wait_for(lambda: done(out) > 0)
    asked = monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert monotonic() - asked < 5
    assert "stopped by SIGINT; what is finished is kept" in said
    assert resume(out) in said
    assert "Traceback" not in said
    assert 0 < done(out) < trials
    assert errors(out) == []


# As few workers as can be, for all of them train on and on; options, and how many short trials each does before.
FEW = [
    pytest.param(("--jobs", "1"), 1, id="threads"),
    pytest.param(("--jobs", "2"), 100, id="processes"),
    pytest.param(("--dask", "local:1"), 100, id="dask", marks=pytest.mark.cluster),
]


@pytest.mark.parametrize(("options", "short"), FEW)
def test_a_signal_does_not_wait_for_a_training_without_end(
    options: tuple[str, ...], short: int, start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(with_grid(THEN_ENDLESS, sizes=list(range(20, 20 + short)), seeds=12), out, *options)
    wait_for(lambda: done(out) > 0)
    wait_for(lambda: not_for(QUIET_SECONDS, lambda: done(out)))
    asked, before = monotonic(), done(out)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 143, said
    assert monotonic() - asked < 5
    assert "stopped by SIGTERM; what is finished is kept" in said
    assert resume(out) in said
    assert "Traceback" not in said
    assert done(out) >= before
    assert errors(out) == []


def test_a_second_signal_ends_a_study_at_once(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(ENDLESS, out)
    wait_for(lambda: at_work(out))
    sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")  # on a busy machine, how far it is stands before
    assert "stopping: running trials finish first; another signal stops them at once\n" in said
    asked = monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == -signal.SIGINT, "the system's own way, after which a shell says 130"
    assert monotonic() - asked < 2
    assert done(out) <= 4, "what had ended, which is no training"


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

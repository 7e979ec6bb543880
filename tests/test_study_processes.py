"""Processes do what threads would have done; what is killed is told, and nothing outlives the study."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

import fastmlp
from fastmlp.report import render
from fastmlp.study import processes
from fastmlp.study.processes import ProcessEndedError, Processes, shared_out
from fastmlp.study.runner import run_missing
from fastmlp.study.stopping import Stop
from fastmlp.study.store import Store
from fastmlp.study.store.reader import reading
from fastmlp.study.store.records import Group, Outcome, Record

from .made_up_study import SMALL, begin, made_up_plan, made_up_work, without_seconds
from .processes import alive, gone

PLAN = made_up_plan(strategies=("scratch", "frozen", "finetune"), seeds=6)
GROUP = Group("p", 0, "p-0", pretraining_missing=True, trials=tuple(PLAN[::6]))


def never() -> bool:
    return False


def work_that_ends(group: Group, stopped: Callable[[], bool]) -> Outcome:
    """Die as the system kills, on one seed only and at the first try only."""
    mark = Path(os.environ["FASTMLP_TEST_MARK"])
    if group.seed == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return made_up_work(group, stopped)


def work_that_raises(group: Group, stopped: Callable[[], bool]) -> Outcome:
    """Raise what does not survive a pickle."""
    sys.stdout.write("said on the way\n")
    raise fastmlp.errors.UnknownName("thing", "x", ["y"])


def work_until_stopped(group: Group, stopped: Callable[[], bool]) -> Outcome:
    """One trial a tick, for ever."""
    done = 0
    while not stopped():
        done += 1
        sleep(0.01)
    return Outcome(None, made_up_work(group, never).records[:1])


def work_for_ever(group: Group, stopped: Callable[[], bool]) -> Outcome:
    """Hear nothing; say who does not."""
    Path(os.environ["FASTMLP_TEST_MARK"]).write_text(str(os.getpid()), encoding="utf-8")
    sleep(600)
    return Outcome(None, [])


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTMLP_TEST_MARK", str(tmp_path / "mark"))
    monkeypatch.setattr(processes, "WORTH_PROCESSES", 0)
    return tmp_path / "mark"


def test_a_study_in_processes_has_the_same_table(tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "render_report", lambda *_: None)
    apart = fastmlp.run_study(SMALL, tmp_path / "apart", backend="numpy", jobs=2)
    together = fastmlp.run_study(SMALL, tmp_path / "together", backend="numpy", jobs=1)
    assert without_seconds(apart.table) == without_seconds(together.table)


def test_a_short_study_starts_no_process() -> None:
    with shared_out(made_up_work, jobs=2, trials=10) as work:
        assert work is made_up_work


@pytest.fixture
def apart() -> Iterator[Callable[..., Outcome]]:
    """Have one group done in a process, by any work."""
    started: list[Processes] = []

    def do(work: Callable[..., Outcome], stopped: Callable[[], bool] = never) -> Outcome:
        started.append(Processes(work))
        return started[-1](GROUP, stopped)

    yield do
    for each in started:
        with each:
            pass
        assert all(gone(process.process.pid) for process in each.started)


def test_an_error_comes_back_as_failed_trials_and_prints_disturb_nothing(apart: Callable[..., Outcome]) -> None:
    outcome = apart(work_that_raises)
    assert [record["status"] for record in outcome.records] == ["failed"] * 3
    assert outcome.records[0]["error"].startswith("UnknownName: unknown thing 'x' (known: y) (test_study_processes.py:")


def test_a_stop_is_heard_between_two_trials(apart: Callable[..., Outcome]) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    assert len(apart(work_until_stopped, stop.is_set).records) == 1
    timer.join()


@pytest.mark.parametrize(
    ("answer", "then", "code"),
    [
        pytest.param(r"\xff", "time.sleep(600)", -9, id="no pickle"),
        pytest.param(r"cnowhere\nat_all\n.", "time.sleep(600)", -9, id="a pickle of nothing here"),
        pytest.param(r"\x80\x05", "sys.exit(3)", 3, id="half a pickle"),
        pytest.param("", "sys.exit(3)", 3, id="nothing"),
    ],
)
def test_an_answer_that_is_none_is_told_whether_its_process_ends_or_lives_on(
    apart: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, answer: str, then: str, code: int
) -> None:
    start = f"import sys, time; sys.stdout.buffer.write(b'{answer}'); sys.stdout.flush(); {then}"
    monkeypatch.setattr(processes, "START", start)
    monkeypatch.setattr(processes, "ENDING", 10.0 if code == 3 else 0.01)
    with pytest.raises(ProcessEndedError, match=f"ended at work, with code {code}$"):
        apart(made_up_work)


def test_a_process_that_is_killed_fails_its_group_alone_and_the_next_run_does_it(tmp_path: Path, mark: Path) -> None:
    def run() -> list[Record]:
        with Store.open(tmp_path) as store:
            begin(store, PLAN)
            with shared_out(work_that_ends, 2, len(PLAN)) as work:
                run_missing(store, work, 2, Stop())
        with reading(tmp_path) as reader:
            return list(reader.rows())

    first, second = run(), run()
    failed = [row for row in first if row["status"] == "failed"]
    assert {row["seed"] for row in failed} == {3}
    assert "ended at work, with code -9" in failed[0]["error"]
    assert all(row["status"] == "ok" for row in second)


def test_a_process_ends_with_a_study_that_is_killed(mark: Path) -> None:
    code = (
        "from tests.test_study_processes import *; "
        "Processes(work_for_ever)(GROUP, never)"
    )  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1]) as study:
        end = monotonic() + 30
        while not (mark.exists() and mark.read_text(encoding="utf-8")) and monotonic() < end:
            sleep(0.02)
        worker = int(mark.read_text(encoding="utf-8"))
        assert alive(worker)
        study.kill()
    assert gone(worker)


def test_what_hears_no_stop_is_ended_with_the_block(mark: Path) -> None:
    with Processes(work_for_ever) as work:
        asked: list[BaseException] = []

        def ask() -> None:
            with pytest.raises(ProcessEndedError) as told:
                work(GROUP, never)
            asked.append(told.value)

        thread = threading.Thread(target=ask)
        thread.start()
        while not (mark.exists() and mark.read_text(encoding="utf-8")):
            sleep(0.02)
    thread.join(10)
    assert asked
    assert gone(int(mark.read_text(encoding="utf-8")))
